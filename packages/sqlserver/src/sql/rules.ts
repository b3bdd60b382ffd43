import { splitName } from '@sqlwarden/core';
import type { Catalogue, DialectRules, OpaqueReason, RelationName, SqlState } from '@sqlwarden/core';

import { FORMAT_OF_QUERIES } from './format-only.js';

/** What SQL Server's names and settings mean, for the resolver. Names are folded to lower case. */

const SYSTEM_SCHEMAS: ReadonlySet<string> = new Set(['sys', 'information_schema']);

function isSystemSchema(schema: string): boolean {
  return SYSTEM_SCHEMAS.has(schema);
}

const SESSION_TEXTS = 'SQL of sessions';
const SECRETS = 'passwords and keys';
const VALUES = 'values of rows';

/** Columns of views of `sys` that hold values of rows, texts of sessions or secrets ("System Views"). */
const SENSITIVE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sql_logins: { password_hash: SECRETS },
  syslogins: { password: SECRETS },
  sysxlogins: { password: SECRETS },
  sysusers: { password: SECRETS },
  syscacheobjects: { sql: SESSION_TEXTS },
  sysprocesses: { sql_handle: SESSION_TEXTS, context_info: VALUES },
  query_store_query_text: { query_sql_text: SESSION_TEXTS },
  query_store_plan: { query_plan: SESSION_TEXTS },
  query_store_query_hints: { query_hint_text: SESSION_TEXTS },
  dm_exec_requests: { context_info: VALUES },
  dm_exec_sessions: { context_info: VALUES },
  dm_exec_cursors: { properties: SESSION_TEXTS },
  dm_exec_distributed_requests: { command: SESSION_TEXTS },
  dm_exec_distributed_sql_requests: { command: SESSION_TEXTS },
  dm_exec_external_work: { input_name: SESSION_TEXTS },
  dm_os_waiting_tasks: { resource_description: SESSION_TEXTS },
  dm_pdw_exec_requests: { command: SESSION_TEXTS },
  dm_pdw_request_steps: { command: SESSION_TEXTS },
  dm_pdw_sql_requests: { command: SESSION_TEXTS },
  dm_tran_version_store: { record_image_first_part: VALUES, record_image_second_part: VALUES },
  dm_xe_session_targets: { target_data: SESSION_TEXTS },
  dm_xe_database_session_targets: { target_data: SESSION_TEXTS },
  dm_os_ring_buffers: { record: SESSION_TEXTS },
  dm_db_tuning_recommendations: { details: SESSION_TEXTS },
  dm_broker_forwarded_messages: { message_body: VALUES },
  transmission_queue: { message_body: VALUES },
  asymmetric_keys: { encrypted_value: SECRETS },
  key_encryptions: { crypt_property: SECRETS },
  event_log: { description: SESSION_TEXTS, additional_data: SESSION_TEXTS },
};

function sensitiveColumn(relation: RelationName, column: string): OpaqueReason | undefined {
  const [schema, name = ''] = splitName(relation);
  if (schema !== 'sys') return undefined;
  const detail = (Object.hasOwn(SENSITIVE, name) ? SENSITIVE[name] : undefined)?.[column];
  return detail === undefined ? undefined : { kind: 'foreign-data', detail: `${relation}.${column}: ${detail}` };
}

/** Settings of SET that alter neither names, lexis, rights nor which results a statement has ("SET Statements"). */
const HARMLESS_SETTINGS = `
  ansi_null_dflt_off ansi_null_dflt_on ansi_padding ansi_warnings arithabort arithignore concat_null_yields_null cursor_close_on_commit
  datefirst dateformat deadlock_priority disable_def_cnst_chk fips_flagger forceplan identity_insert implicit_transactions language
  lock_timeout nocount numeric_roundabort query_governor_cost_limit remote_proc_transactions result_set_caching rowcount
  statistics_io statistics_time textsize transaction_isolation_level xact_abort`;

/** Switches of SET by which statements are not run, or give other results than they say ("SET Statements"). */
export const EXECUTION_SWITCHES: ReadonlySet<string> = new Set([
  'fmtonly',
  'noexec',
  'no_browsetable',
  'showplan_all',
  'showplan_text',
  'showplan_xml',
]);

/** USE: the catalogue is that of one database. */
function searchPathOf(database: string, state: SqlState, catalogue: Catalogue): readonly string[] | undefined {
  return database === catalogue.database.toLowerCase() ? state.searchPath : undefined;
}

export const SQLSERVER_RULES: DialectRules = {
  proceduresReturn: true,
  goesOnAfterErrors: true,
  // The place of a row, and what a MERGE did to it.
  systemColumns: new Set(['%%physloc%%', '%%lockres%%', '$action']),
  sensitiveColumn,
  // Names in a module mean what is in its own schema, else in `dbo`, else in `sys`.
  storedSearchPath: (schema) => (schema === 'dbo' ? ['dbo', 'sys'] : [schema, 'dbo', 'sys']),
  isSystemSchema,
  // Temporary tables are told by their names, whatever stands before them.
  isTemporarySchema: () => false,
  temporarySchema: 'tempdb',
  isTemporaryName: (relation) => relation.startsWith('#'),
  searchPathOf,
  harmlessSettings: new Set(HARMLESS_SETTINGS.trim().split(/\s+/)),
  privilegeSettings: new Set(['execute_as', 'setuser']),
  // The parser reads the rest of a batch by them, or has seen that they change nothing in it.
  lexicalSettings: new Set([
    'quoted_identifier',
    'ansi_nulls',
    'ansi_defaults',
    FORMAT_OF_QUERIES,
    ...[...EXECUTION_SWITCHES].map((name) => `${name}_off`),
  ]),
  rowsAsValues: false,
  variablesMarked: true,
  functionsInFromAreTables: true,
  pureMethods: new Set(
    `value query exist nodes
    getancestor getdescendant getlevel isdescendantof getreparentedvalue tostring
    filter instanceof lat long m z makevalid minusz reduce asgml astextzm astextm envelopeangle envelopecenter ringn numrings reorientobject
    bufferwithcurves bufferwithtolerance curvetolinewithtolerance shortestlineto isvaliddetailed hasm hasz asbinaryzm
    starea stasbinary stastext stboundary stbuffer stcentroid stcontains stconvexhull stcrosses stcurven stcurvetoline stdifference
    stdimension stdisjoint stdistance stendpoint stenvelope stequals stexteriorring stgeometryn stgeometrytype stinteriorringn
    stintersection stintersects stisclosed stisempty stisring stissimple stisvalid stlength stnumcurves stnumgeometries
    stnuminteriorring stnumpoints stoverlaps stpointn stpointonsurface strelate stsrid ststartpoint stsymdifference sttouches stunion
    stwithin stx sty`.split(/\s+/),
  ),
  explainColumn: 'Microsoft SQL Server 2005 XML Showplan',
};
