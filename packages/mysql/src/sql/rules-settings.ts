/**
 * Session variables whose change alters neither names, lexis nor rights ("Server System Variables" of both manuals). Not here, besides
 * `sql_mode` and the character sets: what changes the protocol (`resultset_metadata`), who one is (`pseudo_*`, `proxy_user`),
 * what a transaction's end does (`completion_type`) or what ends up in the binary log. What `session_track_*` has the server tell are settings
 * and the current database, and no setting is given a protected value.
 */
const HARMLESS = `
  alter_algorithm analyze_max_length analyze_sample_percentage aria_repair_threads aria_sort_buffer_size aria_stats_method autocommit
  auto_increment_increment auto_increment_offset big_tables bulk_insert_buffer_size character_set_connection character_set_filesystem
  check_constraint_checks collation_connection column_compression_threshold column_compression_zlib_level
  column_compression_zlib_strategy column_compression_zlib_wrap connection_memory_chunk_size connection_memory_limit
  cte_max_recursion_depth deadlock_search_depth_long deadlock_search_depth_short deadlock_timeout_long deadlock_timeout_short
  default_collation_for_utf8mb4 default_regex_flags default_storage_engine default_table_encryption default_tmp_storage_engine
  default_week_format div_precision_increment end_markers_in_json eq_range_index_dive_limit error_count expensive_subquery_limit
  explain_format explain_json_format_version explicit_defaults_for_timestamp foreign_key_checks generated_random_password_length
  global_connection_memory_tracking group_concat_max_len histogram_generation_max_mem_size histogram_size histogram_type
  idle_readonly_transaction_timeout idle_transaction_timeout idle_write_transaction_timeout in_predicate_conversion_threshold
  information_schema_stats_expiry innodb_compression_default innodb_ddl_buffer_size innodb_ddl_threads innodb_ft_enable_stopword
  innodb_lock_wait_timeout innodb_parallel_read_threads innodb_snapshot_isolation innodb_strict_mode innodb_table_locks insert_id
  interactive_timeout internal_tmp_mem_storage_engine join_buffer_size join_buffer_space_limit join_cache_level keep_files_on_create
  lc_messages lc_time_names lock_wait_timeout log_queries_not_using_indexes log_slow_admin_statements log_slow_disabled_statements
  log_slow_extra log_slow_filter log_slow_max_warnings log_slow_min_examined_row_limit log_slow_query log_slow_query_time
  log_slow_rate_limit log_slow_slave_statements log_slow_verbosity log_warnings long_query_time low_priority_updates max_allowed_packet
  max_delayed_threads max_error_count max_execution_time max_heap_table_size max_insert_delayed_threads max_join_size
  max_length_for_sort_data max_points_in_geometry max_recursive_iterations max_rowid_filter_size max_seeks_for_key max_session_mem_used
  max_sort_length max_sp_recursion_depth max_statement_time max_tmp_tables min_examined_row_limit mrr_buffer_size
  myisam_repair_threads myisam_sort_buffer_size myisam_stats_method net_buffer_length net_read_timeout net_retry_count
  net_write_timeout new note_verbosity old_alter_table optimizer_adjust_secondary_key_costs optimizer_extra_pruning_depth
  optimizer_join_limit_pref_ratio optimizer_max_sel_arg_weight optimizer_max_sel_args optimizer_max_subgraph_pairs optimizer_prune_level
  optimizer_search_depth optimizer_selectivity_sampling_limit optimizer_switch optimizer_trace optimizer_trace_features
  optimizer_trace_limit optimizer_trace_max_mem_size optimizer_trace_offset optimizer_use_condition_selectivity
  parser_max_mem_size preload_buffer_size print_identified_with_as_hex profiling profiling_history_size progress_report_time
  query_alloc_block_size query_cache_strip_comments query_cache_type query_cache_wlock_invalidate query_prealloc_size
  rand_seed1 rand_seed2 range_alloc_block_size range_optimizer_max_mem_size read_buffer_size read_rnd_buffer_size require_row_format
  rowid_merge_buff_size session_track_schema session_track_state_change session_track_system_variables
  session_track_transaction_info secondary_engine_cost_threshold select_into_buffer_size select_into_disk_sync select_into_disk_sync_delay
  set_operations_buffer_size show_create_table_skip_secondary_engine show_create_table_verbosity show_gipk_in_create_table_and_information_schema
  show_old_temporals slow_query_log sort_buffer_size sql_auto_is_null sql_big_selects sql_buffer_result sql_notes
  sql_quote_show_create sql_require_primary_key sql_safe_updates sql_select_limit sql_warnings standard_compliant_cte storage_engine
  system_versioning_alter_history system_versioning_asof system_versioning_insert_history tcp_nodelay thread_pool_priority
  time_zone timestamp tmp_disk_table_size tmp_memory_table_size tmp_table_size transaction transaction_alloc_block_size
  transaction_isolation transaction_prealloc_size transaction_read_only tx_isolation tx_read_only unique_checks updatable_views_with_limit
  use_secondary_engine use_stat_tables wait_timeout warning_count windowing_use_high_precision xa_detach_on_prepare`;

export const HARMLESS_SETTINGS: ReadonlySet<string> = new Set(HARMLESS.trim().split(/\s+/));

/** Settings whose change is a change of rights: roles, passwords, whom one stands for, and what is logged for others to repeat. */
export const PRIVILEGE_SETTINGS: ReadonlySet<string> = new Set([
  'role',
  'default_role',
  'password',
  'binlog_format',
  'gtid_next',
  'proxy_user',
  'pseudo_replica_mode',
  'pseudo_slave_mode',
  'pseudo_thread_id',
  'skip_replication',
  'sql_log_bin',
  'sql_log_off',
]);

/** Settings that the parser follows from one statement of a text to the next, and refuses where it cannot. Names mean the same under all of them. */
export const LEXICAL_SETTINGS: ReadonlySet<string> = new Set(['sql_mode', 'names', 'character set', 'character_set_client']);
