import { joinName } from '@sqlwarden/core';
import type { CatalogueRelation, ReferenceTo, ReferentialAction } from '@sqlwarden/core';
import { number, type Row, strings, text } from './rows.js';

/** `confdeltype` and `confupdtype` ("pg_constraint"). */
const ACTIONS: Readonly<Record<string, ReferentialAction>> = {
  a: 'restrict',
  r: 'restrict',
  c: 'cascade',
  n: 'set-null',
  d: 'set-default',
};

/** Rows of FOREIGN_KEYS_SQL. */
export function readReferences(rows: readonly Row[], relations: readonly CatalogueRelation[]): ReferenceTo[] {
  const byId = new Map(relations.map((relation) => [relation.id, relation]));
  return rows.flatMap((row): ReferenceTo[] => {
    const [own, other] = [byId.get(number(row, 0)), byId.get(number(row, 2))];
    if (own === undefined || other === undefined) return [];
    return [
      {
        to: joinName(other.schema, other.name),
        reference: {
          relation: joinName(own.schema, own.name),
          columns: columnNames(own, strings(row, 1)),
          referenced: columnNames(other, strings(row, 3)),
          onDelete: ACTIONS[text(row, 4)] ?? 'cascade',
          onUpdate: ACTIONS[text(row, 5)] ?? 'cascade',
        },
      },
    ];
  });
}

function columnNames({ columns }: CatalogueRelation, numbers: readonly string[]): string[] {
  const names = new Map(columns.map((column) => [column.number, column.name]));
  return numbers.flatMap((each) => names.get(Number(each)) ?? []);
}
