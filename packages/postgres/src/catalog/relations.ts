import { joinName } from '@sqlwarden/core';
import type { CatalogueColumn, CatalogueRelation, Reference, RelationKind, RelationName } from '@sqlwarden/core';
import { append, flag, number, optional, type Row, sameJson, text } from './rows.js';
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

/** What a relation is made of. */
export interface RelationParts {
  /** By OID, rows of `relationsSql`. */
  readonly rows: ReadonlyMap<number, Row>;
  readonly columns: ReadonlyMap<number, readonly CatalogueColumn[]>;
  /** Texts of views. */
  readonly definitions: (id: number) => string | undefined;
  /** Foreign keys that refer to a relation and write. */
  readonly references: ReadonlyMap<number, readonly Reference[]>;
}

/** Relations by OID. Those that are made of the same as `before` are the same objects. */
export function readRelations(parts: RelationParts, before: ReadonlyMap<number, CatalogueRelation>): Map<number, CatalogueRelation> {
  const triggered = withTriggers(parts.rows);
  const relations = new Map<number, CatalogueRelation>();
  for (const [id, row] of parts.rows) {
    const old = before.get(id);
    const definition = parts.definitions(id);
    const columns = parts.columns.get(id) ?? NO_COLUMNS;
    const parents = parentNames(row, parts.rows);
    const referencedBy = parts.references.get(id);
    const hasTriggers = triggered.has(id);
    const isSame =
      old !== undefined &&
      old.columns === columns &&
      old.definition === definition &&
      old.hasTriggers === hasTriggers &&
      old.name === text(row, 2) &&
      old.schema === text(row, 1) &&
      old.kind === kindOf(row) &&
      (parents.length === 0 ? old.parents.length === 0 : sameJson(old.parents, parents)) &&
      (referencedBy === undefined ? old.referencedBy === undefined : sameJson(old.referencedBy, referencedBy));
    relations.set(
      id,
      isSame
        ? old
        : {
            id,
            schema: text(row, 1),
            name: text(row, 2),
            kind: kindOf(row),
            columns,
            ...(definition !== undefined && { definition }),
            parents,
            hasTriggers,
            ...(referencedBy !== undefined && { referencedBy }),
          },
    );
  }
  return relations;
}

const NO_COLUMNS: readonly CatalogueColumn[] = [];

function kindOf(row: Row): RelationKind {
  if (SYSTEM_SCHEMAS.has(text(row, 1)) && ['r', 'v', 'f', 'm'].includes(text(row, 3))) return 'system';
  return KINDS[text(row, 3)] ?? 'table';
}

function parentIds(row: Row): readonly number[] {
  return optional(row, 4)?.split(',').map(Number) ?? NOBODY;
}

const NOBODY: readonly number[] = [];

function parentNames(row: Row, rows: ReadonlyMap<number, Row>): readonly RelationName[] {
  return parentIds(row).flatMap((id) => {
    const parent = rows.get(id);
    return parent === undefined ? [] : joinName(text(parent, 1), text(parent, 2));
  });
}

/** Writing a parent writes its children, so that their triggers run as well. */
function withTriggers(rows: ReadonlyMap<number, Row>): Set<number> {
  const triggered = new Set<number>();
  const waiting: number[] = [];
  for (const [id, row] of rows) if (flag(row, 5)) waiting.push(id);
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (triggered.has(id)) continue;
    triggered.add(id);
    const row = rows.get(id);
    if (row !== undefined) waiting.push(...parentIds(row));
  }
  return triggered;
}

/** `varchar` and `char`: their modifier is the length plus 4 (varchar.c). */
const LENGTH_TYPES = new Set([1042, 1043]);

/** Rows of `columnsSql`, by relation. */
export function readColumns(rows: readonly Row[], types: Pick<TypesById, 'get'>): ReadonlyMap<number, readonly CatalogueColumn[]> {
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
