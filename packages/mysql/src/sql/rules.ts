import { splitName } from '@sqlwarden/core';
import type { Catalogue, DialectRules, OpaqueReason, RelationName, SqlState } from '@sqlwarden/core';
import { isSystemSchema } from '../catalog/names.js';
import { HARMLESS_SETTINGS, LEXICAL_SETTINGS, PRIVILEGE_SETTINGS } from './rules-settings.js';

/** What MySQL's and MariaDB's names and settings mean, for the resolver. */

const SESSION_TEXTS = 'SQL of sessions';
const SECRETS = 'passwords';
const VALUES = 'values of rows';

/** Columns that hold texts of sessions or their messages wherever they stand in a system schema ("Performance Schema Tables", "sys Schema Views"). */
const ANYWHERE: Readonly<Record<string, string>> = {
  sql_text: SESSION_TEXTS,
  digest_text: SESSION_TEXTS,
  query_sample_text: SESSION_TEXTS,
  current_statement: SESSION_TEXTS,
  last_statement: SESSION_TEXTS,
  waiting_query: SESSION_TEXTS,
  blocking_query: SESSION_TEXTS,
  statement_text: SESSION_TEXTS,
  processlist_info: SESSION_TEXTS,
  trx_query: SESSION_TEXTS,
  trx_last_foreign_key_error: VALUES,
  message_text: SESSION_TEXTS,
  last_error_message: SESSION_TEXTS,
  lock_data: VALUES,
  histogram: VALUES,
  min_value: VALUES,
  max_value: VALUES,
  authentication_string: SECRETS,
};

/** Columns of single system relations. */
const SENSITIVE: Readonly<Record<RelationName, Readonly<Record<string, string>>>> = {
  'information_schema.processlist': { info: SESSION_TEXTS, info_binary: SESSION_TEXTS },
  'performance_schema.processlist': { info: SESSION_TEXTS },
  'information_schema.optimizer_trace': { query: SESSION_TEXTS, trace: VALUES },
  'information_schema.innodb_ft_index_table': { word: VALUES },
  'information_schema.innodb_ft_index_cache': { word: VALUES },
  'information_schema.user_variables': { variable_value: VALUES },
  'performance_schema.user_variables_by_thread': { variable_value: VALUES },
  'performance_schema.error_log': { data: SESSION_TEXTS },
  'performance_schema.session_connect_attrs': { attr_value: SESSION_TEXTS },
  'performance_schema.session_account_connect_attrs': { attr_value: SESSION_TEXTS },
  'mysql.general_log': { argument: SESSION_TEXTS },
  'mysql.user': { password: SECRETS },
  'mysql.global_priv': { priv: SECRETS },
  'mysql.password_history': { password: SECRETS },
  'mysql.servers': { password: SECRETS },
  'mysql.slave_master_info': { user_password: SECRETS },
};

/** Views of sys whose column `query` is a text of a session. */
const QUERY_VIEWS = /^sys\.(?:"x\$|x\$)?(?:statement|statements|schema_table_lock|session|processlist|latest_file_io|innodb_lock_waits)/;

function sensitiveColumn(relation: RelationName, column: string): OpaqueReason | undefined {
  const inRelation = Object.hasOwn(SENSITIVE, relation) ? SENSITIVE[relation]?.[column] : undefined;
  const anywhere = Object.hasOwn(ANYWHERE, column) ? ANYWHERE[column] : undefined;
  const detail = inRelation ?? anywhere ?? (column === 'query' && QUERY_VIEWS.test(relation) ? SESSION_TEXTS : undefined);
  return detail === undefined ? undefined : { kind: 'foreign-data', detail: `${relation}.${column}: ${detail}` };
}

/** Relations of `mysql` that only the server writes and that hold statistics of rows, in columns whose names differ by version. */
function sensitiveRelation(relation: RelationName): OpaqueReason | undefined {
  const [schema, name] = splitName(relation);
  const isStatistics = (schema === 'mysql' && name === 'column_stats') || (schema === 'information_schema' && name === 'column_statistics');
  return isStatistics ? { kind: 'foreign-data', detail: `${schema}.${name}: values of columns in statistics` } : undefined;
}

/** Accounts, rights, routines of libraries and servers are rows of `mysql`; settings are rows of the others. */
function writingIs(relation: RelationName): 'privilege' | 'administrative' | undefined {
  const [schema = ''] = splitName(relation);
  if (schema === 'mysql') return 'privilege';
  return isSystemSchema(schema) ? 'administrative' : undefined;
}

/** USE: names without a schema are those of that schema, and of no other. */
function searchPathOf(database: string, _state: SqlState, catalogue: Catalogue): readonly string[] | undefined {
  return catalogue.schemas.has(database) ? [database] : undefined;
}

export const MYSQL_RULES: DialectRules = {
  systemColumns: new Set(['_rowid']),
  sensitiveColumn,
  sensitiveRelation,
  writingIs,
  // Definitions of views name relations with their schemas, but functions without.
  storedSearchPath: (schema) => [schema],
  isSystemSchema,
  // Temporary tables stand in the schemas of the others.
  isTemporarySchema: () => false,
  temporaryShadows: true,
  searchPathOf,
  harmlessSettings: HARMLESS_SETTINGS,
  privilegeSettings: PRIVILEGE_SETTINGS,
  lexicalSettings: LEXICAL_SETTINGS,
  rowsAsValues: false,
  assignsInOrder: true,
  outputNamesInside: true,
  mergesInTableOrder: true,
  explainRunsRoutines: true,
  looseOperands: true,
  // MariaDB calls them after the expressions of the first row.
  valuesColumn: (at) => `column_${at}`,
  explainColumn: 'EXPLAIN',
};
