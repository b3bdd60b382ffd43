/**
 * The routines and the most used relations of the system schemas as PostgreSQL 18 answers to `ROUTINES_SQL` and `COLUMNS_SQL`, for
 * catalogues that are made without a server. Left out are routines that only types, operators, aggregates and indexes call.
 */

/** Names by kind, least and greatest number of arguments (`*`: any), and what they return; of overloads all together. */
export const SYSTEM_ROUTINES: Readonly<Record<string, string>> = {
  'function 1 1 value': `
    abbrev abs acos acosd acosh amvalidate area array_dims array_ndims array_reverse array_shuffle array_to_tsvector ascii asin asind
    asinh atan atand atanh bit_count bit_length bool broadcast bytea cardinality casefold cash_words cbrt ceil ceiling center char
    char_length character_length chr cidr cos cosd cosh cot cotd crc32 crc32c current_schemas currval date daterange_canonical degrees
    dexp diagonal diameter dlog1 dlog10 dround dtrunc enum_first enum_last enum_out enum_send erf erfc exp factorial family float4
    float8 floor fmgr_c_validator fmgr_internal_validator fmgr_sql_validator gamma hashtext height host hostmask initcap int2 int4
    int4range_canonical int8 int8range_canonical isclosed isempty isfinite isopen json_array_length json_typeof jsonb_array_length
    jsonb_pretty jsonb_typeof justify_days justify_hours justify_interval lgamma ln lo_close lo_creat lo_create lo_tell lo_tell64
    lo_unlink log10 lower lower_inc lower_inf macaddr macaddr8 macaddr8_set7bit masklen md5 min_scale money multirange mxid_age name
    netmask network nextval npoints numeric_exp numeric_inc numeric_ln numeric_sqrt numnode octet_length oid oidvectortypes path
    pclose pg_basetype pg_blocking_pids pg_cancel_backend pg_char_to_encoding pg_collation_actual_version pg_collation_for
    pg_collation_is_visible pg_column_compression pg_column_size pg_column_toast_chunk_id pg_conversion_is_visible
    pg_create_restore_point pg_database_collation_actual_version pg_database_size pg_drop_replication_slot pg_encoding_max_length
    pg_encoding_to_char pg_function_is_visible pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result
    pg_get_function_sqlbody pg_get_functiondef pg_get_partition_constraintdef pg_get_partkeydef pg_get_replica_identity_index
    pg_get_sequence_data pg_get_statisticsobjdef pg_get_statisticsobjdef_columns pg_get_statisticsobjdef_expressions pg_get_userbyid
    pg_import_system_collations pg_indexes_size pg_is_other_temp_schema pg_log_backend_memory_contexts pg_lsn pg_opclass_is_visible
    pg_operator_is_visible pg_opfamily_is_visible pg_partition_root pg_relation_filenode pg_relation_filepath
    pg_relation_is_publishable pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_oid
    pg_replication_origin_session_progress pg_replication_origin_session_setup pg_safe_snapshot_blocking_pids pg_sequence_last_value
    pg_sequence_parameters pg_settings_get_flags pg_size_bytes pg_size_pretty pg_sleep pg_sleep_for pg_sleep_until pg_snapshot_xmax
    pg_snapshot_xmin pg_split_walfile_name pg_stat_get_analyze_count pg_stat_get_autoanalyze_count pg_stat_get_autovacuum_count
    pg_stat_get_backend_activity pg_stat_get_backend_activity_start pg_stat_get_backend_client_addr pg_stat_get_backend_client_port
    pg_stat_get_backend_dbid pg_stat_get_backend_pid pg_stat_get_backend_start pg_stat_get_backend_subxact pg_stat_get_backend_userid
    pg_stat_get_backend_wait_event pg_stat_get_backend_wait_event_type pg_stat_get_backend_wal pg_stat_get_backend_xact_start
    pg_stat_get_blocks_fetched pg_stat_get_blocks_hit pg_stat_get_db_active_time pg_stat_get_db_blk_read_time
    pg_stat_get_db_blk_write_time pg_stat_get_db_blocks_fetched pg_stat_get_db_blocks_hit pg_stat_get_db_checksum_failures
    pg_stat_get_db_checksum_last_failure pg_stat_get_db_conflict_all pg_stat_get_db_conflict_bufferpin pg_stat_get_db_conflict_lock
    pg_stat_get_db_conflict_logicalslot pg_stat_get_db_conflict_snapshot pg_stat_get_db_conflict_startup_deadlock
    pg_stat_get_db_conflict_tablespace pg_stat_get_db_deadlocks pg_stat_get_db_idle_in_transaction_time pg_stat_get_db_numbackends
    pg_stat_get_db_parallel_workers_launched pg_stat_get_db_parallel_workers_to_launch pg_stat_get_db_session_time
    pg_stat_get_db_sessions pg_stat_get_db_sessions_abandoned pg_stat_get_db_sessions_fatal pg_stat_get_db_sessions_killed
    pg_stat_get_db_stat_reset_time pg_stat_get_db_temp_bytes pg_stat_get_db_temp_files pg_stat_get_db_tuples_deleted
    pg_stat_get_db_tuples_fetched pg_stat_get_db_tuples_inserted pg_stat_get_db_tuples_returned pg_stat_get_db_tuples_updated
    pg_stat_get_db_xact_commit pg_stat_get_db_xact_rollback pg_stat_get_dead_tuples pg_stat_get_function_calls
    pg_stat_get_function_self_time pg_stat_get_function_total_time pg_stat_get_ins_since_vacuum pg_stat_get_last_analyze_time
    pg_stat_get_last_autoanalyze_time pg_stat_get_last_autovacuum_time pg_stat_get_last_vacuum_time pg_stat_get_lastscan
    pg_stat_get_live_tuples pg_stat_get_mod_since_analyze pg_stat_get_numscans pg_stat_get_replication_slot
    pg_stat_get_subscription_stats pg_stat_get_total_analyze_time pg_stat_get_total_autoanalyze_time pg_stat_get_total_autovacuum_time
    pg_stat_get_total_vacuum_time pg_stat_get_tuples_deleted pg_stat_get_tuples_fetched pg_stat_get_tuples_hot_updated
    pg_stat_get_tuples_inserted pg_stat_get_tuples_newpage_updated pg_stat_get_tuples_returned pg_stat_get_tuples_updated
    pg_stat_get_vacuum_count pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit pg_stat_get_xact_function_calls
    pg_stat_get_xact_function_self_time pg_stat_get_xact_function_total_time pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted
    pg_stat_get_xact_tuples_fetched pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted
    pg_stat_get_xact_tuples_newpage_updated pg_stat_get_xact_tuples_returned pg_stat_get_xact_tuples_updated
    pg_stat_reset_backend_stats pg_stat_reset_replication_slot pg_stat_reset_single_function_counters
    pg_stat_reset_single_table_counters pg_stat_reset_subscription_stats pg_statistics_obj_is_visible pg_table_is_visible
    pg_table_size pg_tablespace_location pg_tablespace_size pg_total_relation_size pg_ts_config_is_visible pg_ts_dict_is_visible
    pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible pg_typeof pg_walfile_name pg_walfile_name_offset
    pg_xact_commit_timestamp pg_xact_commit_timestamp_origin pg_xact_status plpgsql_validator popen querytree quote_ident
    quote_literal quote_nullable radians radius range_merge regclass reverse row_security_active scale setseed sha224 sha256 sha384
    sha512 shell_in shell_out sign sin sind sinh sqrt strip tan tand tanh text textlen to_bin to_hex to_json to_jsonb to_oct
    to_regclass to_regcollation to_regnamespace to_regoper to_regoperator to_regproc to_regprocedure to_regrole to_regtype
    to_regtypemod trim_scale tsvector_to_array txid_snapshot_xmax txid_snapshot_xmin txid_status unicode_assigned unistr upper
    upper_inc upper_inf uuid_extract_timestamp uuid_extract_version width xid xml xml_is_well_formed xml_is_well_formed_content
    xml_is_well_formed_document xmlcomment xmltext`,
  'function 2 2 value': `
    acldefault array_length array_lower array_positions array_remove array_sample array_upper atan2 atan2d col_description
    convert_from convert_to currtid2 date_part daterange_subdiff decode div encode enum_in extract format_type gcd get_bit get_byte
    hashtextextended int4range_subdiff int8range_subdiff isparallel isperp jsonb_populate_record jsonb_populate_record_valid lcm left
    like like_escape line lo_export lo_from_bytea lo_open lo_truncate lo_truncate64 loread lowrite mod nameconcatoid notlike
    numeric_div_trunc numeric_log numrange_subdiff pg_clear_relation_stats pg_extension_config_dump pg_filenode_relation
    pg_get_function_arg_default pg_get_serial_sequence pg_index_has_property pg_indexam_has_property pg_indexam_progress_phasename
    pg_input_error_info pg_input_is_valid pg_isolation_test_session_is_blocked pg_notify pg_relation_is_updatable
    pg_replication_origin_advance pg_replication_origin_progress pg_replication_origin_xact_setup pg_replication_slot_advance
    pg_visible_in_snapshot pg_wal_lsn_diff position postgresql_fdw_validator pow power repeat right set_masklen shobj_description
    similar_escape slope strpos to_char to_date to_number trim_array ts_delete ts_filter ts_lexize tsrange_subdiff tstzrange_subdiff
    txid_visible_in_snapshot xmlexists xmlvalidate`,
  'function 1 1 set': `
    aclexplode json_array_elements json_array_elements_text json_each json_each_text json_object_keys jsonb_array_elements
    jsonb_array_elements_text jsonb_each jsonb_each_text jsonb_object_keys pg_extension_update_paths pg_get_multixact_members
    pg_ls_replslotdir pg_mcv_list_items pg_options_to_table pg_partition_ancestors pg_partition_tree pg_snapshot_xip
    pg_stat_get_activity pg_stat_get_backend_io pg_stat_get_progress_info pg_stat_get_subscription pg_tablespace_databases
    ts_token_type txid_snapshot_xip unnest`,
  'function 1 2 value': `
    age array_to_json box btrim circle current_setting enum_range interval is_normalized ishorizontal isvertical json_object
    json_strip_nulls jsonb_object jsonb_strip_nulls length lo_import log lseg ltrim normalize numeric obj_description parse_ident
    pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_shared pg_advisory_xact_lock
    pg_advisory_xact_lock_shared pg_backup_start pg_get_constraintdef pg_get_ruledef pg_get_triggerdef pg_get_viewdef pg_relation_size
    pg_stat_file pg_terminate_backend pg_try_advisory_lock pg_try_advisory_lock_shared pg_try_advisory_xact_lock
    pg_try_advisory_xact_lock_shared phraseto_tsquery plainto_tsquery point polygon round row_to_json rtrim similar_to_escape time
    timestamp timestamptz timetz timezone to_ascii to_timestamp to_tsquery to_tsvector trunc websearch_to_tsquery`,
  'aggregate 1 1 value': `
    any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or every json_agg json_agg_strict jsonb_agg jsonb_agg_strict mode
    range_agg range_intersect_agg stddev stddev_pop stddev_samp sum var_pop var_samp variance xmlagg`,
  'function 2 3 value': `
    array_fill array_position array_to_string bit date_add date_subtract date_trunc daterange has_any_column_privilege
    has_database_privilege has_foreign_data_wrapper_privilege has_function_privilege has_language_privilege has_largeobject_privilege
    has_parameter_privilege has_schema_privilege has_sequence_privilege has_server_privilege has_table_privilege
    has_tablespace_privilege has_type_privilege int4range int8range json_populate_record json_to_tsvector jsonb_to_tsvector lpad
    numrange pg_copy_physical_replication_slot pg_get_expr pg_has_role regexp_like regexp_match regexp_split_to_array rpad setval
    setweight string_to_array substr substring ts_rewrite tsrange tstzrange xpath xpath_exists`,
  'function 3 3 value': `
    array_replace convert database_to_xml database_to_xml_and_xmlschema database_to_xmlschema date_bin lo_lseek lo_lseek64 lo_put
    make_date make_time pg_column_is_updatable pg_describe_object pg_get_acl pg_get_object_address pg_identify_object
    pg_identify_object_as_address pg_index_column_has_property pg_nextoid pg_stat_have_stats replace set_bit set_byte set_config
    split_part translate tsquery_phrase varbit`,
  'function 1 3 value': 'array_sort bpchar lo_get pg_create_physical_replication_slot pg_get_indexdef varchar',
  'function 0 0 value': `
    tsvector_update_trigger tsvector_update_trigger_column
    clock_timestamp current_database current_query current_schema current_user gen_random_uuid get_current_ts_config
    getdatabaseencoding getpgusername icu_unicode_version inet_client_addr inet_client_port inet_server_addr inet_server_port lastval
    now pg_advisory_unlock_all pg_backend_pid pg_client_encoding pg_conf_load_time pg_control_checkpoint pg_control_init
    pg_control_recovery pg_control_system pg_current_snapshot pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn
    pg_current_xact_id pg_current_xact_id_if_assigned pg_event_trigger_table_rewrite_oid pg_event_trigger_table_rewrite_reason
    pg_export_snapshot pg_get_wal_replay_pause_state pg_get_wal_summarizer_state pg_is_in_recovery pg_is_wal_replay_paused
    pg_jit_available pg_last_committed_xact pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp
    pg_log_standby_snapshot pg_my_temp_schema pg_notification_queue_usage pg_numa_available pg_postmaster_start_time pg_reload_conf
    pg_replication_origin_session_is_setup pg_replication_origin_session_reset pg_replication_origin_xact_reset pg_rotate_logfile
    pg_stat_clear_snapshot pg_stat_force_next_flush pg_stat_get_archiver pg_stat_get_bgwriter_buf_written_clean
    pg_stat_get_bgwriter_maxwritten_clean pg_stat_get_bgwriter_stat_reset_time pg_stat_get_buf_alloc
    pg_stat_get_checkpointer_buffers_written pg_stat_get_checkpointer_num_performed pg_stat_get_checkpointer_num_requested
    pg_stat_get_checkpointer_num_timed pg_stat_get_checkpointer_restartpoints_performed
    pg_stat_get_checkpointer_restartpoints_requested pg_stat_get_checkpointer_restartpoints_timed
    pg_stat_get_checkpointer_slru_written pg_stat_get_checkpointer_stat_reset_time pg_stat_get_checkpointer_sync_time
    pg_stat_get_checkpointer_write_time pg_stat_get_snapshot_timestamp pg_stat_get_wal pg_stat_get_wal_receiver pg_stat_reset
    pg_stop_making_pinned_objects pg_switch_wal pg_sync_replication_slots pg_trigger_depth pg_wal_replay_pause pg_wal_replay_resume pi
    plpgsql_call_handler session_user statement_timestamp system_user timeofday transaction_timestamp txid_current
    txid_current_if_assigned txid_current_snapshot unicode_version uuidv4 version`,
  'function 1 * value': 'concat format num_nonnulls num_nulls pg_restore_attribute_stats pg_restore_relation_stats',
  'function 2 * value': 'concat_ws',
  'aggregate 2 2 value': `
    corr covar_pop covar_samp json_object_agg json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict
    jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict percentile_cont percentile_disc
    regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy string_agg`,
  'aggregate 0 1 value': 'count',
  'aggregate 0 * value': 'cume_dist dense_rank',
  'function 5 5 value': 'cursor_to_xml',
  'function 4 4 value': `
    cursor_to_xmlschema makeaclitem overlaps pg_clear_attribute_stats query_to_xml query_to_xml_and_xmlschema query_to_xmlschema
    schema_to_xml schema_to_xml_and_xmlschema schema_to_xmlschema table_to_xml table_to_xml_and_xmlschema table_to_xmlschema`,
  'function 0 * value': `
    datemultirange json_build_array json_build_object jsonb_build_array jsonb_build_object nummultirange tsmultirange tstzmultirange`,
  'window 1 1 value': 'first_value last_value ntile',
  'function 2 4 set': 'generate_series jsonb_path_query jsonb_path_query_tz',
  'function 2 3 set': `
    generate_subscripts json_populate_recordset regexp_matches regexp_split_to_table string_to_table`,
  'function 3 4 value': 'has_column_privilege jsonb_insert jsonb_set overlay pg_logical_emit_message',
  'function 1 1 record': 'json_to_record jsonb_to_record',
  'function 1 1 records': 'json_to_recordset jsonb_to_recordset',
  'function 2 4 value': `
    jsonb_path_exists jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz jsonb_path_query_array jsonb_path_query_array_tz
    jsonb_path_query_first jsonb_path_query_first_tz pg_copy_logical_replication_slot regexp_count ts_headline ts_rank ts_rank_cd
    width_bucket`,
  'function 2 2 set': 'jsonb_populate_recordset ts_parse',
  'function 3 5 value': 'jsonb_set_lax',
  'window 1 3 value': 'lag lead',
  'function 0 7 value': 'make_interval',
  'function 6 6 value': 'make_timestamp',
  'function 6 7 value': 'make_timestamptz',
  'aggregate 1 1 record': 'max min',
  'window 2 2 value': 'nth_value',
  'window 0 * value': 'percent_rank rank',
  'function 0 0 set': `
    pg_available_extension_versions pg_available_extensions pg_available_wal_summaries pg_config pg_cursor
    pg_event_trigger_ddl_commands pg_event_trigger_dropped_objects pg_get_aios pg_get_backend_memory_contexts
    pg_get_catalog_foreign_keys pg_get_keywords pg_get_loaded_modules pg_get_replication_slots pg_get_shmem_allocations
    pg_get_shmem_allocations_numa pg_get_wait_events pg_get_wal_resource_managers pg_hba_file_rules pg_ident_file_mappings
    pg_listening_channels pg_lock_status pg_ls_archive_statusdir pg_ls_logdir pg_ls_logicalmapdir pg_ls_logicalsnapdir
    pg_ls_summariesdir pg_ls_waldir pg_prepared_statement pg_prepared_xact pg_show_all_file_settings pg_show_all_settings
    pg_show_replication_origin_status pg_stat_get_backend_idset pg_stat_get_io pg_stat_get_recovery_prefetch pg_stat_get_slru
    pg_stat_get_wal_senders pg_timezone_abbrevs_abbrevs pg_timezone_abbrevs_zone pg_timezone_names`,
  'function 0 1 value': 'pg_backup_stop pg_current_logfile pg_stat_reset_shared pg_stat_reset_slru uuidv7',
  'function 2 5 value': 'pg_create_logical_replication_slot',
  'function 1 * set': 'pg_get_publication_tables',
  'function 3 * set': `
    pg_logical_slot_get_binary_changes pg_logical_slot_get_changes pg_logical_slot_peek_binary_changes pg_logical_slot_peek_changes`,
  'function 1 3 set': 'pg_ls_dir',
  'function 0 1 set': 'pg_ls_tmpdir',
  'function 0 2 value': 'pg_promote random random_normal',
  'function 1 4 value': 'pg_read_binary_file pg_read_file',
  'function 3 3 set': 'pg_wal_summary_contents',
  'function 2 7 value': 'regexp_instr',
  'function 3 6 value': 'regexp_replace',
  'function 2 6 value': 'regexp_substr',
  'window 0 0 value': 'row_number',
  'function 4 * value': 'satisfies_hash_partition',
  'function 1 2 set': 'ts_debug ts_stat',
};

/** Columns of those that return more than one. */
export const SYSTEM_ROUTINE_COLUMNS: Readonly<Record<string, string>> = {
  aclexplode: 'grantor grantee privilege_type is_grantable',
  json_array_elements: 'value',
  json_array_elements_text: 'value',
  json_each: 'key value',
  json_each_text: 'key value',
  jsonb_array_elements: 'value',
  jsonb_array_elements_text: 'value',
  jsonb_each: 'key value',
  jsonb_each_text: 'key value',
  pg_available_extension_versions: 'name version superuser trusted relocatable schema requires comment',
  pg_available_extensions: 'name default_version comment',
  pg_available_wal_summaries: 'tli start_lsn end_lsn',
  pg_backup_stop: 'lsn labelfile spcmapfile',
  pg_config: 'name setting',
  pg_control_checkpoint:
    'checkpoint_lsn redo_lsn redo_wal_file timeline_id prev_timeline_id full_page_writes next_xid next_oid next_multixact_id next_multi_offset oldest_xid oldest_xid_dbid oldest_active_xid oldest_multi_xid oldest_multi_dbid oldest_commit_ts_xid newest_commit_ts_xid checkpoint_time',
  pg_control_init:
    'max_data_alignment database_block_size blocks_per_segment wal_block_size bytes_per_wal_segment max_identifier_length max_index_columns max_toast_chunk_size large_object_chunk_size float8_pass_by_value data_page_checksum_version default_char_signedness',
  pg_control_recovery: 'min_recovery_end_lsn min_recovery_end_timeline backup_start_lsn backup_end_lsn end_of_backup_record_required',
  pg_control_system: 'pg_control_version catalog_version_no system_identifier pg_control_last_modified',
  pg_copy_logical_replication_slot: 'slot_name lsn',
  pg_copy_physical_replication_slot: 'slot_name lsn',
  pg_create_logical_replication_slot: 'slot_name lsn',
  pg_create_physical_replication_slot: 'slot_name lsn',
  pg_cursor: 'name statement is_holdable is_binary is_scrollable creation_time',
  pg_event_trigger_ddl_commands: 'classid objid objsubid command_tag object_type schema_name object_identity in_extension command',
  pg_event_trigger_dropped_objects:
    'classid objid objsubid original normal is_temporary object_type schema_name object_name object_identity address_names address_args',
  pg_event_trigger_table_rewrite_oid: 'oid',
  pg_extension_update_paths: 'source target path',
  pg_get_aios:
    'pid io_id io_generation state operation off length target handle_data_len raw_result result target_desc f_sync f_localmem f_buffered',
  pg_get_backend_memory_contexts: 'name ident type level path total_bytes total_nblocks free_bytes free_chunks used_bytes',
  pg_get_catalog_foreign_keys: 'fktable fkcols pktable pkcols is_array is_opt',
  pg_get_keywords: 'word catcode barelabel catdesc baredesc',
  pg_get_loaded_modules: 'module_name version file_name',
  pg_get_multixact_members: 'xid mode',
  pg_get_object_address: 'classid objid objsubid',
  pg_get_publication_tables: 'pubid relid attrs qual',
  pg_get_replication_slots:
    'slot_name plugin slot_type datoid temporary active active_pid xmin catalog_xmin restart_lsn confirmed_flush_lsn wal_status safe_wal_size two_phase two_phase_at inactive_since conflicting invalidation_reason failover synced',
  pg_get_sequence_data: 'last_value is_called',
  pg_get_shmem_allocations: 'name off size allocated_size',
  pg_get_shmem_allocations_numa: 'name numa_node size',
  pg_get_wait_events: 'type name description',
  pg_get_wal_resource_managers: 'rm_id rm_name rm_builtin',
  pg_get_wal_summarizer_state: 'summarized_tli summarized_lsn pending_lsn summarizer_pid',
  pg_hba_file_rules: 'rule_number file_name line_number type database user_name address netmask auth_method options error',
  pg_ident_file_mappings: 'map_number file_name line_number map_name sys_name pg_username error',
  pg_identify_object: 'type schema name identity',
  pg_identify_object_as_address: 'type object_names object_args',
  pg_input_error_info: 'message detail hint sql_error_code',
  pg_last_committed_xact: 'xid timestamp roident',
  pg_lock_status:
    'locktype database relation page tuple virtualxid transactionid classid objid objsubid virtualtransaction pid mode granted fastpath waitstart',
  pg_logical_slot_get_binary_changes: 'lsn xid data',
  pg_logical_slot_get_changes: 'lsn xid data',
  pg_logical_slot_peek_binary_changes: 'lsn xid data',
  pg_logical_slot_peek_changes: 'lsn xid data',
  pg_ls_archive_statusdir: 'name size modification',
  pg_ls_logdir: 'name size modification',
  pg_ls_logicalmapdir: 'name size modification',
  pg_ls_logicalsnapdir: 'name size modification',
  pg_ls_replslotdir: 'name size modification',
  pg_ls_summariesdir: 'name size modification',
  pg_ls_tmpdir: 'name size modification',
  pg_ls_waldir: 'name size modification',
  pg_mcv_list_items: 'index values nulls frequency base_frequency',
  pg_options_to_table: 'option_name option_value',
  pg_partition_ancestors: 'relid',
  pg_partition_tree: 'relid parentrelid isleaf level',
  pg_prepared_statement: 'name statement prepare_time parameter_types result_types from_sql generic_plans custom_plans',
  pg_prepared_xact: 'transaction gid prepared ownerid dbid',
  pg_replication_slot_advance: 'slot_name end_lsn',
  pg_sequence_parameters: 'start_value minimum_value maximum_value increment cycle_option cache_size data_type',
  pg_show_all_file_settings: 'sourcefile sourceline seqno name setting applied error',
  pg_show_all_settings:
    'name setting unit category short_desc extra_desc context vartype source min_val max_val enumvals boot_val reset_val sourcefile sourceline pending_restart',
  pg_show_replication_origin_status: 'local_id external_id remote_lsn local_lsn',
  pg_split_walfile_name: 'segment_number timeline_id',
  pg_stat_file: 'size access modification change creation isdir',
  pg_stat_get_activity:
    'datid pid usesysid application_name state query wait_event_type wait_event xact_start query_start backend_start state_change client_addr client_hostname client_port backend_xid backend_xmin backend_type ssl sslversion sslcipher sslbits ssl_client_dn ssl_client_serial ssl_issuer_dn gss_auth gss_princ gss_enc gss_delegation leader_pid query_id',
  pg_stat_get_archiver: 'archived_count last_archived_wal last_archived_time failed_count last_failed_wal last_failed_time stats_reset',
  pg_stat_get_backend_io:
    'backend_type object context reads read_bytes read_time writes write_bytes write_time writebacks writeback_time extends extend_bytes extend_time hits evictions reuses fsyncs fsync_time stats_reset',
  pg_stat_get_backend_subxact: 'subxact_count subxact_overflowed',
  pg_stat_get_backend_wal: 'wal_records wal_fpi wal_bytes wal_buffers_full stats_reset',
  pg_stat_get_io:
    'backend_type object context reads read_bytes read_time writes write_bytes write_time writebacks writeback_time extends extend_bytes extend_time hits evictions reuses fsyncs fsync_time stats_reset',
  pg_stat_get_progress_info:
    'pid datid relid param1 param2 param3 param4 param5 param6 param7 param8 param9 param10 param11 param12 param13 param14 param15 param16 param17 param18 param19 param20',
  pg_stat_get_recovery_prefetch: 'stats_reset prefetch hit skip_init skip_new skip_fpw skip_rep wal_distance block_distance io_depth',
  pg_stat_get_replication_slot:
    'slot_name spill_txns spill_count spill_bytes stream_txns stream_count stream_bytes total_txns total_bytes stats_reset',
  pg_stat_get_slru: 'name blks_zeroed blks_hit blks_read blks_written blks_exists flushes truncates stats_reset',
  pg_stat_get_subscription:
    'subid relid pid leader_pid received_lsn last_msg_send_time last_msg_receipt_time latest_end_lsn latest_end_time worker_type',
  pg_stat_get_subscription_stats:
    'subid apply_error_count sync_error_count confl_insert_exists confl_update_origin_differs confl_update_exists confl_update_missing confl_delete_origin_differs confl_delete_missing confl_multiple_unique_conflicts stats_reset',
  pg_stat_get_wal: 'wal_records wal_fpi wal_bytes wal_buffers_full stats_reset',
  pg_stat_get_wal_receiver:
    'pid status receive_start_lsn receive_start_tli written_lsn flushed_lsn received_tli last_msg_send_time last_msg_receipt_time latest_end_lsn latest_end_time slot_name sender_host sender_port conninfo',
  pg_stat_get_wal_senders:
    'pid state sent_lsn write_lsn flush_lsn replay_lsn write_lag flush_lag replay_lag sync_priority sync_state reply_time',
  pg_timezone_abbrevs_abbrevs: 'abbrev utc_offset is_dst',
  pg_timezone_abbrevs_zone: 'abbrev utc_offset is_dst',
  pg_timezone_names: 'name abbrev utc_offset is_dst',
  pg_wal_summary_contents: 'relfilenode reltablespace reldatabase relforknumber relblocknumber is_limit_block',
  pg_walfile_name_offset: 'file_name file_offset',
  pg_xact_commit_timestamp_origin: 'timestamp roident',
  ts_debug: 'alias description token dictionaries dictionary lexemes',
  ts_parse: 'tokid token',
  ts_stat: 'word ndoc nentry',
  ts_token_type: 'tokid alias description',
};

/** Columns of relations. */
export const SYSTEM_RELATIONS: Readonly<Record<string, string>> = {
  'information_schema.columns':
    'table_catalog table_schema table_name column_name ordinal_position column_default is_nullable data_type character_maximum_length character_octet_length numeric_precision numeric_precision_radix numeric_scale datetime_precision interval_type interval_precision character_set_catalog character_set_schema character_set_name collation_catalog collation_schema collation_name domain_catalog domain_schema domain_name udt_catalog udt_schema udt_name scope_catalog scope_schema scope_name maximum_cardinality dtd_identifier is_self_referencing is_identity identity_generation identity_start identity_increment identity_maximum identity_minimum identity_cycle is_generated generation_expression is_updatable',
  'information_schema.constraint_column_usage':
    'table_catalog table_schema table_name column_name constraint_catalog constraint_schema constraint_name',
  'information_schema.key_column_usage':
    'constraint_catalog constraint_schema constraint_name table_catalog table_schema table_name column_name ordinal_position position_in_unique_constraint',
  'information_schema.referential_constraints':
    'constraint_catalog constraint_schema constraint_name unique_constraint_catalog unique_constraint_schema unique_constraint_name match_option update_rule delete_rule',
  'information_schema.routines':
    'specific_catalog specific_schema specific_name routine_catalog routine_schema routine_name routine_type module_catalog module_schema module_name udt_catalog udt_schema udt_name data_type character_maximum_length character_octet_length character_set_catalog character_set_schema character_set_name collation_catalog collation_schema collation_name numeric_precision numeric_precision_radix numeric_scale datetime_precision interval_type interval_precision type_udt_catalog type_udt_schema type_udt_name scope_catalog scope_schema scope_name maximum_cardinality dtd_identifier routine_body routine_definition external_name external_language parameter_style is_deterministic sql_data_access is_null_call sql_path schema_level_routine max_dynamic_result_sets is_user_defined_cast is_implicitly_invocable security_type to_sql_specific_catalog to_sql_specific_schema to_sql_specific_name as_locator created last_altered new_savepoint_level is_udt_dependent result_cast_from_data_type result_cast_as_locator result_cast_char_max_length result_cast_char_octet_length result_cast_char_set_catalog result_cast_char_set_schema result_cast_char_set_name result_cast_collation_catalog result_cast_collation_schema result_cast_collation_name result_cast_numeric_precision result_cast_numeric_precision_radix result_cast_numeric_scale result_cast_datetime_precision result_cast_interval_type result_cast_interval_precision result_cast_type_udt_catalog result_cast_type_udt_schema result_cast_type_udt_name result_cast_scope_catalog result_cast_scope_schema result_cast_scope_name result_cast_maximum_cardinality result_cast_dtd_identifier',
  'information_schema.schemata':
    'catalog_name schema_name schema_owner default_character_set_catalog default_character_set_schema default_character_set_name sql_path',
  'information_schema.sequences':
    'sequence_catalog sequence_schema sequence_name data_type numeric_precision numeric_precision_radix numeric_scale start_value minimum_value maximum_value increment cycle_option',
  'information_schema.table_constraints':
    'constraint_catalog constraint_schema constraint_name table_catalog table_schema table_name constraint_type is_deferrable initially_deferred enforced nulls_distinct',
  'information_schema.tables':
    'table_catalog table_schema table_name table_type self_referencing_column_name reference_generation user_defined_type_catalog user_defined_type_schema user_defined_type_name is_insertable_into is_typed commit_action',
  'information_schema.views':
    'table_catalog table_schema table_name view_definition check_option is_updatable is_insertable_into is_trigger_updatable is_trigger_deletable is_trigger_insertable_into',
  'pg_catalog.pg_am': 'oid amname amhandler amtype',
  'pg_catalog.pg_attrdef': 'oid adrelid adnum adbin',
  'pg_catalog.pg_attribute':
    'attrelid attname atttypid attlen attnum atttypmod attndims attbyval attalign attstorage attcompression attnotnull atthasdef atthasmissing attidentity attgenerated attisdropped attislocal attinhcount attcollation attstattarget attacl attoptions attfdwoptions attmissingval',
  'pg_catalog.pg_authid':
    'oid rolname rolsuper rolinherit rolcreaterole rolcreatedb rolcanlogin rolreplication rolbypassrls rolconnlimit rolpassword rolvaliduntil',
  'pg_catalog.pg_class':
    'oid relname relnamespace reltype reloftype relowner relam relfilenode reltablespace relpages reltuples relallvisible relallfrozen reltoastrelid relhasindex relisshared relpersistence relkind relnatts relchecks relhasrules relhastriggers relhassubclass relrowsecurity relforcerowsecurity relispopulated relreplident relispartition relrewrite relfrozenxid relminmxid relacl reloptions relpartbound',
  'pg_catalog.pg_collation':
    'oid collname collnamespace collowner collprovider collisdeterministic collencoding collcollate collctype colllocale collicurules collversion',
  'pg_catalog.pg_constraint':
    'oid conname connamespace contype condeferrable condeferred conenforced convalidated conrelid contypid conindid conparentid confrelid confupdtype confdeltype confmatchtype conislocal coninhcount connoinherit conperiod conkey confkey conpfeqop conppeqop conffeqop confdelsetcols conexclop conbin',
  'pg_catalog.pg_cursors': 'name statement is_holdable is_binary is_scrollable creation_time',
  'pg_catalog.pg_database':
    'oid datname datdba encoding datlocprovider datistemplate datallowconn dathasloginevt datconnlimit datfrozenxid datminmxid dattablespace datcollate datctype datlocale daticurules datcollversion datacl',
  'pg_catalog.pg_depend': 'classid objid objsubid refclassid refobjid refobjsubid deptype',
  'pg_catalog.pg_description': 'objoid classoid objsubid description',
  'pg_catalog.pg_enum': 'oid enumtypid enumsortorder enumlabel',
  'pg_catalog.pg_extension': 'oid extname extowner extnamespace extrelocatable extversion extconfig extcondition',
  'pg_catalog.pg_hba_file_rules': 'rule_number file_name line_number type database user_name address netmask auth_method options error',
  'pg_catalog.pg_index':
    'indexrelid indrelid indnatts indnkeyatts indisunique indnullsnotdistinct indisprimary indisexclusion indimmediate indisclustered indisvalid indcheckxmin indisready indislive indisreplident indkey indcollation indclass indoption indexprs indpred',
  'pg_catalog.pg_indexes': 'schemaname tablename indexname tablespace indexdef',
  'pg_catalog.pg_inherits': 'inhrelid inhparent inhseqno inhdetachpending',
  'pg_catalog.pg_largeobject': 'loid pageno data',
  'pg_catalog.pg_locks':
    'locktype database relation page tuple virtualxid transactionid classid objid objsubid virtualtransaction pid mode granted fastpath waitstart',
  'pg_catalog.pg_matviews': 'schemaname matviewname matviewowner tablespace hasindexes ispopulated definition',
  'pg_catalog.pg_namespace': 'oid nspname nspowner nspacl',
  'pg_catalog.pg_prepared_statements': 'name statement prepare_time parameter_types result_types from_sql generic_plans custom_plans',
  'pg_catalog.pg_proc':
    'oid proname pronamespace proowner prolang procost prorows provariadic prosupport prokind prosecdef proleakproof proisstrict proretset provolatile proparallel pronargs pronargdefaults prorettype proargtypes proallargtypes proargmodes proargnames proargdefaults protrftypes prosrc probin prosqlbody proconfig proacl',
  'pg_catalog.pg_roles':
    'rolname rolsuper rolinherit rolcreaterole rolcreatedb rolcanlogin rolreplication rolconnlimit rolpassword rolvaliduntil rolbypassrls rolconfig oid',
  'pg_catalog.pg_sequences':
    'schemaname sequencename sequenceowner data_type start_value min_value max_value increment_by cycle cache_size last_value',
  'pg_catalog.pg_settings':
    'name setting unit category short_desc extra_desc context vartype source min_val max_val enumvals boot_val reset_val sourcefile sourceline pending_restart',
  'pg_catalog.pg_shadow': 'usename usesysid usecreatedb usesuper userepl usebypassrls passwd valuntil useconfig',
  'pg_catalog.pg_stat_activity':
    'datid datname pid leader_pid usesysid usename application_name client_addr client_hostname client_port backend_start xact_start query_start state_change wait_event_type wait_event state backend_xid backend_xmin query_id query backend_type',
  'pg_catalog.pg_stat_user_tables':
    'relid schemaname relname seq_scan last_seq_scan seq_tup_read idx_scan last_idx_scan idx_tup_fetch n_tup_ins n_tup_upd n_tup_del n_tup_hot_upd n_tup_newpage_upd n_live_tup n_dead_tup n_mod_since_analyze n_ins_since_vacuum last_vacuum last_autovacuum last_analyze last_autoanalyze vacuum_count autovacuum_count analyze_count autoanalyze_count total_vacuum_time total_autovacuum_time total_analyze_time total_autoanalyze_time',
  'pg_catalog.pg_statistic':
    'starelid staattnum stainherit stanullfrac stawidth stadistinct stakind1 stakind2 stakind3 stakind4 stakind5 staop1 staop2 staop3 staop4 staop5 stacoll1 stacoll2 stacoll3 stacoll4 stacoll5 stanumbers1 stanumbers2 stanumbers3 stanumbers4 stanumbers5 stavalues1 stavalues2 stavalues3 stavalues4 stavalues5',
  'pg_catalog.pg_stats':
    'schemaname tablename attname inherited null_frac avg_width n_distinct most_common_vals most_common_freqs histogram_bounds correlation most_common_elems most_common_elem_freqs elem_count_histogram range_length_histogram range_empty_frac range_bounds_histogram',
  'pg_catalog.pg_tables': 'schemaname tablename tableowner tablespace hasindexes hasrules hastriggers rowsecurity',
  'pg_catalog.pg_trigger':
    'oid tgrelid tgparentid tgname tgfoid tgtype tgenabled tgisinternal tgconstrrelid tgconstrindid tgconstraint tgdeferrable tginitdeferred tgnargs tgattr tgargs tgqual tgoldtable tgnewtable',
  'pg_catalog.pg_type':
    'oid typname typnamespace typowner typlen typbyval typtype typcategory typispreferred typisdefined typdelim typrelid typsubscript typelem typarray typinput typoutput typreceive typsend typmodin typmodout typanalyze typalign typstorage typnotnull typbasetype typtypmod typndims typcollation typdefaultbin typdefault typacl',
  'pg_catalog.pg_user': 'usename usesysid usecreatedb usesuper userepl usebypassrls passwd valuntil useconfig',
  'pg_catalog.pg_user_mappings': 'umid srvid srvname umuser usename umoptions',
  'pg_catalog.pg_views': 'schemaname viewname viewowner definition',
};
