import type { DialectName } from '@sqlwarden/core';
import { readNodeSqlParser } from './node-sql-parser-summary.js';
import { readPolyglot } from './polyglot-summary.js';
import { readSqlparser } from './sqlparser-ts-summary.js';
import { type StatementSummary, summarise } from './summary.js';

/** Parsers that others wrote, which our reading is compared with. None of them decides anything. */

export type OracleName = 'sqlparser-ts' | 'polyglot' | 'node-sql-parser';

/** `unread`: parsed to a node that only carries the text. */
export type OracleAnswer =
  | { readonly kind: 'read'; readonly statements: readonly StatementSummary[] }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unread' };

type ReadText = (text: string, dialect: DialectName) => OracleAnswer;

/** Each loads its oracle and answers what reads a text by it. */
export const ORACLES: Record<OracleName, () => Promise<ReadText>> = {
  'sqlparser-ts': sqlparserTs,
  polyglot,
  'node-sql-parser': nodeSqlParser,
};
export const ORACLE_NAMES = Object.keys(ORACLES) as readonly OracleName[];

async function sqlparserTs(): Promise<ReadText> {
  const { init, parse } = await import('@guanmingchiu/sqlparser-ts');
  await init();
  const dialects = { postgres: 'postgresql', mysql: 'mysql', sqlserver: 'mssql' } as const;
  return (text, dialect) => {
    try {
      const statements = parse(text, dialects[dialect]) as readonly unknown[];
      return { kind: 'read', statements: statements.map((statement) => summarise(readSqlparser(statement))) };
    } catch (error) {
      // A trap of WebAssembly leaves the instance unusable: the worker must go.
      if (error instanceof Error && error.name === 'RuntimeError') throw error;
      return { kind: 'refused' };
    }
  };
}

async function polyglot(): Promise<ReadText> {
  const { Dialect, parse } = await import('@polyglot-sql/sdk');
  const dialects = { postgres: Dialect.PostgreSQL, mysql: Dialect.MySQL, sqlserver: Dialect.TSQL };
  return (text, dialect) => {
    const result = parse(text, dialects[dialect]);
    if (!result.success) return { kind: 'refused' };
    const found = (result.ast as readonly unknown[]).map(readPolyglot);
    const statements = found.flatMap((statement) => (statement === undefined ? [] : [summarise(statement)]));
    return statements.length < found.length ? { kind: 'unread' } : { kind: 'read', statements };
  };
}

async function nodeSqlParser(): Promise<ReadText> {
  const { default: module } = await import('node-sql-parser');
  const parser = new module.Parser();
  const databases = { postgres: 'postgresql', mysql: 'mariadb', sqlserver: 'transactsql' };
  return (text, dialect) => {
    try {
      const { ast, tableList } = parser.parse(text, { database: databases[dialect] });
      return { kind: 'read', statements: readNodeSqlParser({ ast, tableList }).map(summarise) };
    } catch {
      return { kind: 'refused' };
    }
  };
}
