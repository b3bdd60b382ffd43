import { describe, expect, it } from '@jest/globals';
import type { ParseContext, RoutineKnowledge, Statement } from '@sqlwarden/core';
import { catalogueFromDefinitions } from '../catalog/from-definitions.js';
import type { MysqlCatalogue } from '../catalog/resolved-catalogue.js';
import { parseUnit } from './parse.js';
import { createRoutineKnowledge } from './routines.js';
import { isStatement } from '@sqlwarden/core';

const CONTEXT: ParseContext = {
  serverVersion: 80_400,
  lexical: { flavour: 'mysql', sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '0' },
};

function parsed(text: string): readonly Statement[] {
  const result = parseUnit(text, CONTEXT);
  if (!result.ok) throw new Error(result.failure.message);
  return result.unit.statements.filter(isStatement);
}

const DEFINITIONS = [
  'CREATE FUNCTION app.own(i INT) RETURNS INT DETERMINISTIC RETURN i',
  'CREATE PROCEDURE app.upper(i INT) SELECT i',
  'CREATE FUNCTION app.nvl2(a INT, b INT, c INT) RETURNS INT DETERMINISTIC RETURN a',
];

function catalogue(): MysqlCatalogue {
  return catalogueFromDefinitions(DEFINITIONS.flatMap(parsed), { database: 'app' });
}

const PATH = ['app'];

describe('createRoutineKnowledge', () => {
  const knowledge: RoutineKnowledge = createRoutineKnowledge(catalogue());

  it('names functions of the server as if they stood in mysql', () =>
    expect(knowledge.routine(['concat'], 2, PATH)).toEqual({ name: 'mysql.concat', category: 'pure', total: 'all' }));

  it('does not take a procedure for the function of its name', () => {
    expect(knowledge.routine(['upper'], 1, PATH, 'function')).toMatchObject({ name: 'app.upper' });
    expect(knowledge.routine(['upper'], 1, ['other'], 'function')).toMatchObject({ name: 'mysql.upper', computes: 'fold' });
    expect(knowledge.routine(['upper'], 1, PATH, 'procedure')).toMatchObject({ name: 'app.upper', opaque: { kind: 'unknown-routine' } });
    expect(knowledge.routine(['lower'], 1, PATH, 'procedure')).toBeUndefined();
  });

  it('finds stored functions in the default schema, or where the name says', () => {
    expect(knowledge.routine(['own'], 1, PATH)).toMatchObject({ name: 'app.own', category: 'unknown' });
    expect(knowledge.routine(['app', 'own'], 1, [])).toMatchObject({ name: 'app.own' });
    expect(knowledge.routine(['own'], 1, ['other'])).toBeUndefined();
    expect(knowledge.routine(['other', 'concat'], 1, PATH)).toBeUndefined();
  });

  it('takes a function that only MariaDB has for the one that a user made', () =>
    expect(knowledge.routine(['nvl2'], 3, PATH)).toMatchObject({ name: 'app.nvl2', opaque: { kind: 'unknown-routine' } }));

  it('does not know a stored function where a loadable one is found first', () => {
    const loadable = createRoutineKnowledge({ ...catalogue(), loadable: new Set(['own']) });
    expect(loadable.routine(['own'], 1, PATH, 'function')).toBeUndefined();
    expect(loadable.routine(['app', 'own'], 1, PATH, 'function')).toBeDefined();
  });

  it('knows which routines of sys show texts of sessions, run text or administrate', () => {
    expect(knowledge.routine(['sys', 'ps_thread_stack'], 2, PATH)).toMatchObject({ opaque: { kind: 'foreign-data' } });
    expect(knowledge.routine(['sys', 'execute_prepared_stmt'], 1, PATH)).toMatchObject({ opaque: { kind: 'dynamic-sql' } });
    expect(knowledge.routine(['sys', 'ps_setup_save'], 1, PATH)).toMatchObject({ category: 'elevated', raises: 'administrative' });
    expect(knowledge.routine(['sys', 'format_bytes'], 1, PATH)).toMatchObject({ category: 'pure' });
  });

  it('takes what leaves the range of its type for partial', () => {
    const total = (symbol: string, count = 2): unknown => knowledge.operator({ symbol }, count, PATH)?.total;
    expect([total('='), total('<=>'), total('||'), total('like')]).toEqual(['all', 'all', 'all', 'all']);
    expect([total('+'), total('*'), total('/'), total('div'), total('->'), total('&'), total('%')]).toEqual(Array.from({ length: 7 }));
    expect([total('like', 3), total('regexp')]).toEqual([[0], [0]]);
  });

  it('takes a text of a value for the value, unless it is cut', () => {
    expect(knowledge.cast({ name: ['char'], array: false }, PATH)).toMatchObject({ computes: 'fold', total: 'all' });
    expect(knowledge.cast({ name: ['char'], array: false, modified: true }, PATH)).not.toHaveProperty('computes');
    expect(knowledge.cast({ name: ['json'], array: false }, PATH)).not.toHaveProperty('total');
  });
});
