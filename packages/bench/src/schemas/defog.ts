import type { DialectName } from '@sqlwarden/core';
import type { UnitParser } from '../parsing/unit-parser.js';
import { parseCsv } from './delimited-text.js';
import { tablesOfDefinitions } from './postgres-definitions.js';
import type { SchemaFolder } from './schema-folder.js';
import type { TableShape } from './table-shape.js';

const SUFFIXES: Record<DialectName, string> = { postgres: 'postgres', mysql: 'mysql', sqlserver: 'tsql' };
const QUESTION_SETS = ['instruct_advanced', 'instruct_basic', 'questions_gen'];

/** Names of the databases of defog-data. */
export function defogDatabases(folder: SchemaFolder): readonly string[] {
  return folder.list('defog-data/defog_data').filter((name) => !/[._]py|^__/.test(name));
}

/** The tables of one database, from its PostgreSQL dump. */
export async function defogTables(folder: SchemaFolder, database: string, parser: UnitParser): Promise<readonly TableShape[]> {
  const text = folder.read(`defog-data/defog_data/${database}/${database}.sql`);
  return text === undefined ? [] : tablesOfDefinitions(text, parser);
}

/** The database that each question is about, by the id that corpora know it by: `<set>_<dialect>:<row from 1>`. */
export function defogQuestionDatabases(folder: SchemaFolder, dialect: DialectName): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const set of QUESTION_SETS) {
    const name = `${set}_${SUFFIXES[dialect]}`;
    const text = folder.read(`sql-eval/data/${name}.csv`);
    if (text === undefined) continue;
    for (const [at, record] of parseCsv(text).entries()) found.set(`${name}:${String(at + 1).padStart(4, '0')}`, record['db_name'] ?? '');
  }
  return found;
}
