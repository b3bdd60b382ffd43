import type { OpaqueReason, RoutineFacts } from '@sqlwarden/core';

/**
 * What the routines of pg_catalog do besides computing a value from their arguments ("Functions and Operators", checked against pg_proc of
 * PostgreSQL 15 to 18). Those that are not here compute a value from their arguments, from the catalogue, or from the state of the
 * server and the own session. Only what reads rows, texts of other sessions or files, runs text as SQL, or has an effect must be here.
 */

/** What is said of a routine here; name and shape come from the catalogue. */
export type RoutineEffect = Partial<Omit<RoutineFacts, 'name'>>;

function reads(kind: OpaqueReason['kind'], detail: string): (name: string) => RoutineEffect {
  return (name) => ({ category: 'unknown', opaque: { kind, detail: `${name} ${detail}` } });
}

const runsText = reads('dynamic-sql', 'runs text as SQL');
const readsByName = reads('dynamic-sql', 'reads relations that are named at run time');
const readsFiles = reads('foreign-data', "reads the server's files");
const readsLargeObjects = reads('foreign-data', 'reads or writes large objects');
const readsSessions = reads('foreign-data', 'shows the SQL of sessions');
const readsLog = reads('foreign-data', 'reads the write-ahead log');
const readsPages = reads('foreign-data', 'reads rows by their place');

const administrates = (): RoutineEffect => ({ category: 'elevated', raises: 'administrative' });
const writesFiles = (name: string): RoutineEffect => ({ ...readsLargeObjects(name), flow: { kind: 'file', name }, raises: 'write' });
const writesLargeObjects = (name: string): RoutineEffect => ({
  ...readsLargeObjects(name),
  flow: { kind: 'external', name: 'large object' },
  raises: 'write',
});
const locks = (): RoutineEffect => ({ category: 'volatile', locks: true });
const volatile = (): RoutineEffect => ({ category: 'volatile' });

const GROUPS: readonly { readonly effect: (name: string) => RoutineEffect; readonly names: string }[] = [
  { effect: runsText, names: 'query_to_xml query_to_xmlschema query_to_xml_and_xmlschema ts_stat' },
  {
    effect: readsByName,
    names: `table_to_xml table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema schema_to_xml_and_xmlschema
      database_to_xml database_to_xmlschema database_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema currtid2`,
  },
  {
    effect: readsFiles,
    names: `pg_read_file pg_read_file_old pg_read_binary_file pg_stat_file pg_ls_dir pg_ls_logdir pg_ls_waldir pg_ls_tmpdir
      pg_ls_archive_statusdir pg_ls_summariesdir pg_ls_logicalsnapdir pg_ls_logicalmapdir pg_ls_replslotdir pg_current_logfile
      pg_show_all_file_settings pg_hba_file_rules pg_ident_file_mappings`,
  },
  { effect: readsLargeObjects, names: 'lo_get loread lo_open lo_lseek lo_lseek64 lo_tell lo_tell64 lo_close' },
  { effect: writesFiles, names: 'lo_export' },
  { effect: writesLargeObjects, names: 'lo_import lo_creat lo_create lo_from_bytea lo_put lowrite lo_truncate lo_truncate64 lo_unlink' },
  {
    effect: readsSessions,
    names: `pg_stat_get_activity pg_stat_get_backend_activity pg_prepared_statement pg_cursor pg_get_backend_memory_contexts`,
  },
  {
    effect: readsLog,
    names: `pg_logical_slot_get_changes pg_logical_slot_peek_changes pg_logical_slot_get_binary_changes pg_logical_slot_peek_binary_changes`,
  },
  {
    effect: locks,
    names: `pg_advisory_lock pg_advisory_lock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock
      pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared`,
  },
  {
    effect: volatile,
    names: `nextval currval lastval random random_normal gen_random_uuid uuidv4 uuidv7 clock_timestamp timeofday pg_sleep pg_sleep_for
      pg_sleep_until pg_advisory_unlock pg_advisory_unlock_shared pg_advisory_unlock_all pg_export_snapshot setseed txid_current
      pg_current_xact_id pg_stat_clear_snapshot pg_stat_force_next_flush array_sample array_shuffle`,
  },
  {
    effect: administrates,
    names: `pg_terminate_backend pg_cancel_backend pg_reload_conf pg_rotate_logfile pg_rotate_logfile_old pg_switch_wal
      pg_create_restore_point pg_backup_start pg_backup_stop pg_promote pg_wal_replay_pause pg_wal_replay_resume
      pg_create_physical_replication_slot pg_create_logical_replication_slot pg_copy_physical_replication_slot
      pg_copy_logical_replication_slot pg_drop_replication_slot pg_replication_slot_advance pg_sync_replication_slots
      pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_advance pg_replication_origin_session_setup
      pg_replication_origin_session_reset pg_replication_origin_xact_setup pg_replication_origin_xact_reset
      pg_log_backend_memory_contexts pg_log_standby_snapshot pg_stat_reset pg_stat_reset_shared pg_stat_reset_slru
      pg_stat_reset_single_table_counters pg_stat_reset_single_function_counters pg_stat_reset_replication_slot
      pg_stat_reset_subscription_stats pg_stat_reset_backend_stats pg_import_system_collations pg_clear_attribute_stats
      pg_clear_relation_stats pg_restore_attribute_stats pg_restore_relation_stats pg_extension_config_dump pg_nextoid
      pg_stop_making_pinned_objects brin_summarize_new_values brin_summarize_range brin_desummarize_range gin_clean_pending_list
      binary_upgrade_add_sub_rel_state binary_upgrade_create_empty_extension binary_upgrade_logical_slot_has_caught_up
      binary_upgrade_replorigin_advance binary_upgrade_set_missing_value binary_upgrade_set_next_array_pg_type_oid
      binary_upgrade_set_next_heap_pg_class_oid binary_upgrade_set_next_heap_relfilenode binary_upgrade_set_next_index_pg_class_oid
      binary_upgrade_set_next_index_relfilenode binary_upgrade_set_next_multirange_array_pg_type_oid
      binary_upgrade_set_next_multirange_pg_type_oid binary_upgrade_set_next_pg_authid_oid binary_upgrade_set_next_pg_enum_oid
      binary_upgrade_set_next_pg_tablespace_oid binary_upgrade_set_next_pg_type_oid binary_upgrade_set_next_toast_pg_class_oid
      binary_upgrade_set_next_toast_relfilenode binary_upgrade_set_record_init_privs`,
  },
];

function single(): Map<string, RoutineEffect> {
  return new Map<string, RoutineEffect>([
    ['count', { computes: 'count' }],
    ['tsvector_update_trigger', { copiesColumns: true }],
    ['tsvector_update_trigger_column', { copiesColumns: true }],
    ...['json_populate_record', 'jsonb_populate_record', 'json_populate_recordset', 'jsonb_populate_recordset'].map(
      (name): [string, RoutineEffect] => [name, { rowOfArgument: 0 }],
    ),
    ['lower', { computes: 'fold' }],
    ['upper', { computes: 'fold' }],
    ['setval', { category: 'volatile', raises: 'write' }],
    ['set_config', { category: 'session', changesState: true, settings: 'unknown', flow: { kind: 'setting', name: 'set_config' } }],
    ['pg_notify', { category: 'volatile', flow: { kind: 'notification', name: 'pg_notify' } }],
    [
      'pg_logical_emit_message',
      { category: 'elevated', raises: 'administrative', flow: { kind: 'external', name: 'pg_logical_emit_message' } },
    ],
  ]);
}

/** By the routine's name in pg_catalog. */
export const SYSTEM_EFFECTS: ReadonlyMap<string, RoutineEffect> = tableOf();

function tableOf(): Map<string, RoutineEffect> {
  const table = single();
  for (const { effect, names } of GROUPS) for (const name of names.split(/\s+/)) table.set(name, effect(name));
  return table;
}

/** `ts_rewrite(tsquery, text)` runs its text; with three arguments it only computes. */
export function systemEffect(name: string, argumentCount: number): RoutineEffect | undefined {
  if (name === 'ts_rewrite') return argumentCount === 2 ? runsText(name) : undefined;
  return SYSTEM_EFFECTS.get(name);
}

// ---------------------------------------------------------------- extensions

/**
 * Extensions whose routines compute values from their arguments only, but for those named. Routines of other extensions are unknown:
 * their code is not readable.
 */
const EXTENSIONS: Readonly<Record<string, Readonly<Record<string, (name: string) => RoutineEffect>>>> = {
  'uuid-ossp': {},
  btree_gin: {},
  btree_gist: {},
  citext: {},
  cube: {},
  dict_int: {},
  dict_xsyn: {},
  earthdistance: {},
  fuzzystrmatch: {},
  hstore: {},
  intarray: {},
  isn: {},
  ltree: {},
  pg_trgm: { set_limit: volatile },
  pgcrypto: {},
  seg: {},
  tablefunc: { crosstab: runsText, crosstab2: runsText, crosstab3: runsText, crosstab4: runsText, connectby: readsByName },
  unaccent: {},
  vector: {},
  xml2: { xpath_table: runsText },
  postgis: {
    st_estimatedextent: readsByName,
    st_findextent: readsByName,
    st_find_extent: readsByName,
    find_srid: readsByName,
    addgeometrycolumn: runsText,
    dropgeometrycolumn: runsText,
    dropgeometrytable: runsText,
    updategeometrysrid: runsText,
    populate_geometry_columns: runsText,
    postgis_extensions_upgrade: runsText,
    _postgis_stats: readsByName,
    _postgis_selectivity: readsByName,
    _postgis_join_selectivity: readsByName,
  },
};

/** Extensions of which it is known why none of their routines can be seen through. */
const OPAQUE_EXTENSIONS: Readonly<Record<string, (name: string) => RoutineEffect>> = {
  dblink: (name) => ({ ...reads('foreign-data', 'reaches another database')(name), flow: { kind: 'external', name } }),
  pageinspect: readsPages,
  pg_walinspect: readsLog,
  pg_stat_statements: readsSessions,
};

/** What a routine of an extension does; `undefined` when that is not known. */
export function extensionEffect(extension: string, name: string): RoutineEffect | undefined {
  const whole = OPAQUE_EXTENSIONS[extension];
  if (whole !== undefined) return whole(name);
  const known = Object.hasOwn(EXTENSIONS, extension) ? EXTENSIONS[extension] : undefined;
  if (known === undefined) return undefined;
  return Object.hasOwn(known, name) ? known[name]?.(name) : {};
}
