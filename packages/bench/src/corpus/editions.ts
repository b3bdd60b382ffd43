import type { ParseContext } from '@sqlwarden/core';
import type { CorpusEntry, CorpusName } from './corpus-files.js';
import { invalidIds } from './invalid-ids.js';

/** A corpus as one version of a server reads it, with what that server accepts of it. */
export interface Edition {
  readonly label: string;
  readonly corpus: CorpusName;
  readonly context: ParseContext;
  /** Whether the truth accepts the statement. */
  accepts(entry: CorpusEntry): boolean;
  /** The share of the accepted statements that must be parsed. */
  readonly minimum: number;
}

export const MARIADB_CONTEXT: ParseContext = {
  serverVersion: 101_119,
  lexical: {
    flavour: 'mariadb',
    sql_mode: 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION',
    character_set_client: 'utf8mb4',
    lower_case_table_names: '0',
  },
};

export const SQL_SERVER_CONTEXT: ParseContext = { serverVersion: 17, lexical: { quoted_identifier: 'on', case_sensitive: 'off' } };

export function postgresContext(major: number): ParseContext {
  return { serverVersion: major * 10_000, lexical: { standard_conforming_strings: 'on' } };
}

/** Every corpus in every edition that there is a truth of, with the thresholds of the project. */
export function editions(): readonly Edition[] {
  const invalid = invalidIds();
  const postgres = (['pg-app', 'pg-regress'] as const).flatMap((corpus) =>
    [15, 16, 17, 18].map((major): Edition => {
      const accepts = ({ truth }: CorpusEntry): boolean => truth[`libpg${major}`] === 1;
      return { label: `${corpus}, PostgreSQL ${major}`, corpus, context: postgresContext(major), accepts, minimum: 0.995 };
    }),
  );
  const mariadb = ({ truth }: CorpusEntry): boolean => truth['mariadb'] === 1;
  const babelfish = ({ truth }: CorpusEntry): boolean => truth['bbf'] !== 0;
  return [
    ...postgres,
    { label: 'mysql-app, MariaDB 10.11', corpus: 'mysql-app', context: MARIADB_CONTEXT, accepts: mariadb, minimum: 0.99 },
    { label: 'mysql-mariadb, MariaDB 10.11', corpus: 'mysql-mariadb', context: MARIADB_CONTEXT, accepts: mariadb, minimum: 0.95 },
    { label: 'tsql-app', corpus: 'tsql-app', context: SQL_SERVER_CONTEXT, accepts: ({ id }) => !invalid.has(id), minimum: 0.99 },
    { label: 'tsql-babelfish', corpus: 'tsql-babelfish', context: SQL_SERVER_CONTEXT, accepts: babelfish, minimum: 0.95 },
    { label: 'tsql-scriptdom', corpus: 'tsql-scriptdom', context: SQL_SERVER_CONTEXT, accepts: () => true, minimum: 0.95 },
    { label: 'tsql-sdstmt', corpus: 'tsql-sdstmt', context: SQL_SERVER_CONTEXT, accepts: () => true, minimum: 0.95 },
  ];
}

/** One edition of each corpus whose name begins so: that of the newest server that there is a truth of. */
export function newestEditions(prefix = ''): readonly Edition[] {
  const newest = new Map(editions().map((edition) => [edition.corpus, edition]));
  return [...newest.values()].filter(({ corpus }) => corpus.startsWith(prefix));
}
