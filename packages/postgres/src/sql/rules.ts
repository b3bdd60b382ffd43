import { INTENT_FIELDS, joinName } from '@sqlwarden/core';
import type { Catalogue, DialectRules, OpaqueReason, RelationName, SqlState } from '@sqlwarden/core';
import { searchPathNames } from './search-path.js';

/** What PostgreSQL's names and settings mean, for the resolver. */

const SYSTEM_SCHEMAS = new Set(['pg_catalog', 'information_schema', 'pg_toast']);

export function isTemporarySchema(schema: string): boolean {
  return schema === 'pg_temp' || schema.startsWith('pg_temp_');
}

const SESSION_TEXTS: OpaqueReason = { kind: 'foreign-data', detail: 'SQL of sessions' };
const SECRETS: OpaqueReason = { kind: 'foreign-data', detail: 'passwords and connection strings' };
const STATISTICS: OpaqueReason = { kind: 'foreign-data', detail: 'values of columns in statistics' };
/** Figures of statistics that tell of values: how long they are, how many are equal, whether their order is that of the rows. */
const FIGURES = [
  'avg_width',
  'n_distinct',
  'correlation',
  'most_common_freqs',
  'most_common_elem_freqs',
  'elem_count_histogram',
  'range_empty_frac',
] as const;
const LARGE_OBJECTS: OpaqueReason = { kind: 'foreign-data', detail: 'large objects' };
const FILES: OpaqueReason = { kind: 'foreign-data', detail: "the server's configuration files" };

/** Columns of system relations that hold values of other relations, texts of other sessions, files or secrets. The rest says nothing of data. */
const SENSITIVE: Readonly<Record<RelationName, readonly [OpaqueReason, ...string[]]>> = {
  'pg_catalog.pg_stat_activity': [SESSION_TEXTS, 'query'],
  'pg_catalog.pg_prepared_statements': [SESSION_TEXTS, 'statement'],
  'pg_catalog.pg_cursors': [SESSION_TEXTS, 'statement'],
  'pg_catalog.pg_backend_memory_contexts': [SESSION_TEXTS, 'ident'],
  'pg_catalog.pg_authid': [SECRETS, 'rolpassword'],
  'pg_catalog.pg_shadow': [SECRETS, 'passwd'],
  'pg_catalog.pg_user_mapping': [SECRETS, 'umoptions'],
  'pg_catalog.pg_user_mappings': [SECRETS, 'umoptions'],
  'pg_catalog.pg_subscription': [SECRETS, 'subconninfo'],
  'pg_catalog.pg_stat_wal_receiver': [SECRETS, 'conninfo'],
  'information_schema.user_mapping_options': [SECRETS, 'option_value'],
  'information_schema._pg_user_mappings': [SECRETS, 'umoptions'],
  'pg_catalog.pg_file_settings': [FILES, 'setting', 'error'],
  'pg_catalog.pg_hba_file_rules': [FILES, 'user_name', 'address', 'options', 'error'],
  'pg_catalog.pg_ident_file_mappings': [FILES, 'sys_name', 'pg_username', 'error'],
  'pg_catalog.pg_largeobject': [LARGE_OBJECTS, 'data'],
  'pg_catalog.pg_stats': [
    STATISTICS,
    'most_common_vals',
    'histogram_bounds',
    'most_common_elems',
    'range_length_histogram',
    'range_bounds_histogram',
    ...FIGURES,
  ],
  'pg_catalog.pg_statistic': [STATISTICS, 'stawidth', 'stadistinct', ...['stanumbers', 'stavalues'].flatMap(oneToFive)],
  'pg_catalog.pg_statistic_ext_data': [STATISTICS, 'stxdmcv', 'stxdexpr', 'stxdndistinct', 'stxddependencies'],
  'pg_catalog.pg_stats_ext': [STATISTICS, 'most_common_vals', 'most_common_freqs', 'most_common_base_freqs', 'n_distinct', 'dependencies'],
  'pg_catalog.pg_stats_ext_exprs': [STATISTICS, 'most_common_vals', 'histogram_bounds', 'most_common_elems', ...FIGURES],
};

function oneToFive(name: string): string[] {
  return [1, 2, 3, 4, 5].map((number) => `${name}${number}`);
}

function sensitiveColumn(relation: RelationName, column: string): OpaqueReason | undefined {
  const entry = SENSITIVE[relation];
  if (entry === undefined) return undefined;
  const [reason, ...columns] = entry;
  return columns.includes(column) ? { kind: reason.kind, detail: `${relation}.${joinName(column)}: ${reason.detail}` } : undefined;
}

/** Settings that drivers, ORMs and people change all the time, and that change neither names, lexis nor rights. */
const HARMLESS_SETTINGS = `
  allow_in_place_tablespaces application_name array_nulls backend_flush_after backslash_quote bytea_output check_function_bodies
  client_connection_check_interval client_min_messages commit_delay commit_siblings constraint_exclusion constraints cpu_index_tuple_cost
  cpu_operator_cost cpu_tuple_cost cursor_tuple_fraction datestyle deadlock_timeout debug_pretty_print default_statistics_target
  default_toast_compression default_transaction_deferrable default_transaction_isolation default_transaction_read_only
  effective_cache_size effective_io_concurrency enable_async_append enable_bitmapscan enable_distinct_reordering enable_gathermerge
  enable_group_by_reordering enable_hashagg enable_hashjoin enable_incremental_sort enable_indexonlyscan enable_indexscan
  enable_material enable_memoize enable_mergejoin enable_nestloop enable_parallel_append enable_parallel_hash
  enable_partition_pruning enable_partitionwise_aggregate enable_partitionwise_join enable_presorted_aggregate
  enable_self_join_elimination enable_seqscan enable_sort enable_tidscan escape_string_warning exit_on_error extra_float_digits
  from_collapse_limit geqo geqo_effort geqo_generations geqo_pool_size geqo_seed geqo_selection_bias geqo_threshold
  gin_fuzzy_search_limit gin_pending_list_limit hash_mem_multiplier idle_in_transaction_session_timeout idle_session_timeout
  intervalstyle io_combine_limit jit jit_above_cost jit_inline_above_cost jit_optimize_above_cost join_collapse_limit lc_messages
  lc_monetary lc_numeric lc_time lock_timeout logical_decoding_work_mem
  maintenance_io_concurrency maintenance_work_mem max_parallel_maintenance_workers max_parallel_workers max_parallel_workers_per_gather
  min_parallel_index_scan_size min_parallel_table_scan_size parallel_leader_participation parallel_setup_cost parallel_tuple_cost
  plan_cache_mode quote_all_identifiers random_page_cost recursive_worktable_factor row_security seed seq_page_cost session_characteristics
  statement_timeout stats_fetch_consistency synchronize_seqscans synchronous_commit tcp_keepalives_count tcp_keepalives_idle
  tcp_keepalives_interval tcp_user_timeout temp_buffers timezone timezone_abbreviations track_activities track_counts track_functions
  track_io_timing transaction transaction_deferrable transaction_isolation transaction_read_only transaction_timeout
  vacuum_cost_delay vacuum_cost_limit wal_compression wal_skip_threshold work_mem xmlbinary xmloption`;

/** Settings whose change is a change of rights: who one is, whether triggers and rules run. `row_security` only says whether a filtered query fails. */
const PRIVILEGE_SETTINGS = ['role', 'session_authorization', 'session_replication_role'];

/**
 * The schemas that are searched after the search path was set to constants ("The Schema Search Path"): `"$user"` is the role's own schema,
 * schemas that do not exist are passed over, pg_catalog is first unless it is named, and before it the session's temporary schema.
 */
function effectiveSearchPath(values: readonly string[] | 'default', state: SqlState, catalogue: Catalogue): readonly string[] | undefined {
  // What the default is, only the server knows.
  if (values === 'default') return undefined;
  const temporary = state.searchPath.find((schema) => isTemporarySchema(schema));
  const path: string[] = [];
  for (const value of values) {
    const schema = value === '$user' ? state.role : value === 'pg_temp' ? (temporary ?? value) : value;
    if (catalogue.schemas.has(schema) || schema === temporary) path.push(schema);
  }
  const implicit = path.includes('pg_catalog') ? path : ['pg_catalog', ...path];
  return temporary === undefined || implicit.includes(temporary) ? implicit : [temporary, ...implicit];
}

/** What the session's setting names. States of sessions always have it; where it is missing it is the default. */
function namedSchemas({ lexical, role }: SqlState): readonly string[] {
  return searchPathNames(lexical['search_path'] ?? '"$user"').map((name) => (name === '$user' ? role : name));
}

export const POSTGRES_RULES: DialectRules = {
  // They say where a row lies and which transaction wrote it, nothing of what it holds.
  systemColumns: new Set(['ctid', 'tableoid', 'xmin', 'xmax', 'cmin', 'cmax']),
  sensitiveColumn,
  // Definitions are read under this path: everything else is qualified in them.
  viewSearchPath: ['pg_catalog'],
  isSystemSchema: (schema) => SYSTEM_SCHEMAS.has(schema),
  isTemporarySchema,
  harmlessSettings: new Set(HARMLESS_SETTINGS.trim().split(/\s+/)),
  privilegeSettings: new Set(PRIVILEGE_SETTINGS),
  lexicalSettings: new Set(INTENT_FIELDS.map((field) => `sqlwarden.${field}`)),
  searchPathSetting: 'search_path',
  effectiveSearchPath,
  namedSchemas,
  rowsAsValues: true,
  callReturnsParameters: true,
  explainColumn: 'QUERY PLAN',
  showAllColumns: ['name', 'setting', 'description'],
};
