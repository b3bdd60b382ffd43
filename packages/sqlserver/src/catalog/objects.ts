import { joinName } from '@sqlwarden/core';
import type { CatalogueColumn, CatalogueRelation, CatalogueRoutine, RelationKind } from '@sqlwarden/core';
import { foldName } from '../sql/names.js';
import { append, flag, number, optional, type Row, text } from './rows.js';

/** An object of `sys.all_objects` with its names folded. */
export interface CatalogueObject {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  /** `schema.name`. */
  readonly full: string;
  /** `sys.objects.type`. */
  readonly type: string;
  readonly system: boolean;
}

/** Rows of OBJECTS_SQL. */
export function readObjects(rows: readonly Row[]): CatalogueObject[] {
  return rows.map((row) => {
    const [schema, name] = [foldName(text(row, 1)), foldName(text(row, 2))];
    return { id: number(row, 0), schema, name, full: joinName(schema, name), type: text(row, 3).trim(), system: flag(row, 4) };
  });
}

const RELATION_KINDS: Readonly<Record<string, RelationKind>> = {
  U: 'table',
  S: 'system',
  IT: 'system',
  V: 'view',
  ET: 'foreign-table',
  SO: 'sequence',
};

/** Columns of graph tables are named without the number that ends their names ("SQL Graph Architecture"). */
const GRAPH_COLUMN = /^(\$(?:node|edge|from|to)_id)_[0-9a-f]{32}$/;

/** A column, and what a column set makes of it ("Use Column Sets"). */
interface ReadColumn extends CatalogueColumn {
  readonly inSet?: 'member' | 'set';
}

export type ColumnsById = ReadonlyMap<number, readonly ReadColumn[]>;

/** Rows of COLUMNS_SQL by object. */
export function readColumns(rows: readonly Row[]): ColumnsById {
  const withSet = new Set(rows.filter((row) => flag(row, 11)).map((row) => number(row, 0)));
  const columns = new Map<number, ReadColumn[]>();
  for (const row of rows) {
    const name = foldName(optional(row, 2) ?? '').replace(GRAPH_COLUMN, '$1');
    const isMember = flag(row, 10) && withSet.has(number(row, 0));
    const type = foldName(optional(row, 3) ?? 'unknown').replace(/^sys\./, '');
    const maxLength = lengthOf(type, optional(row, 5));
    append(columns, number(row, 0), {
      name,
      number: number(row, 1),
      type,
      typeId: number(row, 4),
      notNull: !flag(row, 6),
      ...(flag(row, 7) && { generated: true }),
      // Sparse columns of a column set can be named, but `*` has the set.
      ...((flag(row, 8) || isMember) && { hidden: true }),
      ...((flag(row, 7) || flag(row, 9) || name === '$node_id' || name === '$edge_id') && { implicit: true }),
      ...(maxLength !== undefined && { maxLength }),
      ...(isMember && { inSet: 'member' }),
      ...(flag(row, 11) && { inSet: 'set' }),
    });
  }
  return columns;
}

/** Lengths are in bytes, -1 for `max`. */
/** `told`: in bytes; -1 for none. */
function lengthOf(type: string, told: string | undefined): number | undefined {
  const bytes = Number(told ?? -1);
  if (bytes < 0) return undefined;
  if (type === 'char' || type === 'varchar') return bytes;
  return type === 'nchar' || type === 'nvarchar' || type === 'sysname' ? bytes / 2 : undefined;
}

/**
 * The relations among the objects. Under a collation that tells cases apart two may have one folded name: then it is not known which is
 * meant, and the name is that of a view whose columns are not known, which is opaque.
 */
export function readRelations(objects: readonly CatalogueObject[], columns: ColumnsById): Map<string, CatalogueRelation> {
  const relations = new Map<string, CatalogueRelation>();
  for (const object of objects) {
    const kind = RELATION_KINDS[object.type];
    if (kind === undefined) continue;
    const relation: CatalogueRelation = {
      id: object.id,
      schema: object.schema,
      name: object.name,
      kind: object.system && kind === 'view' ? 'system' : kind,
      columns: columns.get(object.id) ?? [],
      parents: [],
      hasTriggers: false,
    };
    const other = relations.get(object.full);
    const isCertain = other === undefined && !hasTwins(relation.columns);
    relations.set(object.full, isCertain ? relation : { ...relation, kind: 'view', columns: [] });
  }
  return relations;
}

function hasTwins(columns: readonly CatalogueColumn[]): boolean {
  return new Set(columns.map((column) => column.name)).size !== columns.length;
}

/** Rows of TABLE_TYPES_SQL: what DECLARE of a variable of a table type, and a parameter of one, take their columns from. */
export function readTableTypes(rows: readonly Row[], columns: ColumnsById): Map<string, CatalogueRelation> {
  return new Map(
    rows.map((row) => {
      const [id, schema, name] = [number(row, 0), foldName(text(row, 1)), foldName(text(row, 2))];
      const relation: CatalogueRelation = {
        id,
        schema,
        name,
        kind: 'composite',
        columns: columns.get(id) ?? [],
        parents: [],
        hasTriggers: false,
      };
      return [joinName(schema, name), relation];
    }),
  );
}

const ROUTINE_KINDS: Readonly<Record<string, CatalogueRoutine['kind']>> = {
  P: 'procedure',
  PC: 'procedure',
  X: 'procedure',
  RF: 'procedure',
  FN: 'function',
  FS: 'function',
  IF: 'function',
  TF: 'function',
  FT: 'function',
  AF: 'aggregate',
};
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set(['IF', 'TF', 'FT']);
const OF_ASSEMBLIES: ReadonlySet<string> = new Set(['PC', 'FS', 'FT', 'AF', 'X']);

export interface Routines {
  readonly byName: ReadonlyMap<string, readonly CatalogueRoutine[]>;
  readonly columns: ReadonlyMap<string, readonly string[]>;
}

/** The routines among the objects, with rows of PARAMETERS_SQL. */
export function readRoutines(
  objects: readonly CatalogueObject[],
  columns: ColumnsById,
  parameterRows: readonly Row[],
  runsAsOther: (id: number) => boolean,
): Routines {
  const parameters = new Map<number, Row[]>();
  for (const row of parameterRows) append(parameters, number(row, 0), row);
  const byName = new Map<string, CatalogueRoutine[]>();
  const functionColumns = new Map<string, readonly string[]>();
  for (const object of objects) {
    const kind = ROUTINE_KINDS[object.type];
    if (kind === undefined) continue;
    const own = parameters.get(object.id) ?? [];
    const returned = own.find((row) => number(row, 1) === 0);
    const returnsSet = TABLE_FUNCTIONS.has(object.type);
    append(byName, object.full, {
      id: object.id,
      schema: object.schema,
      name: object.name,
      kind,
      language: OF_ASSEMBLIES.has(object.type) ? 'clr' : 'sql',
      volatility: 'volatile',
      securityDefiner: runsAsOther(object.id),
      pinnedSearchPath: true,
      returnsSet,
      returnType: returnsSet ? 'table' : ((returned && optional(returned, 3)) ?? ''),
      argumentTypes: own.filter((row) => row !== returned).map((row) => optional(row, 3) ?? 'unknown'),
      origin: object.system ? 'system' : 'user',
    });
    if (returnsSet)
      functionColumns.set(
        object.full,
        (columns.get(object.id) ?? []).map((column) => column.name),
      );
  }
  return { byName, columns: functionColumns };
}
