import type { OpaqueReason } from '@sqlwarden/core';

/** The forms of SHOW by their words. A form whose words begin another's stands behind it. */

export interface ShowForm {
  readonly words: readonly string[];
  /** What stands behind the words, in front of LIKE and WHERE. `options`: anything without expressions. */
  readonly subject?: 'relation' | 'in-relation' | 'in-schema' | 'schema' | 'routine' | 'account' | 'options';
  /** The columns that it returns, when they are known; some depend on the server and the schema. */
  readonly columns?: readonly string[] | ((isMariaDb: boolean, schema: string) => readonly string[] | undefined);
  readonly reveals?: OpaqueReason;
  /** Its rows are messages, which are cleaned on their way. */
  readonly messages?: true;
}

const OTHER_SESSIONS: OpaqueReason = { kind: 'foreign-data', detail: 'what other sessions are running' };
const EVENTS: OpaqueReason = { kind: 'foreign-data', detail: 'rows and statements of the log of the server' };
const ENGINE: OpaqueReason = { kind: 'foreign-data', detail: 'statements of other sessions in the status of a storage engine' };
const ACCOUNTS: OpaqueReason = { kind: 'foreign-data', detail: 'rights and proofs of accounts' };
const MESSAGES: OpaqueReason = { kind: 'session-state', detail: 'messages of earlier statements, which may quote values of rows' };
const REPLICATION: OpaqueReason = { kind: 'foreign-data', detail: 'errors of replication, which may quote rows' };

function forms(words: string, rest: Omit<ShowForm, 'words'>): ShowForm[] {
  return words.split(' | ').map((form) => ({ words: form.split(' '), ...rest }));
}

const COLUMNS = ['field', 'type', 'null', 'key', 'default', 'extra'];
const FULL_COLUMNS = ['field', 'type', 'collation', 'null', 'key', 'default', 'extra', 'privileges', 'comment'];
const TRIGGERS = [
  'trigger',
  'event',
  'table',
  'statement',
  'timing',
  'created',
  'sql_mode',
  'definer',
  'character_set_client',
  'collation_connection',
  'database collation',
];
const EVENT_COLUMNS = [
  'db',
  'name',
  'definer',
  'time zone',
  'type',
  'execute at',
  'interval value',
  'interval field',
  'starts',
  'ends',
  'status',
  'originator',
  'character_set_client',
  'collation_connection',
  'database collation',
];
const ROUTINE_STATUS = [
  'db',
  'name',
  'type',
  'definer',
  'modified',
  'created',
  'security_type',
  'comment',
  'character_set_client',
  'collation_connection',
  'database collation',
];
const INDEX = [
  'table',
  'non_unique',
  'key_name',
  'seq_in_index',
  'column_name',
  'collation',
  'cardinality',
  'sub_part',
  'packed',
  'null',
  'index_type',
  'comment',
  'index_comment',
];
const TABLE_STATUS = [
  'name',
  'engine',
  'version',
  'row_format',
  'rows',
  'avg_row_length',
  'data_length',
  'max_data_length',
  'index_length',
  'data_free',
  'auto_increment',
  'create_time',
  'update_time',
  'check_time',
  'collation',
  'checksum',
  'create_options',
  'comment',
];
const PROCESSES = ['id', 'user', 'host', 'db', 'command', 'time', 'state', 'info'];

function createdCode(kind: string): readonly string[] {
  return [kind, 'sql_mode', `create ${kind}`, 'character_set_client', 'collation_connection', 'database collation'];
}

export const SHOW_FORMS: readonly ShowForm[] = [
  ...forms('full columns | full fields | extended full columns | extended full fields', { subject: 'in-relation', columns: FULL_COLUMNS }),
  ...forms('columns | fields | extended columns | extended fields', { subject: 'in-relation', columns: COLUMNS }),
  ...forms('index | indexes | keys | extended index | extended indexes | extended keys', {
    subject: 'in-relation',
    columns: (isMariaDb) => (isMariaDb ? [...INDEX, 'ignored'] : undefined),
  }),
  ...forms('full tables | extended full tables', { subject: 'in-schema', columns: (_, schema) => [`tables_in_${schema}`, 'table_type'] }),
  ...forms('tables | extended tables', { subject: 'in-schema', columns: (_, schema) => [`tables_in_${schema}`] }),
  ...forms('table status', {
    subject: 'in-schema',
    columns: (isMariaDb) => (isMariaDb ? [...TABLE_STATUS, 'max_index_length', 'temporary'] : TABLE_STATUS),
  }),
  ...forms('open tables', { subject: 'in-schema', columns: ['database', 'table', 'in_use', 'name_locked'] }),
  ...forms('triggers | full triggers', { subject: 'in-schema', columns: TRIGGERS }),
  ...forms('events', { subject: 'in-schema', columns: EVENT_COLUMNS }),
  ...forms('databases | schemas', { columns: ['database'] }),
  ...forms('variables | global variables | session variables | local variables | status | global status | session status | local status', {
    columns: ['variable_name', 'value'],
  }),
  ...forms('procedure status | function status | package status | package body status', {
    // MySQL 9 has the language besides.
    columns: (isMariaDb) => (isMariaDb ? ROUTINE_STATUS : undefined),
  }),
  ...forms('library status', { columns: ['db', 'name', 'language', 'creator', 'modified', 'created', 'comment'] }),
  ...forms('procedure code | function code | package body code', { subject: 'routine', columns: ['pos', 'instruction'] }),
  ...forms('character set | char set | charset', { columns: ['charset', 'description', 'default collation', 'maxlen'] }),
  ...forms('collation', {
    columns: (isMariaDb) => {
      const columns = ['collation', 'charset', 'id', 'default', 'compiled', 'sortlen'];
      return isMariaDb ? columns : [...columns, 'pad_attribute'];
    },
  }),
  ...forms('engines | storage engines', { columns: ['engine', 'support', 'comment', 'transactions', 'xa', 'savepoints'] }),
  ...forms('plugins soname', { subject: 'options', columns: ['name', 'status', 'type', 'library', 'license'] }),
  ...forms('plugins', { columns: ['name', 'status', 'type', 'library', 'license'] }),
  ...forms('privileges', { columns: ['privilege', 'context', 'comment'] }),
  ...forms('engine', { subject: 'options', reveals: ENGINE }),
  ...forms('full processlist | processlist', {
    columns: (isMariaDb) => (isMariaDb ? [...PROCESSES, 'progress'] : PROCESSES),
    reveals: OTHER_SESSIONS,
  }),
  ...forms('grants', { subject: 'account', reveals: ACCOUNTS }),
  ...forms('create user', { subject: 'account', reveals: ACCOUNTS }),
  // Of a view it shows what SHOW CREATE VIEW shows.
  ...forms('create table', { subject: 'relation' }),
  ...forms('create view', { subject: 'relation', columns: ['view', 'create view', 'character_set_client', 'collation_connection'] }),
  ...forms('create sequence', { subject: 'relation', columns: ['table', 'create table'] }),
  ...forms('create database | create schema', { subject: 'schema', columns: ['database', 'create database'] }),
  ...forms('create function', { subject: 'routine', columns: createdCode('function') }),
  ...forms('create procedure', { subject: 'routine', columns: createdCode('procedure') }),
  ...forms('create package body | create package', { subject: 'routine' }),
  ...forms('create event | create trigger | create server | create library', { subject: 'routine' }),
  ...forms('binary logs | master logs', { subject: 'options' }),
  ...forms('binlog events | relaylog events', { subject: 'options', reveals: EVENTS }),
  ...forms('relaylog', { subject: 'options', reveals: EVENTS }),
  ...forms('binlog status | master status | binary log status', { subject: 'options' }),
  ...forms('slave hosts | replica hosts | replicas', {}),
  ...forms('all slaves status | all replicas status | slave status | replica status', { subject: 'options', reveals: REPLICATION }),
  ...forms('slave | replica', { subject: 'options', reveals: REPLICATION }),
  ...forms('warnings | errors', { columns: ['level', 'code', 'message'], reveals: MESSAGES, messages: true }),
  ...forms('profiles', { columns: ['query_id', 'duration', 'query'], reveals: MESSAGES }),
  ...forms('profile', { subject: 'options' }),
  ...forms('authors | contributors | locales', {}),
  ...forms('client_statistics | user_statistics | index_statistics | table_statistics', {}),
  ...forms('explain | analyze', { subject: 'options', reveals: OTHER_SESSIONS }),
  ...forms('parse_tree', { subject: 'options', reveals: OTHER_SESSIONS }),
];
