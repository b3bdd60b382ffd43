import { describe, expect, it } from '@jest/globals';
import { catalogueFromDefinitions } from '../catalog/from-definitions.js';
import { SQLSERVER_RULES } from './rules.js';

describe('SQLSERVER_RULES', () => {
  it.each([
    ['sys.sql_logins', 'password_hash'],
    ['sys.query_store_query_text', 'query_sql_text'],
    ['sys.query_store_plan', 'query_plan'],
    ['sys.dm_tran_version_store', 'record_image_first_part'],
    ['sys.dm_xe_session_targets', 'target_data'],
    ['sys.transmission_queue', 'message_body'],
  ])('knows that %s.%s tells of rows, sessions or secrets', (relation, column) =>
    expect(SQLSERVER_RULES.sensitiveColumn(relation, column)).toMatchObject({ kind: 'foreign-data' }),
  );

  it.each([
    ['sys.tables', 'name'],
    ['sys.dm_exec_query_stats', 'execution_count'],
    ['information_schema.columns', 'column_name'],
    ['dbo.sql_logins', 'password_hash'],
  ])('lets %s.%s be read', (relation, column) => expect(SQLSERVER_RULES.sensitiveColumn(relation, column)).toBeUndefined());

  it('knows which options change names, lexis, rights or results', () => {
    const { harmlessSettings, lexicalSettings, privilegeSettings } = SQLSERVER_RULES;
    for (const name of ['nocount', 'xact_abort', 'identity_insert', 'transaction_isolation_level', 'rowcount', 'statistics_io']) {
      expect(harmlessSettings.has(name)).toBe(true);
    }
    for (const name of ['showplan_xml', 'statistics_xml', 'noexec', 'fmtonly', 'parseonly', 'no_browsetable', 'quoted_identifier']) {
      expect(harmlessSettings.has(name)).toBe(false);
    }
    expect(lexicalSettings?.has('quoted_identifier')).toBe(true);
    expect(privilegeSettings.has('execute_as')).toBe(true);
  });

  it('finds names in modules from their own schema', () => {
    expect(SQLSERVER_RULES.storedSearchPath?.('hr')).toEqual(['hr', 'dbo', 'sys']);
    expect(SQLSERVER_RULES.storedSearchPath?.('dbo')).toEqual(['dbo', 'sys']);
  });

  it('knows nothing of another database', () => {
    const { catalogue } = catalogueFromDefinitions([], { database: 'crm' });
    const state = { id: 1, database: 'crm', role: '', searchPath: ['hr', 'dbo', 'sys'], lexical: {} };
    expect(SQLSERVER_RULES.searchPathOf?.('crm', state, catalogue)).toEqual(['hr', 'dbo', 'sys']);
    expect(SQLSERVER_RULES.searchPathOf?.('master', state, catalogue)).toBeUndefined();
  });

  it('tells temporary relations by their names', () => {
    expect(SQLSERVER_RULES.isTemporaryName?.('#t')).toBe(true);
    expect(SQLSERVER_RULES.isTemporaryName?.('t')).toBe(false);
  });
});
