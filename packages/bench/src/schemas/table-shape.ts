import type { DialectName } from '@sqlwarden/core';

/** A table as far as it matters for names and lineage; printed for any dialect, so that one schema serves all three. */
export interface TableShape {
  /** Absent for the default schema. */
  readonly schema?: string;
  readonly name: string;
  readonly columns: readonly ColumnShape[];
  /** Names of the columns of the primary key. */
  readonly key: readonly string[];
}

export interface ColumnShape {
  readonly name: string;
  readonly type: ShapeType;
}

export type ShapeType = 'integer' | 'number' | 'text' | 'boolean' | 'date' | 'timestamp' | 'time' | 'json' | 'bytes';

const TYPES: Record<DialectName, Record<ShapeType, string>> = {
  postgres: {
    integer: 'bigint',
    number: 'numeric',
    text: 'text',
    boolean: 'boolean',
    date: 'date',
    timestamp: 'timestamp',
    time: 'time',
    json: 'jsonb',
    bytes: 'bytea',
  },
  mysql: {
    integer: 'bigint',
    number: 'decimal(30, 6)',
    text: 'varchar(255)',
    boolean: 'tinyint(1)',
    date: 'date',
    timestamp: 'datetime',
    time: 'time',
    json: 'longtext',
    bytes: 'blob',
  },
  sqlserver: {
    integer: 'bigint',
    number: 'decimal(30, 6)',
    text: 'nvarchar(400)',
    boolean: 'bit',
    date: 'date',
    timestamp: 'datetime2',
    time: 'time',
    json: 'nvarchar(max)',
    bytes: 'varbinary(max)',
  },
};

/** An identifier in the quotes of the dialect. */
export function quoteIdentifier(dialect: DialectName, name: string): string {
  if (dialect === 'mysql') return `\`${name.replaceAll('`', '``')}\``;
  if (dialect === 'sqlserver') return `[${name.replaceAll(']', ']]')}]`;
  return `"${name.replaceAll('"', '""')}"`;
}

/** The table's name as it stands in a statement. */
export function quotedName(dialect: DialectName, table: TableShape): string {
  const name = quoteIdentifier(dialect, table.name);
  return table.schema === undefined ? name : `${quoteIdentifier(dialect, table.schema)}.${name}`;
}

/** CREATE TABLE for the dialect. A key column of text is short enough for an index of MySQL. */
export function createTable(dialect: DialectName, table: TableShape): string {
  const columns = table.columns.map(({ name, type }) => {
    const nullability = table.key.includes(name) ? ' NOT NULL' : '';
    return `${quoteIdentifier(dialect, name)} ${TYPES[dialect][type]}${nullability}`;
  });
  const key = table.key.map((name) => quoteIdentifier(dialect, name)).join(', ');
  return `CREATE TABLE ${quotedName(dialect, table)} (${[...columns, ...(key === '' ? [] : [`PRIMARY KEY (${key})`])].join(', ')})`;
}

/** CREATE SCHEMA for every schema that the tables name, without repetition. */
export function createSchemas(dialect: DialectName, tables: readonly TableShape[]): readonly string[] {
  const schemas = new Set(tables.flatMap(({ schema }) => (schema === undefined ? [] : [schema])));
  return [...schemas].map((schema) => `CREATE SCHEMA ${quoteIdentifier(dialect, schema)}`);
}

/** A value of the type for row `row`, counted from 1, as text. Rows of different tables join on equal numbers. */
export function generatedValue(type: ShapeType, row: number): string {
  switch (type) {
    case 'integer':
    case 'number':
      return String(row);
    case 'text':
      return `text ${row}`;
    case 'boolean':
      return String(row % 2);
    case 'date':
      return `2020-01-0${row}`;
    case 'timestamp':
      return `2020-01-0${row} 10:00:00`;
    case 'time':
      return `10:00:0${row}`;
    case 'json':
      return `{"a": ${row}}`;
    case 'bytes':
      return 'x';
  }
}
