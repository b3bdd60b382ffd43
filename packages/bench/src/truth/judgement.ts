import type { ColumnName, OpaqueReason, OutputColumn, StatementFacts } from '@sqlwarden/core';
import type { DescribedColumn } from './truth-server.js';

/** What the facts of one statement that the server accepts are worth. */
export interface Judgement {
  /** Every name was resolved and nothing is opaque. */
  readonly understood: boolean;
  readonly reasons: readonly OpaqueReason[];
  /** Base columns that the server names behind an output and the facts do not. */
  readonly missing: readonly MissingOrigin[];
  /** The first way in which the header that the server describes is another: the number of columns, or the name of one. */
  readonly headerDifference: string | undefined;
  /** Base columns that the server named and the facts named as well. */
  readonly confirmed: number;
}

export interface MissingOrigin {
  /** Of the output, from 0. */
  readonly position: number;
  readonly column: ColumnName;
}

/** What the headers of a server mean. */
export interface HeaderRules {
  /** Names of columns are the same whatever the case of their letters is; facts have them in lower case. */
  readonly foldsNames: boolean;
  /** What RETURNING returns is described before it runs. */
  readonly describesReturning: boolean;
}

/** Judges the facts of a statement by the server's description of its result. Where the facts are opaque nothing can be missing. */
export function judge(facts: StatementFacts, described: readonly DescribedColumn[], rules: HeaderRules): Judgement {
  const { outputs } = facts;
  const understood = facts.opaque.length === 0 && outputs !== 'unknown';
  if (outputs === 'unknown') return { understood, reasons: facts.opaque, missing: [], headerDifference: undefined, confirmed: 0 };
  const told = outputs ?? [];
  const missing: MissingOrigin[] = [];
  let confirmed = 0;
  for (const [position, column] of described.entries()) {
    const output = told[position];
    for (const origin of column.origins) {
      if (output !== undefined && isNamed(output, origin)) confirmed += 1;
      else if (output?.opaque !== true) missing.push({ position, column: origin });
    }
  }
  return { understood, reasons: facts.opaque, missing, headerDifference: headerDifference(told, described, rules), confirmed };
}

function headerDifference(told: readonly OutputColumn[], described: readonly DescribedColumn[], rules: HeaderRules): string | undefined {
  if (described.length === 0 && !rules.describesReturning) return undefined;
  if (told.length !== described.length) return `${told.length} columns, the server has ${described.length}`;
  const same = (left: string, right: string): boolean => left === right || (rules.foldsNames && left.toLowerCase() === right.toLowerCase());
  const position = described.findIndex(({ name }, at) => !same(told[at]?.name ?? '', name));
  return position < 0 ? undefined : `column ${position} is ${told[position]?.name}, on the server ${described[position]?.name}`;
}

function isNamed(output: OutputColumn, origin: ColumnName): boolean {
  return output.origins.some(({ column }) => column === origin);
}
