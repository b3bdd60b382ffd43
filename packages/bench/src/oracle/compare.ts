import type { StatementSummary } from './summary.js';

/**
 * How an oracle differs: in the number of statements, the kind of one, relations that only we or only the oracle see, what is written, whether
 * UPDATE and DELETE have a condition.
 */
export type Difference = 'count' | 'kind' | 'only ours' | 'only theirs' | 'writes' | 'where';
export const DIFFERENCES: readonly Difference[] = ['count', 'kind', 'only ours', 'only theirs', 'writes', 'where'];

export interface Disagreement {
  readonly difference: Difference;
  /** For people, and for explanations that look at names. */
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
}

/** Every way in which two summaries of one unit differ. Where the counts differ, nothing else is comparable. */
export function compare(ours: readonly StatementSummary[], theirs: readonly StatementSummary[]): readonly Disagreement[] {
  if (ours.length !== theirs.length) return [{ difference: 'count', ours: kinds(ours), theirs: kinds(theirs) }];
  const found: Disagreement[] = [];
  const note = (difference: Difference, mine: readonly string[], other: readonly string[]): void => {
    if (mine.join('\0') !== other.join('\0')) found.push({ difference, ours: mine, theirs: other });
  };
  note('kind', kinds(ours), kinds(theirs));
  // Of what is neither query nor data modification the oracles list relations in ways of their own.
  if (kinds(ours).includes('other') || kinds(theirs).includes('other')) return found;
  const mine = relations(ours);
  const other = relations(theirs);
  note('only ours', without(mine, other), []);
  note('only theirs', [], without(other, mine));
  const writes = [written(ours), written(theirs)] as const;
  if (writes[0] !== undefined && writes[1] !== undefined) note('writes', writes[0], writes[1]);
  note('where', filters(ours), filters(theirs));
  return found;
}

function kinds(statements: readonly StatementSummary[]): readonly string[] {
  return statements.map(({ kind }) => kind);
}

function relations(statements: readonly StatementSummary[]): readonly string[] {
  return [...new Set(statements.flatMap((statement) => statement.relations))].sort();
}

function written(statements: readonly StatementSummary[]): readonly string[] | undefined {
  const found = new Set<string>();
  for (const { writes } of statements) {
    if (writes === undefined) return undefined;
    for (const name of writes) found.add(name);
  }
  return [...found].sort();
}

function filters(statements: readonly StatementSummary[]): readonly string[] {
  return statements.flatMap(({ hasWhere }) => (hasWhere === undefined ? [] : [hasWhere ? 'filtered' : 'unfiltered']));
}

function without(names: readonly string[], others: readonly string[]): readonly string[] {
  return names.filter((name) => !others.includes(name));
}
