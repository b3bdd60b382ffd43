import { joinName } from '@sqlwarden/core';
import type { CatalogueColumn, Reference, ReferentialAction } from '@sqlwarden/core';
import { append, number, type Row, strings, text } from './rows.js';

/** `confdeltype` and `confupdtype` ("pg_constraint"). */
const ACTIONS: Readonly<Record<string, ReferentialAction>> = {
  a: 'restrict',
  r: 'restrict',
  c: 'cascade',
  n: 'set-null',
  d: 'set-default',
};

/** Rows of `foreignKeysSql`: the keys by the relation that they refer to. */
export function readReferences(
  rows: Iterable<Row>,
  relations: ReadonlyMap<number, Row>,
  columns: ReadonlyMap<number, readonly CatalogueColumn[]>,
): ReadonlyMap<number, readonly Reference[]> {
  const found = new Map<number, Reference[]>();
  for (const row of rows) {
    const [ownId, otherId] = [number(row, 0), number(row, 2)];
    const own = relations.get(ownId);
    if (own === undefined || !relations.has(otherId)) continue;
    append(found, otherId, {
      relation: joinName(text(own, 1), text(own, 2)),
      columns: columnNames(columns.get(ownId), strings(row, 1)),
      referenced: columnNames(columns.get(otherId), strings(row, 3)),
      onDelete: ACTIONS[text(row, 4)] ?? 'cascade',
      onUpdate: ACTIONS[text(row, 5)] ?? 'cascade',
    });
  }
  return found;
}

function columnNames(columns: readonly CatalogueColumn[] | undefined, numbers: readonly string[]): string[] {
  const names = new Map(columns?.map((column) => [column.number, column.name]));
  return numbers.flatMap((each) => names.get(Number(each)) ?? []);
}
