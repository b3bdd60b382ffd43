import type { UnitParser } from '../parsing/unit-parser.js';
import { tablesOfDefinitions } from './postgres-definitions.js';
import type { SchemaFolder } from './schema-folder.js';
import type { TableShape } from './table-shape.js';

/** A benchmark of the TPC: its tables and its queries in PostgreSQL's words. Empty when it was not fetched. */
export interface TpcBenchmark {
  readonly name: 'tpc-h' | 'tpc-ds';
  readonly tables: readonly TableShape[];
  readonly queries: readonly { readonly id: string; readonly sql: string }[];
}

/** TPC-DS as pg_tpcds has it: one file for each table and query. */
export async function tpcDs(folder: SchemaFolder, parser: UnitParser): Promise<TpcBenchmark> {
  const schema = 'pg_tpcds/src/tpcds/schema';
  const definitions = folder.list(schema).map((file) => folder.read(`${schema}/${file}`) ?? '');
  return {
    name: 'tpc-ds',
    tables: await tablesOfDefinitions(definitions.join('\n'), parser),
    queries: queries(folder, 'tpc-ds', 'pg_tpcds/src/tpcds/queries'),
  };
}

/** TPC-H as pg_tpch has it: its CREATE TABLEs are strings of a Rust source. */
export async function tpcH(folder: SchemaFolder, parser: UnitParser): Promise<TpcBenchmark> {
  const source = folder.read('pg_tpch/src/lib.rs') ?? '';
  const definitions = [...source.matchAll(/'(CREATE TABLE [^']*)'/g)].map(([, definition]) => `${definition};`);
  return {
    name: 'tpc-h',
    tables: await tablesOfDefinitions(definitions.join('\n'), parser),
    queries: queries(folder, 'tpc-h', 'pg_tpch/queries'),
  };
}

function queries(folder: SchemaFolder, name: string, path: string): TpcBenchmark['queries'] {
  const files = folder.list(path).filter((file) => file.endsWith('.sql'));
  return files.map((file) => ({ id: `${name}:${file.replace('.sql', '')}`, sql: folder.read(`${path}/${file}`) ?? '' }));
}
