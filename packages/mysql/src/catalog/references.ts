import { joinName } from '@sqlwarden/core';
import type { RelationName, ReferenceTo, ReferentialAction } from '@sqlwarden/core';
import { foldName, foldRelation, foldSchema, type Folding } from './names.js';
import { type Row, text } from './rows.js';

/** `REFERENTIAL_CONSTRAINTS.DELETE_RULE` and `UPDATE_RULE`. */
const ACTIONS: Readonly<Record<string, ReferentialAction>> = {
  'NO ACTION': 'restrict',
  RESTRICT: 'restrict',
  CASCADE: 'cascade',
  'SET NULL': 'set-null',
  'SET DEFAULT': 'set-default',
};

/** Rows of FOREIGN_KEYS_SQL: one for each column of a key. */
export function readReferences(rows: readonly Row[], folding: Folding): ReferenceTo[] {
  const keys = new Map<string, ReferenceTo>();
  for (const row of rows) {
    const relation = relationAt(row, 0, folding);
    const key = joinName(relation, text(row, 8));
    const earlier = keys.get(key)?.reference;
    keys.set(key, {
      to: relationAt(row, 3, folding),
      reference: {
        relation,
        columns: [...(earlier?.columns ?? []), foldName(text(row, 2))],
        referenced: [...(earlier?.referenced ?? []), foldName(text(row, 5))],
        onDelete: ACTIONS[text(row, 6)] ?? 'cascade',
        onUpdate: ACTIONS[text(row, 7)] ?? 'cascade',
      },
    });
  }
  return [...keys.values()];
}

function relationAt(row: Row, at: number, folding: Folding): RelationName {
  const schema = foldSchema(text(row, at), folding);
  return joinName(schema, foldRelation(schema, text(row, at + 1), folding));
}
