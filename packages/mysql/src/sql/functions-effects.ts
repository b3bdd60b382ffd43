import type { OpaqueReason, RoutineFacts } from '@sqlwarden/core';

/**
 * Functions that do more than compute a value ("Information Functions", "Locking Functions", "Miscellaneous Functions", "Sequence Functions"), and
 * the stored routines that the servers bring along in `sys` and `mysql` ("sys Schema Stored Procedures", "sys Schema Stored Functions").
 */

/** What is said of a function or routine; its name is the key. */
export type FunctionEffect = Omit<RoutineFacts, 'name'>;

const VOLATILE: FunctionEffect = { category: 'volatile', total: 'all' };

function reads(kind: OpaqueReason['kind'], name: string, detail: string): FunctionEffect {
  return { category: 'unknown', opaque: { kind, detail: `${name} ${detail}` } };
}

const administrates = (): FunctionEffect => ({ category: 'elevated', raises: 'administrative' });
const showsSessions = (name: string): FunctionEffect => ({
  ...reads('foreign-data', name, 'shows the SQL of sessions'),
  category: 'elevated',
});

export interface EffectTable {
  readonly both: ReadonlyMap<string, FunctionEffect>;
  readonly mysql: ReadonlyMap<string, FunctionEffect>;
  readonly mariadb: ReadonlyMap<string, FunctionEffect>;
}

function each(names: string, effect: FunctionEffect | ((name: string) => FunctionEffect)): (readonly [string, FunctionEffect])[] {
  return names.split(/\s+/).map((name) => [name, typeof effect === 'function' ? effect(name) : effect] as const);
}

export const EFFECTS: EffectTable = {
  both: new Map<string, FunctionEffect>([
    ...each('rand random_bytes release_all_locks release_lock sleep sysdate uuid uuid_short is_free_lock is_used_lock', VOLATILE),
    // It computes its argument as often as it is told, and answers 0.
    ...each('benchmark master_pos_wait', { category: 'volatile' }),
    ['get_lock', { category: 'volatile', locks: true }],
    ['load_file', reads('foreign-data', 'load_file', "reads the server's files")],
  ]),
  mysql: new Map<string, FunctionEffect>(
    each('source_pos_wait wait_for_executed_gtid_set wait_until_sql_thread_after_gtids', { category: 'volatile' }),
  ),
  mariadb: new Map<string, FunctionEffect>([
    ...each('sys_guid uuid_v4 uuid_v7 lastval', VOLATILE),
    ...each('binlog_gtid_pos master_gtid_wait wsrep_last_seen_gtid wsrep_last_written_gtid wsrep_sync_wait_upto_gtid', {
      category: 'volatile',
    }),
    ['nextval', { category: 'volatile' }],
    ['setval', { category: 'volatile', raises: 'write' }],
  ]),
};

/** `LAST_INSERT_ID(value)` keeps the value for the session: later calls and the reply to the client tell it. */
export const KEEPS_INSERT_ID: FunctionEffect = {
  category: 'session',
  total: 'all',
  flow: { kind: 'setting', name: 'last_insert_id' },
};

const PURE: FunctionEffect = { category: 'pure' };

/** By `schema.name`. A routine of these schemas that is not here is unknown, readable body or not: some run text as SQL. */
export const SYSTEM_ROUTINES: ReadonlyMap<string, FunctionEffect> = new Map<string, FunctionEffect>([
  ...inSchema('sys', [
    ...each(
      `extract_schema_from_file_name extract_table_from_file_name format_bytes format_path format_statement format_time list_add list_drop
      ps_is_account_enabled ps_is_consumer_enabled ps_is_instrument_default_enabled ps_is_instrument_default_timed ps_is_thread_instrumented
      ps_thread_account ps_thread_id quote_identifier sys_get_config version_major version_minor version_patch`,
      PURE,
    ),
    ...each('ps_thread_stack ps_thread_trx_info ps_trace_statement_digest ps_trace_thread statement_performance_analyzer', showsSessions),
    ...each('diagnostics ps_statement_avg_latency_histogram', showsSessions),
    ...each(
      `ps_setup_disable_background_threads ps_setup_disable_consumer ps_setup_disable_instrument ps_setup_disable_thread
      ps_setup_enable_background_threads ps_setup_enable_consumer ps_setup_enable_instrument ps_setup_enable_thread ps_setup_reload_saved
      ps_setup_reset_to_default ps_setup_save ps_truncate_all_tables`,
      administrates,
    ),
    ...each(
      `ps_setup_show_disabled ps_setup_show_disabled_consumers ps_setup_show_disabled_instruments ps_setup_show_enabled
      ps_setup_show_enabled_consumers ps_setup_show_enabled_instruments table_exists`,
      { category: 'volatile' },
    ),
    ['execute_prepared_stmt', { ...reads('dynamic-sql', 'sys.execute_prepared_stmt', 'runs text as SQL'), raises: 'write' }],
    ['create_synonym_db', { ...reads('dynamic-sql', 'sys.create_synonym_db', 'makes views of what it is told'), raises: 'schema' }],
  ]),
  ...inSchema('mysql', [
    ...each('addgeometrycolumn dropgeometrycolumn', (name) => ({ ...reads('dynamic-sql', name, 'runs text as SQL'), raises: 'schema' })),
  ]),
]);

function inSchema(schema: string, effects: readonly (readonly [string, FunctionEffect])[]): (readonly [string, FunctionEffect])[] {
  return effects.map(([name, effect]) => [`${schema}.${name}`, effect] as const);
}
