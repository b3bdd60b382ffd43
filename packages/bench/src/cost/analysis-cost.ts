import type { DialectName, ResolvedCatalogue, SqlState } from '@sqlwarden/core';
import { analyse as analyseMysql } from '@sqlwarden/mysql';
import { postgresDialect } from '@sqlwarden/postgres';
import { analyse as analyseSqlserver } from '@sqlwarden/sqlserver';
import type { Corpus } from '../corpus/corpus-files.js';
import type { Edition } from '../corpus/editions.js';
import type { UnitParser } from '../parsing/unit-parser.js';
import type { Analyse } from '../truth/statement-truth.js';
import type { BareParse } from './bare-parser.js';

export const ANALYSE: Record<DialectName, Analyse> = {
  postgres: (unit, context) => postgresDialect.analyse(unit, context),
  mysql: analyseMysql,
  sqlserver: analyseSqlserver,
};

/** Where unqualified names are looked for. */
const SEARCH_PATHS: Record<DialectName, (database: string) => readonly string[]> = {
  postgres: () => ['pg_catalog', 'public'],
  mysql: (database) => [database],
  sqlserver: () => ['dbo', 'sys'],
};

/** Milliseconds for each statement of a corpus. */
export interface AnalysisCost {
  /** The bare parser, in this thread. */
  readonly bare: readonly number[];
  /** Our parse as the gateway does it: in a worker, with the way there and back. */
  readonly parse: readonly number[];
  readonly analyse: readonly number[];
}

/** Measures every statement that the truth accepts once, after a first round that warms the code up. */
export async function measureAnalysis(
  corpus: Corpus,
  edition: Edition,
  { parser, bare, catalogue }: { readonly parser: UnitParser; readonly bare: BareParse; readonly catalogue: ResolvedCatalogue },
): Promise<AnalysisCost> {
  const entries = corpus.entries.filter((entry) => edition.accepts(entry));
  const warmUp = entries.slice(0, 500);
  const setting = { parser, bare, catalogue, dialect: corpus.dialect, edition };
  for (const { sql } of warmUp) await measureText(sql, setting);
  const cost = { bare: [] as number[], parse: [] as number[], analyse: [] as number[] };
  for (const { sql } of entries) {
    const one = await measureText(sql, setting);
    if (one === undefined) continue;
    cost.bare.push(one.bare);
    cost.parse.push(one.parse);
    cost.analyse.push(one.analyse);
  }
  return cost;
}

async function measureText(
  sql: string,
  {
    parser,
    bare,
    catalogue,
    dialect,
    edition,
  }: {
    readonly parser: UnitParser;
    readonly bare: BareParse;
    readonly catalogue: ResolvedCatalogue;
    readonly dialect: DialectName;
    readonly edition: Edition;
  },
): Promise<{ readonly bare: number; readonly parse: number; readonly analyse: number } | undefined> {
  const bareStarted = performance.now();
  if (!bare(sql)) return undefined;
  const bareMs = performance.now() - bareStarted;
  const reply = await parser.parse(sql, edition.context);
  if (reply.kind !== 'answer' || !reply.answer.result.ok) return undefined;
  const { database } = catalogue.catalogue;
  const state: SqlState = { id: 1, database, role: 'app', searchPath: SEARCH_PATHS[dialect](database), lexical: edition.context.lexical };
  const started = performance.now();
  ANALYSE[dialect](reply.answer.result.unit, { catalogue, state, stateChangedInTransaction: false, schemaChangedInTransaction: false });
  return { bare: bareMs, parse: reply.ms, analyse: performance.now() - started };
}
