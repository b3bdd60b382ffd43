import { type Action, splitName, type StatementClass } from '@sqlwarden/core';
import type { Act } from '../index-files/act.js';
import { LedgerError } from '../ledger-error.js';
import { readEntries, readEntry } from '../read.js';
import type { StatementAccount } from './account.js';
import { Accounts, readAccount } from './accounts.js';
import { isIdentity, isRun } from './identity-names.js';
import { ReadContexts } from './read-context.js';
import type { Selection } from './selection.js';
import { isNamed, mayTouchAnything, type NameQuestion, touchOfColumn, touchOfRelation } from './touches.js';
import { type IndexUse, newIndexUse, type QueryOptions, UnitSource } from './unit-source.js';

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
  /** A training run, job or conversation, without regard to case. */
  readonly run?: string;
  /** The statement's shape, or the beginning of its hash. */
  readonly fingerprint?: string;
  /** Whether its facts say that something could not be seen through. */
  readonly opaque?: boolean;
  /** Part of the statement's text, without regard to case; texts that were erased do not match. */
  readonly text?: string;
  /** First and last moment, in milliseconds since the epoch. */
  readonly from?: number;
  readonly to?: number;
}

export interface SearchOptions extends QueryOptions {
  /** Ends after so many units, the oldest ones. */
  readonly limit?: number;
  /** Only so many units, the newest ones. Not with `limit`. */
  readonly newest?: number;
  /** Filled in while units are read. */
  readonly use?: IndexUse;
}

/**
 * Units that match, oldest first, each with what came of it. Reads the log once, in order, and of segments that have an index only what may match.
 * Units whose facts could not be seen through, or were erased, do not match a name. Throws a {@link LedgerError} as `readEntries` does, and a
 * `SyntaxError` for a malformed name.
 */
export async function* search(
  directory: string,
  filter: SearchFilter,
  { limit = Number.POSITIVE_INFINITY, newest, use = newIndexUse(), ...options }: SearchOptions = {},
): AsyncGenerator<StatementAccount, void, undefined> {
  if (newest !== undefined) {
    yield* await newestOf(directory, filter, newest, { use, ...options });
    return;
  }
  let found = 0;
  for await (const account of matches(directory, filter, use, options)) {
    yield account;
    found += 1;
    if (found >= limit) return;
  }
}

async function newestOf(
  directory: string,
  filter: SearchFilter,
  newest: number,
  { use = newIndexUse(), ...options }: SearchOptions,
): Promise<readonly StatementAccount[]> {
  const kept: StatementAccount[] = [];
  for await (const account of matches(directory, filter, use, options)) {
    kept.push(account);
    if (kept.length > 2 * newest) kept.splice(0, kept.length - newest);
  }
  return kept.slice(-newest);
}

async function* matches(
  directory: string,
  filter: SearchFilter,
  use: IndexUse,
  options: QueryOptions,
): AsyncGenerator<StatementAccount, void, undefined> {
  const accounts = new Accounts(matcher(filter));
  const source = new UnitSource(directory, selectionOf(filter), accounts, use);
  for await (const { entry, context } of source.read(options)) yield* accounts.add(entry, context);
  yield* accounts.end();
}

/**
 * One unit by the entry of its intent, refusal, outcome or completion, or by one that names it. Throws a {@link LedgerError} (`not-found`) when
 * that entry is of no unit.
 */
export async function accountOf(directory: string, seq: number, options: QueryOptions = {}): Promise<StatementAccount> {
  const wanted = await unitOf(directory, seq);
  const { event } = await readEntry(directory, wanted);
  if (event.type === 'statement.completed') return readAccount(event, await new ReadContexts(directory).of(event));
  if (event.type === 'statement.intent' || event.type === 'statement.refused') {
    const accounts = new Accounts((account) => account.seq === wanted);
    const source = new UnitSource(directory, { act: () => true, who: () => true, seq: wanted }, accounts);
    for await (const { entry, context } of source.read(options)) {
      for (const account of accounts.add(entry, context)) return account;
    }
    for (const account of accounts.end()) return account;
  }
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

type Test<T> = (value: T) => boolean;
/** What an act and an account both have. */
type ActPart = Omit<Act, 'unit' | 'withheld'>;

/** What a filter asks of an act: of the unit, but for who, when and its text. */
function actTests(filter: SearchFilter): readonly Test<ActPart>[] {
  const relation: NameQuestion | undefined = filter.relation === undefined ? undefined : splitName(filter.relation);
  const column: NameQuestion | undefined = filter.column === undefined ? undefined : splitName(filter.column);
  const tests: Test<ActPart>[] = [];
  const when = <T>(value: T | undefined, test: (value: T, act: ActPart) => boolean): void => {
    if (value !== undefined) tests.push((act) => test(value, act));
  };
  when(filter.upstream, (upstream, act) => act.upstream === upstream);
  when(filter.verdict, (verdict, act) => act.verdict === verdict);
  when(filter.rule, (rule, act) => act.rules.includes(rule));
  when(filter.label, (label, act) => act.labels.includes(label));
  when(filter.fingerprint, (fingerprint, act) => act.fingerprint.startsWith(fingerprint.toLowerCase()));
  when(filter.action, (action, { facts }) => facts.some((fact) => fact.action === action));
  when(filter.class, (kind, { facts }) => facts.some((fact) => fact.class === kind));
  when(filter.opaque, (opaque, act) => mayTouchAnything(act) === opaque);
  when(relation, (name, act) => touchOfRelation(name, act) !== undefined);
  when(column, (name, act) => touchOfColumn(name, act) !== undefined || isMasked(name, act));
  return tests;
}

/** Whether a unit matches: what {@link search} is compared with. */
export function matcher(filter: SearchFilter): Test<StatementAccount> {
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, session, identity, run } = filter;
  const text = filter.text?.toLowerCase();
  const acts = actTests(filter);
  return (account) =>
    account.time >= from &&
    account.time <= to &&
    (session === undefined || account.session === session) &&
    acts.every((test) => test(account)) &&
    (identity === undefined || isIdentity(identity, account.principal)) &&
    (run === undefined || isRun(run, account.principal)) &&
    (text === undefined || account.text?.toLowerCase().includes(text) === true);
}

function selectionOf(filter: SearchFilter): Selection {
  const { from, to, session } = filter;
  const acts = actTests(filter);
  const names = [filter.identity, filter.run].filter((name) => name !== undefined).map((name) => name.toLowerCase());
  return {
    act: (act) => acts.every((test) => test(act)),
    who: (known, own) => (session === undefined || own === session) && names.every((name) => known.includes(name)),
    from,
    to,
  };
}

/** Masks and labels name columns that the facts may only know through a view. */
function isMasked(column: NameQuestion, account: ActPart): boolean {
  return (
    account.masks.some(({ sources }) => sources.some((source) => isNamed(column, source, account))) ||
    account.protectedColumns.some((protectedColumn) => isNamed(column, protectedColumn.column, account))
  );
}
