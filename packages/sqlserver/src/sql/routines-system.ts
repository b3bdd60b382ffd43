import { each, reads, type RoutineEffect } from './functions-effects.js';

/**
 * Procedures of the server ("System stored procedures"), by name. They stand in `sys` of every database, and are found from anywhere before those of
 * users. A procedure that is not here is not known: its call is opaque. So are those of replication, data collection, policies and log shipping,
 * which make jobs and run what they are told.
 */

/** Returns nothing but messages. */
const NO_ROWS: readonly string[] = [];

/** Names, types, rights and sizes, which every driver and tool asks for. */
const SHOWS: RoutineEffect = { category: 'pure', shows: true };
/** Definitions, plans, and what other servers tell. */
const READS: RoutineEffect = { category: 'pure' };
const CHANGES_SCHEMA: RoutineEffect = { category: 'volatile', raises: 'schema' };
const ADMINISTRATES: RoutineEffect = { category: 'elevated', raises: 'administrative' };
const PRIVILEGES: RoutineEffect = { category: 'elevated', raises: 'privilege' };

const runsText = (name: string): RoutineEffect => ({ ...reads('dynamic-sql', 'runs text as SQL')(name), raises: 'write' });
const namedAtRunTime = (name: string): RoutineEffect => ({
  ...reads('dynamic-sql', 'changes objects that are named at run time')(name),
  raises: 'schema',
});
const runsAnything = (name: string): RoutineEffect => ({
  ...reads('dynamic-sql', 'runs programs or jobs')(name),
  category: 'elevated',
  raises: 'administrative',
  flow: { kind: 'external', name },
});
const files = (name: string): RoutineEffect => ({
  ...reads('foreign-data', "reads or writes the server's files")(name),
  category: 'elevated',
  raises: 'administrative',
});
const registry = (name: string): RoutineEffect => ({
  ...reads('foreign-data', "reads or writes the server's registry")(name),
  category: 'elevated',
  raises: 'administrative',
});

export const SYSTEM_PROCEDURES: ReadonlyMap<string, RoutineEffect> = new Map<string, RoutineEffect>([
  ...each(
    `sp_column_privileges sp_columns sp_columns_100 sp_columns_90 sp_columns_managed sp_databases sp_datatype_info sp_datatype_info_100
    sp_datatype_info_90 sp_depends sp_describe_first_result_set sp_describe_undeclared_parameters sp_fkeys sp_help sp_helpconstraint
    sp_helpdb sp_helpfile sp_helpfilegroup sp_helpindex sp_helplanguage sp_helprole sp_helprolemember sp_helpsort sp_helpstats
    sp_helptrigger sp_helpuser sp_lock sp_mshelpcolumns sp_mshasdbaccess sp_pkeys sp_primarykeys sp_server_info sp_spaceused
    sp_special_columns sp_special_columns_100 sp_sproc_columns sp_sproc_columns_100 sp_statistics sp_statistics_100
    sp_stored_procedures sp_table_privileges sp_table_type_columns_100 sp_table_types sp_tables sp_who sp_who2 sp_validname xp_msver
    xp_qv sp_tables_rowset sp_columns_rowset sp_indexes_rowset sp_primary_keys_rowset sp_procedures_rowset sp_schemata_rowset
    sp_provider_types_rowset sp_catalogs_rowset sp_procedure_params_managed sp_procedure_params_90_managed
    sp_procedure_params_100_managed sp_procedure_params_rowset sp_usertypes_rowset`,
    SHOWS,
  ),
  ...each(
    `sp_assemblies_rowset sp_column_privileges_ex sp_columns_ex sp_describe_parameter_encryption sp_estimate_data_compression_savings
    sp_foreignkeys sp_help_fulltext_catalogs sp_help_fulltext_columns sp_help_fulltext_tables sp_help_spatial_geography_index
    sp_help_spatial_geometry_index sp_helpdbfixedrole sp_helpdevice sp_helpextendedproc sp_helpgroup sp_helplinkedsrvlogin
    sp_helplogins sp_helpntgroup sp_helpremotelogin sp_helprotect sp_helpserver sp_helpsrvrole sp_helpsrvrolemember sp_helptext
    sp_indexes sp_linkedservers sp_monitor sp_srvrolepermission sp_dbfixedrolepermission sp_table_privileges_ex sp_tables_ex
    sp_testlinkedserver sp_validatelogins sp_xml_schema_rowset sp_get_query_template sp_server_diagnostics xp_sprintf xp_sscanf
    sp_catalogs sp_getbindtoken`,
    READS,
  ),
  ...each('sp_xml_removedocument sp_releaseapplock sp_unprepare sp_cursorclose sp_cursoroption sp_cursorunprepare', {
    category: 'volatile',
    columns: NO_ROWS,
  }),
  // A document stays after the batch, and its handle is a small number that anyone can write.
  ['sp_xml_preparedocument', { category: 'volatile', columns: NO_ROWS, flow: { kind: 'setting', name: 'xml_document' } }],
  ['sp_getapplock', { category: 'volatile', locks: true, columns: NO_ROWS }],
  ['sp_sequence_get_range', { category: 'volatile', raises: 'write', columns: NO_ROWS }],
  ['sp_set_session_context', { category: 'session', columns: NO_ROWS, flow: { kind: 'setting', name: 'session_context' } }],
  ['sp_reset_connection', { category: 'session', columns: NO_ROWS, changesState: true }],
  ['sp_bindsession', { category: 'session', changesState: true }],
  ...each(
    `sp_addextendedproperty sp_updateextendedproperty sp_dropextendedproperty sp_addtype sp_droptype sp_recompile sp_settriggerorder
    sp_tableoption sp_indexoption`,
    { ...CHANGES_SCHEMA, columns: NO_ROWS },
  ),
  ...each(
    `sp_autostats sp_createstats sp_updatestats sp_create_plan_guide sp_create_plan_guide_from_handle sp_control_plan_guide
    sp_fulltext_catalog sp_fulltext_database sp_fulltext_service sp_refresh_parameter_encryption sp_db_increased_partitions sp_db_vardecimal_storage_format sp_tablevardecimal_storage_format
    sp_query_store_flush_db sp_query_store_force_plan sp_query_store_unforce_plan sp_query_store_remove_plan
    sp_query_store_remove_query sp_query_store_reset_exec_stats sp_query_store_set_hints sp_query_store_clear_hints
    sp_cleanup_temporal_history sp_cdc_disable_table sp_cdc_disable_db
    sp_flush_commit_table_on_demand sp_flush_ct_internal_table_on_demand sp_generate_database_ledger_digest
    sp_verify_database_ledger`,
    CHANGES_SCHEMA,
  ),
  ...each('sp_rename sp_changeobjectowner', (name) => ({ ...namedAtRunTime(name), columns: NO_ROWS })),
  // They copy the rows of tables, or change what names in them and in views mean.
  ...each(
    `sp_cdc_enable_table sp_cdc_enable_db sp_bindefault sp_unbindefault sp_bindrule sp_unbindrule sp_refreshview sp_refreshsqlmodule
    sp_fulltext_table sp_fulltext_column`,
    namedAtRunTime,
  ),
  ...each(
    `sp_addlogin sp_droplogin sp_grantlogin sp_revokelogin sp_denylogin sp_password sp_adduser sp_dropuser sp_grantdbaccess sp_revokedbaccess
    sp_addgroup sp_dropgroup sp_changegroup sp_addrole sp_droprole sp_addrolemember sp_droprolemember sp_addsrvrolemember
    sp_dropsrvrolemember sp_addapprole sp_dropapprole sp_approlepassword sp_changedbowner sp_defaultdb
    sp_defaultlanguage sp_addremotelogin sp_dropremotelogin sp_remoteoption sp_addlinkedsrvlogin sp_droplinkedsrvlogin
    sp_addalias sp_dropalias sp_migrate_user_to_contained sp_control_dbmasterkey_password sp_xp_cmdshell_proxy_account
    xp_grantlogin xp_revokelogin`,
    { ...PRIVILEGES, columns: NO_ROWS },
  ),
  // RAISERROR tells the text that it keeps.
  ['sp_addmessage', { ...ADMINISTRATES, columns: NO_ROWS, flow: { kind: 'setting', name: 'messages' } }],
  ['sp_change_users_login', PRIVILEGES],
  ...each('sp_setapprole sp_unsetapprole', { ...PRIVILEGES, changesState: true }),
  ...each(
    `sp_configure sp_addserver sp_addlinkedserver sp_dropserver sp_serveroption sp_setnetname sp_dboption sp_dbcmptlevel sp_dbremove
    sp_renamedb sp_altermessage sp_dropmessage sp_addumpdevice sp_dropdevice sp_cycle_errorlog sp_certify_removable
    sp_create_removable sp_clean_db_free_space sp_clean_db_file_free_space sp_procoption sp_resetstatus sp_attach_db
    sp_attach_single_file_db sp_detach_db sp_add_data_file_recover_suspect_db sp_add_log_file_recover_suspect_db
    sp_filestream_configure sp_filestream_force_garbage_collection sp_kill_filestream_non_transacted_handles sp_trace_create
    sp_trace_setevent sp_trace_setfilter sp_trace_setstatus sp_trace_generateevent sp_user_counter1 sp_invalidate_textptr
    sp_xtp_control_proc_exec_stats sp_xtp_control_query_exec_stats sp_xtp_checkpoint_force_garbage_collection
    sp_xtp_bind_db_resource_pool sp_xtp_unbind_db_resource_pool sp_set_firewall_rule sp_set_database_firewall_rule
    sp_delete_firewall_rule sp_delete_database_firewall_rule sp_wait_for_database_copy_sync sp_change_feed_enable_db
    sp_change_tracking_waitforchanges xp_logevent`,
    ADMINISTRATES,
  ),
  ...each(
    `sp_executesql sp_execute sp_prepare sp_prepexec sp_prepexecrpc sp_cursor sp_cursorexecute sp_cursorfetch sp_cursoropen sp_cursorprepare
    sp_cursorprepexec sp_msforeachdb sp_msforeachtable sp_msforeach_worker sp_execute_external_script sp_execute_remote
    xp_execresultset sp_makewebtask sp_runwebtask`,
    runsText,
  ),
  ...each(
    `xp_cmdshell sp_oacreate sp_oadestroy sp_oageterrorinfo sp_oagetproperty sp_oamethod sp_oasetproperty sp_oastop sp_addextendedproc
    sp_dropextendedproc sp_add_job sp_add_jobstep sp_add_jobserver sp_add_jobschedule sp_add_schedule sp_attach_schedule sp_start_job
    sp_stop_job sp_update_job sp_update_jobstep sp_delete_job sp_delete_jobstep sp_add_alert sp_update_alert sp_add_operator
    sp_add_proxy sp_send_dbmail sp_notify_operator sp_invoke_external_rest_endpoint xp_sqlagent_notify xp_sqlagent_proxy_account
    xp_sqlmaint xp_servicecontrol xp_startmail xp_stopmail xp_sendmail xp_readmail xp_findnextmsg xp_deletemail sp_processmail`,
    runsAnything,
  ),
  ...each(
    `xp_availablemedia xp_copy_file xp_copy_files xp_create_subdir xp_delete_file xp_delete_files xp_dirtree xp_enumerrorlogs xp_enumgroups
    xp_fileexist xp_fixeddrives xp_get_tape_devices xp_getfiledetails xp_getnetname xp_loginconfig xp_logininfo xp_ntsec_enumdomains
    xp_readerrorlog xp_subdirs xp_unc_to_drive sp_readerrorlog sp_enumerrorlogs sp_delete_backup sp_delete_backup_file_snapshot`,
    files,
  ),
  ...each(
    `xp_regaddmultistring xp_regdeletekey xp_regdeletevalue xp_regenumkeys xp_regenumvalues xp_regread xp_regremovemultistring xp_regwrite
    xp_instance_regaddmultistring xp_instance_regdeletekey xp_instance_regdeletevalue xp_instance_regenumkeys
    xp_instance_regenumvalues xp_instance_regread xp_instance_regremovemultistring xp_instance_regwrite`,
    registry,
  ),
]);
