import { joinName } from '@sqlwarden/core';
import type { CatalogueColumn, CatalogueRelation, RelationKind } from '@sqlwarden/core';
import { append, flag, number, optional, type Row, text } from './rows.js';
import type { TypesById } from './types.js';

const SYSTEM_SCHEMAS = new Set(['pg_catalog', 'information_schema']);

const KINDS: Readonly<Record<string, RelationKind>> = {
  r: 'table',
  p: 'partitioned',
  v: 'view',
  m: 'materialized-view',
  f: 'foreign-table',
  S: 'sequence',
  c: 'composite',
  i: 'index',
  I: 'index',
};

/** Rows of RELATIONS_SQL and COLUMNS_SQL; `definitions` by the relation's OID. */
export function readRelations(
  rows: readonly Row[],
  columnRows: readonly Row[],
  types: TypesById,
  definitions: ReadonlyMap<number, string>,
): CatalogueRelation[] {
  const columns = readColumns(columnRows, types);
  const names = new Map(rows.map((row) => [number(row, 0), joinName(text(row, 1), text(row, 2))]));
  const parents = new Map(rows.map((row) => [number(row, 0), parentIds(row)]));
  const triggered = withTriggers(rows, parents);
  return rows.map((row): CatalogueRelation => {
    const id = number(row, 0);
    const definition = definitions.get(id);
    return {
      id,
      schema: text(row, 1),
      name: text(row, 2),
      kind: kindOf(row),
      columns: columns.get(id) ?? [],
      ...(definition !== undefined && { definition }),
      parents: (parents.get(id) ?? []).flatMap((parent) => names.get(parent) ?? []),
      hasTriggers: triggered.has(id),
    };
  });
}

function kindOf(row: Row): RelationKind {
  if (SYSTEM_SCHEMAS.has(text(row, 1)) && ['r', 'v', 'f', 'm'].includes(text(row, 3))) return 'system';
  return KINDS[text(row, 3)] ?? 'table';
}

function parentIds(row: Row): number[] {
  return optional(row, 4)?.split(',').map(Number) ?? [];
}

/** Writing a parent writes its children, so that their triggers run as well. */
function withTriggers(rows: readonly Row[], parents: ReadonlyMap<number, readonly number[]>): Set<number> {
  const triggered = new Set<number>();
  const waiting = rows.filter((row) => flag(row, 5)).map((row) => number(row, 0));
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (triggered.has(id)) continue;
    triggered.add(id);
    waiting.push(...(parents.get(id) ?? []));
  }
  return triggered;
}

/** `varchar` and `char`: their modifier is the length plus 4 (varchar.c). */
const LENGTH_TYPES = new Set([1042, 1043]);

function readColumns(rows: readonly Row[], types: TypesById): ReadonlyMap<number, CatalogueColumn[]> {
  const columns = new Map<number, CatalogueColumn[]>();
  for (const row of rows) {
    const typeId = number(row, 3);
    const modifier = number(row, 4);
    append(columns, number(row, 0), {
      name: text(row, 1),
      number: number(row, 2),
      type: optional(row, 5) ?? types.get(typeId)?.shown ?? 'unknown',
      typeId,
      notNull: flag(row, 6),
      ...(modifier >= 0 && { typeModifier: modifier }),
      ...(optional(row, 7) && { generated: true }),
      ...(LENGTH_TYPES.has(typeId) && modifier > 4 && { maxLength: modifier - 4 }),
    });
  }
  return columns;
}
