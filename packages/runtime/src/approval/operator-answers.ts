import { isProven, type Principal, type Revocation } from '@sqlwarden/core';
import type { RevocationOrder } from '../revocation/revocations.js';
import { entryProblem } from '../revocation/revocations-file.js';
import type { UpkeepOrder, UpkeepResult } from '../ledger-upkeep.js';
import { type AdminAnswer, adminProblem } from './admin-answer.js';
import { readUpkeepOrder } from './upkeep-order.js';

/** What operators may have done to a running gateway. Methods throw when what they do cannot be recorded; nothing has happened then. */
export interface Operations {
  /** Groups of the configuration; empty: nobody is an operator. */
  readonly groups: readonly string[];
  revocations(): readonly Revocation[];
  revoke(order: RevocationOrder, by: Principal): Revocation;
  lift(id: string, by: Principal): Revocation | undefined;
  /** Ends a session; false when there is no such session here. */
  kill(session: string, by: Principal, reason: string | undefined): boolean;
  /** Reads policies and other files again. Rejects with an error that says what is wrong; everything is as it was then. */
  reload(): Promise<Reloaded>;
  /** Changes keys, erases values or removes what is old. Rejects with a `LedgerError`. */
  upkeep(order: UpkeepOrder, by: Principal): Promise<UpkeepResult>;
}

/** What holds after a reload. */
export interface Reloaded {
  /** Of the policies. */
  readonly digest: string;
  readonly changed: boolean;
}

export type OperatorRoute =
  | { readonly of: 'revoke' }
  | { readonly of: 'reload' }
  | { readonly of: 'upkeep' }
  | { readonly of: 'lift' | 'kill'; readonly id: string };

/** The operator's part of the interface: `by` was verified, and not yet found to be an operator. */
export async function answerOperator(
  route: OperatorRoute,
  body: unknown,
  by: Principal,
  operations: Operations,
  now: number,
): Promise<AdminAnswer> {
  const problem = operatorProblem(by, operations.groups, now);
  if (problem !== undefined) return adminProblem(403, 'not-an-operator', problem);
  switch (route.of) {
    case 'revoke': {
      const order = readOrder(body);
      if (typeof order === 'string') return adminProblem(400, 'bad-request', order);
      return { status: 200, body: { revocation: operations.revoke(order, by) } };
    }
    case 'lift': {
      const lifted = operations.lift(route.id, by);
      if (lifted !== undefined) return { status: 200, body: { revocation: lifted } };
      return adminProblem(
        404,
        'revocation-unknown',
        'nothing was revoked by command under this id; what a file revokes is taken out there',
      );
    }
    case 'kill': {
      const reason = readReason(body);
      if (reason === false)
        return adminProblem(400, 'bad-request', `the body may have "reason", a text of at most ${MAX_REASON} characters`);
      if (operations.kill(route.id, by, reason)) return { status: 200, body: { session: route.id } };
      return adminProblem(404, 'session-unknown', 'there is no such session; see sqlwarden sessions');
    }
    case 'upkeep': {
      const order = readUpkeepOrder(body);
      if (typeof order === 'string') return adminProblem(400, 'bad-request', order);
      try {
        return { status: 200, body: { upkeep: [await operations.upkeep(order, by)] } };
      } catch (error) {
        return adminProblem(409, 'upkeep-failed', (error as Error).message);
      }
    }
    case 'reload':
      try {
        return { status: 200, body: { reloaded: await operations.reload() } };
      } catch (error) {
        return adminProblem(409, 'reload-refused', `nothing was loaded: ${(error as Error).message}`);
      }
  }
}

/** Why somebody is no operator: a person in one of the groups, acting alone, with a token that proves it. */
function operatorProblem(by: Principal, groups: readonly string[], now: number): string | undefined {
  if (groups.length === 0) return 'nobody is an operator here; write admin: { operators: [<group>] } in the configuration';
  if (!(now < by.expiresAt)) return 'your token has expired; get a new one';
  if (by.actors.length > 0 || by.subject.kind !== 'person') return 'this is for people who act themselves; present a token of your own';
  const isMember = isProven(by, 'subject') && isProven(by, 'groups') && by.subject.groups.some((group) => groups.includes(group));
  return isMember ? undefined : `your token does not prove membership in one of: ${groups.join(', ')}`;
}

const MAX_REASON = 200;
const MAX_ID = 512;
const TEXTS: ReadonlyMap<string, number> = new Map([
  ['issuer', MAX_ID],
  ['subject', MAX_ID],
  ['agent', MAX_ID],
  ['tokenId', MAX_ID],
  ['reason', MAX_REASON],
]);
const TIMES: ReadonlySet<string> = new Set(['issuedBefore', 'until']);
const CONTROL = /[\p{Cc}\p{Cs}]/u;

/** Reads what is to be revoked; a string says what is wrong with it. */
function readOrder(body: unknown): RevocationOrder | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'the body must be an object';
  const fields = body as Readonly<Record<string, unknown>>;
  for (const [key, value] of Object.entries(fields)) {
    const longest = TEXTS.get(key);
    if (longest === undefined && !TIMES.has(key)) return `the body may have ${[...TEXTS.keys(), ...TIMES].join(', ')} only`;
    if (longest !== undefined && !isText(value, longest))
      return `"${key}" must be a text of 1 to ${longest} characters without control characters`;
    if (longest === undefined && !isTime(value)) return `"${key}" must be a time in milliseconds since the epoch`;
  }
  const order = fields as RevocationOrder;
  const { until: _, issuedBefore, ...rest } = order;
  const problem = entryProblem({ ...rest, ...(issuedBefore === undefined ? {} : { issuedBefore: new Date(issuedBefore).toISOString() }) });
  return problem === undefined ? order : `the body ${problem}`;
}

function readReason(body: unknown): string | undefined | false {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return false;
  const { reason, ...rest } = body as { readonly reason?: unknown };
  if (Object.keys(rest).length > 0) return false;
  if (reason === undefined) return undefined;
  return isText(reason, MAX_REASON) ? reason : false;
}

/** Of a `Date` (ECMAScript, "Time Values and Time Range"). */
function isTime(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= 8.64e15;
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longest && !CONTROL.test(value);
}
