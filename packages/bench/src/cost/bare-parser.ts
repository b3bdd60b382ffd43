import { createRequire } from 'node:module';
import type { DialectName, ParseContext } from '@sqlwarden/core';
import { parseUnit as parseMysql } from '@sqlwarden/mysql';
import { parseUnit as parseSqlserver } from '@sqlwarden/sqlserver';

/** Parses in this thread; whether the text was accepted. */
export type BareParse = (text: string) => boolean;

/**
 * The parser without anything around it: of PostgreSQL libpg-query as its package gives it, of the others our own, which build the statement
 * model as they go.
 */
export const BARE_PARSERS: Record<DialectName, (context: ParseContext) => Promise<BareParse>> = {
  postgres: () => libpgQuery(),
  mysql: (context) => Promise.resolve((text) => parseMysql(text, context).ok),
  sqlserver: (context) => Promise.resolve((text) => parseSqlserver(text, context).ok),
};

interface LibpgQuery {
  readonly loadModule: () => Promise<void>;
  readonly parseSync: (text: string) => unknown;
}

async function libpgQuery(): Promise<BareParse> {
  // A dependency of the adapter's, not of ours.
  const require = createRequire(import.meta.resolve('@sqlwarden/postgres'));
  const { loadModule, parseSync } = require('libpg-query-18') as LibpgQuery;
  await loadModule();
  return (text) => {
    try {
      parseSync(text);
      return true;
    } catch {
      return false;
    }
  };
}
