import { type Action, parties, partyKey, type Principal, splitName, type StatementClass } from '@sqlwarden/core';
import { LedgerError } from '../ledger-error.js';
import { readEntries, readEntry } from '../read.js';
import type { StatementAccount } from './account.js';
import { Accounts, readUnits } from './accounts.js';
import { isNamed, type NameQuestion, touchOfColumn, touchOfRelation } from './touches.js';

/** What units to find; every field that is given must match. Names of people, agents and models are compared without regard to case. */
export interface SearchFilter {
  /** The subject or an actor, by id, name or `issuer#id`; a model; a service account, pod, conversation, job or training run. */
  readonly identity?: string;
  /** `table`, `schema.table`, `database.schema.table` or `upstream.…`. */
  readonly relation?: string;
  /** As `relation`, with the column behind it. */
  readonly column?: string;
  readonly label?: string;
  readonly verdict?: StatementAccount['verdict'];
  readonly rule?: string;
  readonly action?: Action;
  readonly class?: StatementClass;
  readonly upstream?: string;
  readonly session?: string;
  /** Part of the statement's text, without regard to case; texts that were erased do not match. */
  readonly text?: string;
  /** First and last moment, in milliseconds since the epoch. */
  readonly from?: number;
  readonly to?: number;
}

/**
 * Units that match, oldest first, each with what came of it. Reads the log once, in order. Units whose facts could not be seen through, or
 * were erased, do not match a name. Throws a {@link LedgerError} as `readEntries` does, and a `SyntaxError` for a malformed name.
 */
export async function* search(directory: string, filter: SearchFilter): AsyncGenerator<StatementAccount, void, undefined> {
  const accounts = new Accounts(matcher(filter));
  for await (const { entry, context } of readUnits(directory)) {
    if (filter.to !== undefined && entry.event.time > filter.to && isUnit(entry.event.type)) continue;
    yield* accounts.add(entry, context);
  }
  yield* accounts.end();
}

/**
 * One unit by the entry of its intent, refusal, outcome or completion, or by one that names it. Throws a {@link LedgerError} (`not-found`) when
 * that entry is of no unit.
 */
export async function accountOf(directory: string, seq: number): Promise<StatementAccount> {
  const wanted = await unitOf(directory, seq);
  const accounts = new Accounts((account) => account.seq === wanted);
  for await (const { entry, context } of readUnits(directory)) {
    for (const account of accounts.add(entry, context)) return account;
  }
  for (const account of accounts.end()) return account;
  throw new LedgerError('not-found', `entry ${seq} is not of a statement: look at it with "sqlwarden ledger show"`);
}

/** The first entry of the unit that an entry belongs to; the entry itself when it names none. */
async function unitOf(directory: string, seq: number): Promise<number> {
  const { event } = await readEntry(directory, seq);
  if (event.type === 'statement.outcome') return event.intent;
  if (event.type === 'security.finding' && event.read !== undefined) return entryOfRead(directory, seq, event.read);
  return event.type === 'schema.changed' || event.type === 'security.finding' ? (event.intent ?? seq) : seq;
}

/** The entry of a read, which is written when it is over: behind what was found while it ran. */
async function entryOfRead(directory: string, from: number, read: number): Promise<number> {
  for await (const { event } of readEntries(directory, { from })) {
    if (event.type === 'statement.completed' && event.read === read) return event.seq;
  }
  return from;
}

/** True when the query names somebody or something in the principal. */
export function isIdentity(query: string, principal: Principal): boolean {
  const wanted = query.toLowerCase();
  const names: (string | undefined)[] = parties(principal).flatMap((party) => [
    party.id,
    party.name,
    partyKey(party),
    `${party.issuer}#${party.id}`,
  ]);
  for (const { model, version } of principal.actors) names.push(model?.name, model?.digest, version);
  const { workload, run } = principal;
  names.push(
    workload?.serviceAccount,
    workload?.pod,
    workload?.podUid,
    workload?.spiffeId,
    workload?.imageDigest,
    run?.conversation,
    run?.trainingRun,
    run?.job,
  );
  return names.some((name) => name?.toLowerCase() === wanted);
}

function isUnit(type: string): boolean {
  return type === 'statement.intent' || type === 'statement.refused';
}

function matcher(filter: SearchFilter): (account: StatementAccount) => boolean {
  const relation: NameQuestion | undefined = filter.relation === undefined ? undefined : splitName(filter.relation);
  const column: NameQuestion | undefined = filter.column === undefined ? undefined : splitName(filter.column);
  const text = filter.text?.toLowerCase();
  const tests: ((account: StatementAccount) => boolean)[] = [];
  const when = <T>(value: T | undefined, test: (value: T, account: StatementAccount) => boolean): void => {
    if (value !== undefined) tests.push((account) => test(value, account));
  };
  when(filter.from, (from, { time }) => time >= from);
  when(filter.to, (to, { time }) => time <= to);
  when(filter.session, (session, account) => account.session === session);
  when(filter.upstream, (upstream, account) => account.upstream === upstream);
  when(filter.verdict, (verdict, account) => account.verdict === verdict);
  when(filter.rule, (rule, account) => account.rules.includes(rule));
  when(filter.label, (label, account) => account.labels.includes(label));
  when(filter.action, (action, { facts }) => facts.some((fact) => fact.action === action));
  when(filter.class, (kind, { facts }) => facts.some((fact) => fact.class === kind));
  when(filter.identity, (identity, { principal }) => isIdentity(identity, principal));
  when(relation, (name, account) => touchOfRelation(name, account) !== undefined);
  when(column, (name, account) => touchOfColumn(name, account) !== undefined || isMasked(name, account));
  when(text, (part, account) => account.text?.toLowerCase().includes(part) === true);
  return (account) => tests.every((test) => test(account));
}

/** Masks and labels name columns that the facts may only know through a view. */
function isMasked(column: NameQuestion, account: StatementAccount): boolean {
  return (
    account.masks.some(({ sources }) => sources.some((source) => isNamed(column, source, account))) ||
    account.protectedColumns.some((protectedColumn) => isNamed(column, protectedColumn.column, account))
  );
}
