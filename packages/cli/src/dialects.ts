import type { Dialect } from '@sqlwarden/core';
import { mysqlDialect } from '@sqlwarden/mysql';
import { postgresDialect } from '@sqlwarden/postgres';
import { sqlserverDialect } from '@sqlwarden/sqlserver';

/** Every database that the command speaks to. */
export const DIALECTS: readonly Dialect[] = [postgresDialect, mysqlDialect, sqlserverDialect];
