/**
 * Views of `sys` on the server, its databases and sessions that tools read ("Databases and Files Catalog Views", "Security Catalog Views", "System
 * Dynamic Management Views"), with their columns.
 */
export const SERVER_VIEWS: Readonly<Record<string, string>> = {
  databases: `name database_id source_database_id owner_sid create_date compatibility_level collation_name user_access user_access_desc
    is_read_only is_auto_close_on is_auto_shrink_on state state_desc is_in_standby is_cleanly_shutdown
    is_supplemental_logging_enabled snapshot_isolation_state snapshot_isolation_state_desc is_read_committed_snapshot_on
    recovery_model recovery_model_desc page_verify_option page_verify_option_desc is_auto_create_stats_on
    is_auto_create_stats_incremental_on is_auto_update_stats_on is_auto_update_stats_async_on is_ansi_null_default_on
    is_ansi_nulls_on is_ansi_padding_on is_ansi_warnings_on is_arithabort_on is_concat_null_yields_null_on
    is_numeric_roundabort_on is_quoted_identifier_on is_recursive_triggers_on is_cursor_close_on_commit_on
    is_local_cursor_default is_fulltext_enabled is_trustworthy_on is_db_chaining_on is_parameterization_forced
    is_master_key_encrypted_by_server is_query_store_on is_published is_subscribed is_merge_published is_distributor
    is_sync_with_backup service_broker_guid is_broker_enabled log_reuse_wait log_reuse_wait_desc is_date_correlation_on
    is_cdc_enabled is_encrypted is_honor_broker_priority_on replica_id group_database_id resource_pool_id
    default_language_lcid default_language_name default_fulltext_language_lcid default_fulltext_language_name
    is_nested_triggers_on is_transform_noise_words_on two_digit_year_cutoff containment containment_desc
    target_recovery_time_in_seconds delayed_durability delayed_durability_desc is_memory_optimized_elevate_to_snapshot_on
    is_federation_member is_remote_data_archive_enabled is_mixed_page_allocation_on is_temporal_history_retention_enabled
    catalog_collation_type catalog_collation_type_desc physical_database_name is_result_set_caching_on
    is_accelerated_database_recovery_on is_tempdb_spill_to_remote_store is_stale_page_detection_on is_memory_optimized_enabled
    is_data_retention_enabled is_ledger_on is_change_feed_enabled`,
  database_files: `file_id file_guid type type_desc data_space_id name physical_name state state_desc size max_size growth is_media_read_only
    is_read_only is_sparse is_percent_growth is_name_reserved is_persistent_log_buffer create_lsn drop_lsn read_only_lsn
    read_write_lsn differential_base_lsn differential_base_guid differential_base_time redo_start_lsn redo_start_fork_guid
    redo_target_lsn redo_target_fork_guid backup_lsn`,
  master_files: `database_id file_id file_guid type type_desc data_space_id name physical_name state state_desc size max_size growth
    is_media_read_only is_read_only is_sparse is_percent_growth is_name_reserved is_persistent_log_buffer create_lsn drop_lsn
    read_only_lsn read_write_lsn differential_base_lsn differential_base_guid differential_base_time redo_start_lsn
    redo_start_fork_guid redo_target_lsn redo_target_fork_guid backup_lsn credential_id`,
  data_spaces: 'name data_space_id type type_desc is_default is_system',
  filegroups: `name data_space_id type type_desc is_default is_system filegroup_guid log_filegroup_id is_read_only is_autogrow_all_files`,
  partition_schemes: 'name data_space_id type type_desc is_default is_system function_id',
  partition_functions: 'name function_id type type_desc fanout boundary_value_on_right is_system create_date modify_date',
  partition_parameters: `function_id parameter_id system_type_id max_length precision scale collation_name user_type_id`,
  destination_data_spaces: 'partition_scheme_id destination_id data_space_id',
  configurations: 'configuration_id name value minimum maximum value_in_use description is_dynamic is_advanced',
  servers: `server_id name product provider data_source location provider_string catalog connect_timeout query_timeout is_linked
    is_remote_login_enabled is_rpc_out_enabled is_data_access_enabled is_collation_compatible uses_remote_collation
    collation_name lazy_schema_validation is_system is_publisher is_subscriber is_distributor is_nonsql_subscriber
    is_remote_proc_transaction_promotion_enabled modify_date is_rda_server`,
  linked_logins: 'server_id local_principal_id uses_self_credential remote_name modify_date',
  messages: 'message_id language_id severity is_event_logged text',
  database_principals: `name principal_id type type_desc default_schema_name create_date modify_date owning_principal_id sid is_fixed_role
    authentication_type authentication_type_desc default_language_name default_language_lcid allow_encrypted_value_modifications`,
  database_role_members: 'role_principal_id member_principal_id',
  database_permissions: `class class_desc major_id minor_id grantee_principal_id grantor_principal_id type permission_name state state_desc`,
  server_principals: `name principal_id sid type type_desc is_disabled create_date modify_date default_database_name default_language_name
    credential_id owning_principal_id is_fixed_role tenant_id`,
  server_role_members: 'role_principal_id member_principal_id',
  server_permissions: `class class_desc major_id minor_id grantee_principal_id grantor_principal_id type permission_name state state_desc`,
  sql_logins: `name principal_id sid type type_desc is_disabled create_date modify_date default_database_name default_language_name
    credential_id is_policy_checked is_expiration_checked password_hash`,
  login_token: 'principal_id sid name type usage',
  user_token: 'principal_id sid name type usage',
  credentials: 'credential_id name credential_identity create_date modify_date target_type target_id',
  dm_db_partition_stats: `partition_id object_id index_id partition_number in_row_data_page_count in_row_used_page_count in_row_reserved_page_count
    lob_used_page_count lob_reserved_page_count row_overflow_used_page_count row_overflow_reserved_page_count used_page_count
    reserved_page_count row_count`,
  dm_db_index_usage_stats: `database_id object_id index_id user_seeks user_scans user_lookups user_updates last_user_seek last_user_scan
    last_user_lookup last_user_update system_seeks system_scans system_lookups system_updates last_system_seek last_system_scan
    last_system_lookup last_system_update`,
  dm_exec_sessions: `session_id login_time host_name program_name host_process_id client_version client_interface_name security_id login_name
    nt_domain nt_user_name status context_info cpu_time memory_usage total_scheduled_time total_elapsed_time endpoint_id
    last_request_start_time last_request_end_time reads writes logical_reads is_user_process text_size language date_format
    date_first quoted_identifier arithabort ansi_null_dflt_on ansi_defaults ansi_warnings ansi_padding ansi_nulls
    concat_null_yields_null transaction_isolation_level lock_timeout deadlock_priority row_count prev_error
    original_security_id original_login_name last_successful_logon last_unsuccessful_logon unsuccessful_logons group_id
    database_id authenticating_database_id open_transaction_count page_server_reads contained_availability_group_id`,
  dm_exec_connections: `session_id most_recent_session_id connect_time net_transport protocol_type protocol_version endpoint_id encrypt_option
    auth_scheme node_affinity num_reads num_writes last_read last_write net_packet_size client_net_address client_tcp_port
    local_net_address local_tcp_port connection_id parent_connection_id most_recent_sql_handle`,
  dm_exec_requests: `session_id request_id start_time status command sql_handle statement_start_offset statement_end_offset plan_handle database_id
    user_id connection_id blocking_session_id wait_type wait_time last_wait_type wait_resource open_transaction_count
    open_resultset_count transaction_id context_info percent_complete estimated_completion_time cpu_time total_elapsed_time
    scheduler_id task_address reads writes logical_reads text_size language date_format date_first quoted_identifier arithabort
    ansi_null_dflt_on ansi_defaults ansi_warnings ansi_padding ansi_nulls concat_null_yields_null transaction_isolation_level
    lock_timeout deadlock_priority row_count prev_error nest_level granted_query_memory executing_managed_code group_id
    query_hash query_plan_hash statement_sql_handle statement_context_id dop parallel_worker_count external_script_request_id
    is_resumable page_resource page_server_reads dist_statement_id`,
  dm_tran_locks: `resource_type resource_subtype resource_database_id resource_description resource_associated_entity_id resource_lock_partition
    request_mode request_type request_status request_reference_count request_lifetime request_session_id request_exec_context_id
    request_request_id request_owner_type request_owner_id request_owner_guid request_owner_lockspace_id lock_owner_address`,
  dm_os_wait_stats: 'wait_type waiting_tasks_count wait_time_ms max_wait_time_ms signal_wait_time_ms',
};
