import { isDeepStrictEqual } from 'node:util';
import type { UnitFacts } from '@sqlwarden/core';
import type { Case, StatementWant } from './case-file.js';
import { type StatementView, statementView, USUAL } from './statement-view.js';

/** What a text turned out to be. */
export type Found = { readonly refused: string } | { readonly facts: UnitFacts };

/** A statement's facts where they are not what was wanted; both sides in the short form. */
export interface Difference {
  readonly statement: number;
  readonly wanted: Partial<StatementView>;
  readonly found: Partial<StatementView>;
}

export type Judgement = { readonly kind: 'as wanted' } | { readonly kind: 'different'; readonly wanted: unknown; readonly found: unknown };

/** Compares what was found with what the case wants. `defaultSchema` is left out of names. */
export function judge({ want }: Case, found: Found, defaultSchema: string): Judgement {
  if ('refused' in found || 'refused' in want) {
    const shown = 'refused' in found ? { refused: found.refused } : { statements: found.facts.statements.length };
    return isDeepStrictEqual(want, shown) ? { kind: 'as wanted' } : { kind: 'different', wanted: want, found: shown };
  }
  const views = found.facts.statements.map((facts) => statementView(facts, defaultSchema));
  if (views.length !== want.statements.length) {
    return { kind: 'different', wanted: { statements: want.statements.length }, found: { statements: views } };
  }
  const differences = views.flatMap((view, at) => differencesOf(at, want.statements[at] ?? {}, view));
  if (differences.length === 0) return { kind: 'as wanted' };
  return { kind: 'different', wanted: differences.map(({ wanted }) => wanted), found: differences.map((difference) => difference.found) };
}

function differencesOf(statement: number, want: StatementWant, view: StatementView): Difference[] {
  const all: Partial<StatementView> = { ...USUAL, ...want };
  const keys = (Object.keys(all) as (keyof StatementView)[]).filter((key) => !isDeepStrictEqual(all[key], view[key]));
  if (keys.length === 0) return [];
  const only = (of: Partial<StatementView>): Partial<StatementView> => Object.fromEntries(keys.map((key) => [key, of[key]]));
  return [{ statement, wanted: only(all), found: only(view) }];
}
