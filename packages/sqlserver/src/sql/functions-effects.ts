import type { OpaqueReason, RoutineFacts } from '@sqlwarden/core';

/** What is said of a function or procedure; its name is the key. */
export type RoutineEffect = Omit<RoutineFacts, 'name'>;

export function reads(kind: OpaqueReason['kind'], detail: string): (name: string) => RoutineEffect {
  return (name) => ({ category: 'unknown', opaque: { kind, detail: `${name} ${detail}` } });
}

export function each(names: string, effect: RoutineEffect | ((name: string) => RoutineEffect)): (readonly [string, RoutineEffect])[] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => [name, typeof effect === 'function' ? effect(name) : effect] as const);
}

const showsSessions = reads('foreign-data', 'shows the SQL of sessions');
const readsFiles = reads('foreign-data', "reads the server's files");
const readsLog = reads('foreign-data', 'reads the transaction log');
const readsValues = reads('foreign-data', 'shows values of rows');
const readsOutside = reads('foreign-data', 'reads outside of this database');

/** Scalar functions that do more than compute a value, by name. */
export const SCALAR_EFFECTS: ReadonlyMap<string, RoutineEffect> = new Map<string, RoutineEffect>([
  ['count', { category: 'aggregate', total: 'all', computes: 'count' }],
  ['count_big', { category: 'aggregate', total: 'all', computes: 'count' }],
  ['lower', { category: 'pure', total: 'all', computes: 'fold' }],
  ['upper', { category: 'pure', total: 'all', computes: 'fold' }],
  ...each('newid newsequentialid rand crypt_gen_random', { category: 'volatile' }),
  ['next value for', { category: 'volatile', total: 'all' }],
  // A conversion that failed quotes the value that it failed on.
  ['error_message', readsValues('error_message')],
  ['certprivatekey', { category: 'elevated', opaque: { kind: 'foreign-data', detail: 'certprivatekey tells a private key' } }],
  ...each(
    `ai_analyze_sentiment ai_classify ai_extract ai_fix_grammar ai_generate_embeddings ai_generate_response ai_summarize ai_translate`,
    (name) => ({ ...readsOutside(name), flow: { kind: 'external', name } }),
  ),
]);

/**
 * Table-valued functions of the server ("System Functions by category", "Dynamic Management Views and Functions"), which stand in `sys`, by
 * name. Their columns, where a statement can name them without an alias for all.
 */
export const TABLE_FUNCTIONS: ReadonlyMap<string, RoutineEffect> = new Map<string, RoutineEffect>([
  ...each('string_split', { category: 'pure', columns: ['value', 'ordinal'] }),
  ...each('generate_series', { category: 'pure', columns: ['value'] }),
  ...each('regexp_matches', {
    category: 'pure',
    columns: ['match_id', 'start_position', 'end_position', 'match_value', 'substring_matches'],
  }),
  ...each('regexp_split_to_table', { category: 'pure', columns: ['value', 'ordinal'] }),
  ...each('ai_generate_chunks', { category: 'pure', columns: ['chunk', 'chunk_order', 'chunk_offset', 'chunk_length'] }),
  ...each('fn_listextendedproperty', { category: 'pure', columns: ['objtype', 'objname', 'name', 'value'] }),
  ...each('fn_helpcollations', { category: 'pure', columns: ['name', 'description'] }),
  ...each('fn_my_permissions', { category: 'pure', columns: ['entity_name', 'subentity_name', 'permission_name'] }),
  ...each(
    `fn_builtin_permissions fn_check_object_signatures fn_translate_permissions
    fn_virtualfilestats fn_virtualservernodes fn_servershareddrives fn_physlocformatter fn_physloccracker fn_pagerescracker
    fn_stmt_sql_handle_from_sql_stmt fn_validate_plan_guide fn_hadr_backup_is_preferred_replica fn_hadr_is_primary_replica
    fn_hadr_distributed_ag_database_replica fn_hadr_distributed_ag_replica fn_cdc_decrement_lsn fn_cdc_get_column_ordinal
    fn_cdc_get_max_lsn fn_cdc_get_min_lsn fn_cdc_has_column_changed fn_cdc_increment_lsn fn_cdc_is_bit_set fn_cdc_map_lsn_to_time
    fn_cdc_map_time_to_lsn fn_varbintohexstr fn_varbintohexsubstring fn_trace_getinfo fn_trace_geteventinfo fn_trace_getfilterinfo
    fn_replformatdatetime fn_sqlvarbasetostr dm_db_index_operational_stats dm_db_index_physical_stats dm_db_page_info
    dm_db_database_page_allocations dm_db_stats_properties dm_db_stats_properties_internal dm_db_incremental_stats_properties
    dm_exec_cursors dm_exec_describe_first_result_set dm_exec_describe_first_result_set_for_object dm_exec_plan_attributes
    dm_exec_cached_plan_dependent_objects dm_io_virtual_file_stats dm_os_volume_stats dm_sql_referenced_entities
    dm_sql_referencing_entities dm_fts_parser dm_db_objects_disabled_on_compatibility_level_change dm_exec_xml_handles`,
    { category: 'pure' },
  ),
  ...each(
    `fn_get_sql dm_exec_sql_text dm_exec_input_buffer dm_exec_query_plan dm_exec_query_plan_stats dm_exec_text_query_plan
    dm_exec_query_statistics_xml fn_trace_gettable fn_xe_file_target_read_file fn_msxe_read_event_stream fn_get_audit_file
    fn_get_audit_file_v2`,
    showsSessions,
  ),
  ...each('fn_dblog fn_dblog_xtp fn_full_dblog fn_dump_dblog', readsLog),
  ...each('dm_os_enumerate_filesystem dm_os_file_exists fn_available_backups', readsFiles),
  ...each(
    `dm_db_stats_histogram dm_fts_index_keywords dm_fts_index_keywords_by_document dm_fts_index_keywords_by_property
    dm_fts_index_keywords_position_by_document`,
    readsValues,
  ),
]);
