import type { LedgerReading } from './read-log.js';
import type { Operation } from './load.js';

/** A row, or a table, that the server has. */
export interface Written {
  readonly key: string;
  /** When it was committed, in milliseconds since the epoch; `undefined` when the server does not say. */
  readonly committedAt: number | undefined;
}

/** States that an entry of something acknowledged may have: what came of it, or that nobody knows any more. */
const HONEST = new Set(['ok', 'unknown', 'lost']);
const HONEST_ENDS = new Set(['committed', 'unknown']);

/** What the ledger should say of all that clients asked for and the server did, and does not. */
export function compare(operations: readonly Operation[], written: readonly Written[], ledger: LedgerReading): string[] {
  const rows = new Map(written.map((row) => [row.key, row]));
  return [
    ...ledger.problems,
    ...written.flatMap((row) => problemsOfRow(row, ledger)),
    ...operations.flatMap((operation) => operation.keys.flatMap((key) => problemsOfKey(operation, key, rows.has(key), ledger))),
  ];
}

/** Whatever was written has exactly one intent, from before. */
function problemsOfRow({ key, committedAt }: Written, ledger: LedgerReading): string[] {
  const record = ledger.keys.get(key);
  const [intent] = record?.entries ?? [];
  if (intent === undefined || record === undefined) return [`${key} was written, but the ledger has no intent of it`];
  const problems: string[] = [];
  // Entries have whole milliseconds, rounded down.
  if (committedAt !== undefined && intent.time > committedAt) problems.push(`${key} was committed before its intent was written`);
  const end = record.ends[0] ?? 'missing';
  if (!HONEST_ENDS.has(end)) problems.push(`${key} was committed, but the ledger says ${end}`);
  return problems;
}

function problemsOfKey(operation: Operation, key: string, isThere: boolean, ledger: LedgerReading): string[] {
  const record = ledger.keys.get(key);
  const problems: string[] = [];
  const wanted = operation.kind === 'read' ? 'statement.completed' : 'statement.intent';
  const count = record?.entries.length ?? 0;
  if (count > 1) problems.push(`${key} has ${count} entries in place of one`);
  if (record?.entries.some(({ type }) => type !== wanted) === true) problems.push(`${key} is told by an entry that is no ${wanted}`);
  if (operation.failed) problems.push(`${key} was refused, or failed`);
  if (operation.kind !== 'read' && !isThere && record?.ends.includes('committed') === true)
    problems.push(`${key} is not there, but the ledger says that it was committed`);
  if (!operation.acknowledged) return problems;
  if (record === undefined || count === 0) return [...problems, `${key} was acknowledged, but the ledger has no entry of it`];
  if (operation.kind !== 'read' && !isThere) problems.push(`${key} was acknowledged, but is not there`);
  const state = record.states[0] ?? 'missing';
  if (!HONEST.has(state)) problems.push(`${key} was acknowledged, but the ledger says ${state}`);
  return problems;
}
