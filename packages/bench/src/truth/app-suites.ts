import type { DialectName } from '@sqlwarden/core';
import type { Corpus, CorpusEntry } from '../corpus/corpus-files.js';
import { UnitParser } from '../parsing/unit-parser.js';
import { birdTables } from '../schemas/bird.js';
import { defogDatabases, defogQuestionDatabases, defogTables } from '../schemas/defog.js';
import type { SchemaFolder } from '../schemas/schema-folder.js';
import { tpcDs, tpcH } from '../schemas/tpc.js';
import type { Suite } from './run-suite.js';

/** The suites that the schemas of BIRD, defog and the TPC allow, over the entries of an application corpus. What is missing has no suite. */
export async function applicationSuites(corpus: Corpus, folder: SchemaFolder): Promise<readonly Suite[]> {
  // The definitions were published for PostgreSQL, whatever the dialect of the corpus is.
  const parser = new UnitParser('postgres');
  try {
    return await suitesOf(corpus, folder, parser);
  } finally {
    await parser.close();
  }
}

async function suitesOf(corpus: Corpus, folder: SchemaFolder, parser: UnitParser): Promise<readonly Suite[]> {
  const { dialect } = corpus;
  const suites: Suite[] = [];
  const bird = birdTables(folder, dialect);
  if (bird.length > 0)
    suites.push({ name: 'bird', group: 'bird', tables: bird, statements: corpus.entries.filter(({ id }) => id.startsWith('bird:')) });
  suites.push(...(await defogSuites(corpus, folder, parser)));
  // The queries of the TPC were fetched in PostgreSQL's words; MySQL has most of them.
  const benchmarks = dialect === 'sqlserver' ? [] : [await tpcH(folder, parser), await tpcDs(folder, parser)];
  for (const benchmark of benchmarks) {
    if (benchmark.tables.length > 0)
      suites.push({ name: benchmark.name, group: benchmark.name, tables: benchmark.tables, statements: benchmark.queries });
  }
  return suites.filter(({ statements }) => statements.length > 0);
}

async function defogSuites({ dialect, entries }: Corpus, folder: SchemaFolder, parser: UnitParser): Promise<readonly Suite[]> {
  const databaseOf = defogQuestionDatabases(folder, dialect);
  const byDatabase = new Map<string, CorpusEntry[]>();
  for (const entry of entries) {
    const database = databaseOf.get(entry.id.replace(/^defog:|\.\d+$/g, ''));
    if (database === undefined) continue;
    byDatabase.set(database, [...(byDatabase.get(database) ?? []), entry]);
  }
  const suites: Suite[] = [];
  for (const database of defogDatabases(folder)) {
    const tables = await defogTables(folder, database, parser);
    const statements = byDatabase.get(database) ?? [];
    if (tables.length > 0 && statements.length > 0)
      suites.push({ name: `defog ${database}`, group: 'defog', tables: withoutSchemas(tables, dialect), statements });
  }
  return suites;
}

/** Where a schema is a database, a suite has but one. */
function withoutSchemas(tables: Suite['tables'], dialect: DialectName): Suite['tables'] {
  return dialect === 'mysql' ? tables.map(({ name, columns, key }) => ({ name, columns, key })) : tables;
}
