import type { CatalogueRelation, Reference, ReferenceTo, ReferentialAction } from '@sqlwarden/core';
import { foldName } from '../sql/names.js';
import { number, optional, type Row } from './rows.js';

/** What `sys.foreign_keys` calls NO_ACTION, CASCADE, SET_NULL and SET_DEFAULT, by number. */
const ACTIONS: readonly ReferentialAction[] = ['restrict', 'cascade', 'set-null', 'set-default'];

/** Rows of FOREIGN_KEYS_SQL: one for each column of a key. */
export function readReferences(rows: readonly Row[], relations: ReadonlyMap<string, CatalogueRelation>): ReferenceTo[] {
  const names = new Map([...relations].map(([name, relation]) => [relation.id, name]));
  const keys = new Map<number, ReferenceTo>();
  for (const row of rows) {
    const [relation, to] = [names.get(number(row, 1)), names.get(number(row, 3))];
    if (relation === undefined || to === undefined) continue;
    const { columns = [], referenced = [] }: Partial<Reference> = keys.get(number(row, 0))?.reference ?? {};
    const reference: Reference = {
      relation,
      columns: [...columns, foldName(optional(row, 2) ?? '')],
      referenced: [...referenced, foldName(optional(row, 4) ?? '')],
      onDelete: actionOf(row, 5),
      onUpdate: actionOf(row, 6),
    };
    keys.set(number(row, 0), { to, reference });
  }
  return [...keys.values()];
}

/** The relations, where rows of HISTORIES_SQL make the table of earlier rows a child of the one whose rows they were: what is said of its columns holds there. */
export function withHistories(relations: ReadonlyMap<string, CatalogueRelation>, rows: readonly Row[]): Map<string, CatalogueRelation> {
  const all = new Map(relations);
  const names = new Map([...relations].map(([name, relation]) => [relation.id, name]));
  for (const row of rows) {
    const [table, history] = [names.get(number(row, 0)), names.get(number(row, 1))];
    const relation = history === undefined ? undefined : all.get(history);
    if (table !== undefined && history !== undefined && relation !== undefined) all.set(history, { ...relation, parents: [table] });
  }
  return all;
}

function actionOf(row: Row, at: number): ReferentialAction {
  return ACTIONS[number(row, at)] ?? 'cascade';
}
