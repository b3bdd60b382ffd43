import { describe, expect, it } from '@jest/globals';
import { catalogueFromDefinitions } from '../catalog/from-definitions.js';
import { MYSQL_RULES } from './rules.js';

describe('MYSQL_RULES', () => {
  it.each([
    ['information_schema.processlist', 'info'],
    ['performance_schema.threads', 'processlist_info'],
    ['performance_schema.events_statements_history', 'sql_text'],
    ['performance_schema.events_statements_summary_by_digest', 'query_sample_text'],
    ['performance_schema.events_statements_current', 'digest_text'],
    ['performance_schema.data_locks', 'lock_data'],
    ['information_schema.innodb_trx', 'trx_query'],
    ['mysql.general_log', 'argument'],
    ['mysql.slow_log', 'sql_text'],
    ['mysql.user', 'authentication_string'],
    ['mysql.global_priv', 'priv'],
    ['mysql.column_stats', 'max_value'],
    ['sys.processlist', 'current_statement'],
    ['sys.statement_analysis', 'query'],
    ['sys."x$statement_analysis"', 'query'],
    ['sys.innodb_lock_waits', 'blocking_query'],
  ])('knows that %s.%s tells of rows, sessions or secrets', (relation, column) =>
    expect(MYSQL_RULES.sensitiveColumn(relation, column)).toMatchObject({ kind: 'foreign-data' }),
  );

  it.each([
    ['information_schema.tables', 'table_name'],
    ['information_schema.processlist', 'id'],
    ['mysql.user', 'host'],
    ['mysql.innodb_index_stats', 'stat_value'],
    ['performance_schema.threads', 'thread_id'],
  ])('lets %s.%s be read', (relation, column) => expect(MYSQL_RULES.sensitiveColumn(relation, column)).toBeUndefined());

  it('knows which variables change the meaning of what follows', () => {
    for (const name of [
      'sql_mode',
      'names',
      'character_set_client',
      'character_set_results',
      'lower_case_table_names',
      'completion_type',
    ]) {
      expect(MYSQL_RULES.harmlessSettings.has(name)).toBe(false);
    }
    for (const name of ['autocommit', 'time_zone', 'foreign_key_checks', 'transaction_isolation', 'group_concat_max_len']) {
      expect(MYSQL_RULES.harmlessSettings.has(name)).toBe(true);
    }
    expect(MYSQL_RULES.privilegeSettings.has('role')).toBe(true);
    expect(MYSQL_RULES.lexicalSettings?.has('sql_mode')).toBe(true);
    expect(MYSQL_RULES.lexicalSettings?.has('completion_type')).toBe(false);
  });

  it('searches the database that is in use, and no other', () => {
    const { catalogue } = catalogueFromDefinitions([], { database: 'app' });
    const state = { id: 1, database: 'app', role: '', searchPath: ['app'], lexical: {} };
    expect(MYSQL_RULES.searchPathOf?.('sys', state, catalogue)).toEqual(['sys']);
    expect(MYSQL_RULES.searchPathOf?.('unheard', state, catalogue)).toBeUndefined();
  });
});
