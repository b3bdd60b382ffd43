import { joinName } from '@sqlwarden/core';
import type { CatalogueColumn, CatalogueRelation, RelationKind, RelationName } from '@sqlwarden/core';
import { fieldType } from './field-types.js';
import { foldName, foldRelation, foldSchema, type Folding, isSystemSchema } from './names.js';
import { append, optional, type Row, text } from './rows.js';

/** `TABLES.TABLE_TYPE`. Anything else is a table. */
const KINDS: Readonly<Record<string, RelationKind>> = { VIEW: 'view', 'SYSTEM VIEW': 'system', SEQUENCE: 'sequence' };

/** A temporary table of a session (MariaDB 11.2 and later show them): it hides the table of its name, and is nobody else's. */
const TEMPORARY = 'TEMPORARY';

const VERSIONED = 'SYSTEM VERSIONED';

/** What other statements say of relations. */
export interface Described {
  readonly definitions: ReadonlyMap<RelationName, string>;
  readonly hasTriggers: (relation: RelationName) => boolean;
  /** Columns with JSON documents that are declared as texts, as {@link columnKey} names them. */
  readonly documents: ReadonlySet<string>;
}

/** Rows of RELATIONS_SQL and COLUMNS_SQL. The servers number no relations: the numbers are those of the reading. */
export function readRelations(
  rows: readonly Row[],
  columnRows: readonly Row[],
  { definitions, hasTriggers, documents }: Described,
  folding: Folding,
): CatalogueRelation[] {
  const columns = readColumns(columnRows, documents, folding);
  const declaresTimes = new Set(columnRows.filter(isTimeOfVersion).map((row) => relationName(row, folding)));
  return rows
    .filter((row) => row[2] !== TEMPORARY)
    .map((row, at): CatalogueRelation => {
      const full = relationName(row, folding);
      const definition = definitions.get(full);
      const schema = foldSchema(text(row, 0), folding);
      const listed = columns.get(full) ?? [];
      const isTimed = row[2] === VERSIONED && !declaresTimes.has(full);
      return {
        id: at + 1,
        schema,
        name: foldRelation(schema, text(row, 1), folding),
        kind: isSystemSchema(schema) ? 'system' : (KINDS[text(row, 2)] ?? 'table'),
        columns: isTimed ? [...listed, ...hiddenTimes(listed)] : listed,
        ...(definition !== undefined && { definition }),
        parents: [],
        hasTriggers: hasTriggers(full),
      };
    });
}

/** The name of the relation that the first two values of a row say. */
export function relationName(row: Row, folding: Folding): RelationName {
  const schema = foldSchema(text(row, 0), folding);
  return joinName(schema, foldRelation(schema, text(row, 1), folding));
}

/** The column that the first three values of a row say. */
export function columnKey(row: Row, folding: Folding): string {
  return joinName(relationName(row, folding), foldName(text(row, 2)));
}

function readColumns(rows: readonly Row[], documents: ReadonlySet<string>, folding: Folding): ReadonlyMap<RelationName, CatalogueColumn[]> {
  const columns = new Map<RelationName, CatalogueColumn[]>();
  for (const row of rows) append(columns, relationName(row, folding), readColumn(row, documents.has(columnKey(row, folding))));
  for (const list of columns.values()) list.sort((a, b) => a.number - b.number);
  return columns;
}

function readColumn(row: Row, isDocument: boolean): CatalogueColumn {
  const declared = text(row, 4).toLowerCase();
  const type = isDocument && declared === 'longtext' ? 'json' : declared;
  const length = optional(row, 7);
  return {
    name: foldName(text(row, 2)),
    number: Number(text(row, 3)),
    type: type === 'json' ? type : text(row, 5),
    typeId: fieldType(type),
    notNull: row[6] === 'NO',
    ...(isGenerated(row) && { generated: true }),
    ...(/\bINVISIBLE\b/i.test(text(row, 8)) && { hidden: true }),
    ...((type === 'char' || type === 'varchar') && length !== undefined && { maxLength: Number(length) }),
  };
}

/**
 * Whether a row of COLUMNS_SQL is a column that is computed from others; `DEFAULT_GENERATED` only says that the default is an expression, and times
 * of versions come from no column.
 */
export function isGenerated(row: Row): boolean {
  return /\b(?:VIRTUAL|STORED|PERSISTENT)\b/i.test(text(row, 8)) && !isTimeOfVersion(row);
}

/** `GENERATED ALWAYS AS ROW START | END` (MariaDB, "System-Versioned Tables"). */
function isTimeOfVersion(row: Row): boolean {
  return /^ROW (?:START|END)$/i.test(optional(row, 9) ?? '');
}

/** A system-versioned table that declares no columns for the times of its versions has hidden ones, which COLUMNS does not list. */
function hiddenTimes(columns: readonly CatalogueColumn[]): CatalogueColumn[] {
  return ['row_start', 'row_end'].map((name, at) => ({
    name,
    number: columns.length + at + 1,
    type: 'timestamp(6)',
    typeId: fieldType('timestamp'),
    notNull: true,
    hidden: true,
  }));
}
