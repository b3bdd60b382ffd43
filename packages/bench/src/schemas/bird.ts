import type { DialectName } from '@sqlwarden/core';
import type { SchemaFolder } from './schema-folder.js';
import type { ShapeType, TableShape } from './table-shape.js';

/** One database of BIRD as `dev_tables.json` describes it: columns refer to tables by position, and the first column stands for `*`. */
interface BirdDatabase {
  readonly db_id: string;
  readonly table_names_original: readonly string[];
  readonly column_names_original: readonly (readonly [number, string])[];
  readonly column_types: readonly string[];
  readonly primary_keys: readonly (number | readonly number[])[];
}

const TYPES: Readonly<Record<string, ShapeType>> = {
  integer: 'integer',
  real: 'number',
  date: 'date',
  datetime: 'timestamp',
  text: 'text',
};

/** The tables of all of BIRD's development databases; their names differ, so they stand in one schema. Lower case for PostgreSQL, as published. */
export function birdTables(folder: SchemaFolder, dialect: DialectName): readonly TableShape[] {
  const text = folder.read('dev_tables.json');
  if (text === undefined) return [];
  const fold = (name: string): string => (dialect === 'postgres' ? name.toLowerCase() : name);
  const databases = JSON.parse(text) as readonly BirdDatabase[];
  return databases.flatMap((database) => tablesOf(database, fold));
}

function tablesOf(database: BirdDatabase, fold: (name: string) => string): readonly TableShape[] {
  // A key of several columns is a list in the list.
  const keyColumns = new Set(database.primary_keys.flat());
  return database.table_names_original.map((name, table) => {
    const columns = database.column_names_original
      .map(([of, column], at) => ({ of, name: fold(column), type: TYPES[database.column_types[at] ?? ''] ?? 'text', at }))
      .filter(({ of }) => of === table);
    return {
      name: fold(name),
      columns: columns.map((column) => ({ name: column.name, type: column.type })),
      key: columns.filter(({ at }) => keyColumns.has(at)).map((column) => column.name),
    };
  });
}
