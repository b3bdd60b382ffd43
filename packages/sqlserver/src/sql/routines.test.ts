import { describe, expect, it } from '@jest/globals';
import type { Expression, ParseContext, Statement } from '@sqlwarden/core';
import { catalogueFromDefinitions } from '../catalog/from-definitions.js';
import { builtInFunction } from './functions.js';
import { parseUnit } from './parse.js';
import { createRoutineKnowledge } from './routines.js';
import { isStatement } from '@sqlwarden/core';

const CONTEXT: ParseContext = { serverVersion: 16, lexical: { quoted_identifier: 'on' } };

function parsed(text: string): readonly Statement[] {
  const result = parseUnit(text, CONTEXT);
  if (!result.ok) throw new Error(result.failure.message);
  return result.unit.statements.filter(isStatement);
}

const DEFINITIONS = [
  'CREATE TABLE people (id int, name varchar(80))',
  'CREATE PROCEDURE len @x int AS SELECT @x',
  'CREATE PROCEDURE sp_mine AS SELECT 1',
  'CREATE PROCEDURE sp_help AS SELECT 1',
  'CREATE FUNCTION hr.named(@id int) RETURNS TABLE AS RETURN SELECT id, name FROM dbo.people WHERE id = @id',
  'CREATE SYNONYM other_name FOR hr.named',
];

const PATH = ['dbo', 'sys'];

describe('createRoutineKnowledge', () => {
  const knowledge = createRoutineKnowledge(catalogueFromDefinitions(DEFINITIONS.flatMap(parsed), { database: 'crm' }));

  it('does not take a procedure for the function of its name', () => {
    expect(knowledge.routine(['len'], 1, PATH, 'function')).toMatchObject({ name: 'sys.len', category: 'pure', total: 'all' });
    expect(knowledge.routine(['len'], 1, PATH, 'procedure')).toMatchObject({ name: 'dbo.len', opaque: { kind: 'unknown-routine' } });
    expect(knowledge.routine(['len'], 1, PATH)).toMatchObject({ name: 'dbo.len' });
    expect(knowledge.routine(['upper'], 1, PATH, 'procedure')).toBeUndefined();
  });

  it('finds procedures of the system before those of users, wherever they are called', () => {
    for (const name of [['sp_help'], ['dbo', 'sp_help'], ['sys', 'sp_help'], ['master', '', 'sp_help'], ['master', 'dbo', 'sp_help']]) {
      expect(knowledge.routine(name, 1, PATH, 'procedure')).toEqual({ name: 'sys.sp_help', category: 'pure', shows: true });
    }
    expect(knowledge.routine(['sp_mine'], 0, PATH, 'procedure')).toMatchObject({ name: 'dbo.sp_mine' });
    expect(knowledge.routine(['sp_unheard'], 0, PATH, 'procedure')).toBeUndefined();
  });

  it('does not know what is in another database, or on another server', () => {
    expect(knowledge.routine(['crm', 'dbo', 'len'], 1, PATH, 'procedure')).toBeDefined();
    expect(knowledge.routine(['other', 'dbo', 'len'], 1, PATH, 'procedure')).toBeUndefined();
    expect(knowledge.routine(['server', 'crm', 'dbo', 'len'], 1, PATH, 'procedure')).toBeUndefined();
  });

  it('knows the columns of functions that return rows, and what synonyms stand for', () => {
    const named = { name: 'hr.named', returnsSet: true, columns: ['id', 'name'] };
    expect(knowledge.routine(['hr', 'named'], 1, PATH, 'function')).toMatchObject(named);
    expect(knowledge.routine(['other_name'], 1, PATH, 'function')).toMatchObject(named);
    expect(knowledge.routine(['named'], 1, PATH, 'function')).toBeUndefined();
    expect(knowledge.routine(['string_split'], 2, PATH)).toMatchObject({ columns: ['value'] });
    expect(knowledge.routine(['string_split'], 3, PATH)).toMatchObject({ columns: ['value', 'ordinal'] });
  });

  it.each([
    ['xp_cmdshell', 'dynamic-sql', 'administrative'],
    ['sp_oacreate', 'dynamic-sql', 'administrative'],
    ['sp_executesql', 'dynamic-sql', 'write'],
    ['sp_msforeachtable', 'dynamic-sql', 'write'],
    ['sp_rename', 'dynamic-sql', 'schema'],
    ['xp_regread', 'foreign-data', 'administrative'],
    ['xp_readerrorlog', 'foreign-data', 'administrative'],
  ])('takes %s for opaque', (name, kind, raises) =>
    expect(knowledge.routine([name], 1, PATH, 'procedure')).toMatchObject({ opaque: { kind }, raises }),
  );

  it.each([
    ['sp_addlinkedserver', { category: 'elevated', raises: 'administrative' }],
    ['sp_configure', { category: 'elevated', raises: 'administrative' }],
    ['sp_addrolemember', { category: 'elevated', raises: 'privilege' }],
    ['sp_setapprole', { category: 'elevated', changesState: true }],
    ['sp_getapplock', { locks: true }],
    ['sp_set_session_context', { flow: { kind: 'setting', name: 'session_context' } }],
    ['sp_addextendedproperty', { raises: 'schema' }],
  ])('knows the effect of %s', (name, facts) => expect(knowledge.routine([name], 1, PATH, 'procedure')).toMatchObject(facts));

  it.each(['dm_exec_sql_text', 'dm_exec_query_plan', 'fn_trace_gettable', 'fn_dblog', 'dm_db_stats_histogram', 'dm_exec_input_buffer'])(
    'takes sys.%s for opaque',
    (name) => expect(knowledge.routine(['sys', name], 2, PATH)).toMatchObject({ opaque: { kind: 'foreign-data' }, returnsSet: true }),
  );

  it('knows that the message of an error quotes values', () =>
    expect(builtInFunction('error_message')).toMatchObject({ opaque: { kind: 'foreign-data' } }));
});

describe('what may fail by conversion', () => {
  const definitions = parsed('CREATE TABLE people (id int, name nvarchar(80), ssn varchar(11), born date, code uniqueidentifier)');
  const knowledge = createRoutineKnowledge(catalogueFromDefinitions(definitions));
  const COLUMNS = new Set(['id', 'name', 'ssn', 'born', 'code']);
  const expressionOf = (text: string): Expression => {
    const [statement] = parsed(`SELECT ${text}`);
    const item = statement?.kind === 'select' && statement.query.body.kind === 'select' ? statement.query.body.items[0] : undefined;
    if (item === undefined) throw new Error('no expression');
    return item.expression;
  };
  const sourceOf = (expression: Expression): readonly string[] | undefined =>
    expression.kind === 'column' && COLUMNS.has(expression.name) ? [`dbo.people.${expression.name}`] : undefined;
  /** As the resolver asks: inner operators first. */
  const ask = (expression: Expression): unknown => {
    if (expression.kind === 'operator') {
      for (const operand of expression.operands) ask(operand);
      const { operator, operands } = expression;
      return knowledge.operator(operator, operands.length, PATH, operands, operands.map(sourceOf))?.total;
    }
    if (expression.kind === 'comparison') {
      const operands = [expression.left, expression.right];
      for (const operand of operands) ask(operand);
      return knowledge.operator(expression.operator, 2, PATH, operands, operands.map(sourceOf))?.total;
    }
    if (expression.kind !== 'call') return undefined;
    const operands = expression.arguments.map((argument) => argument.expression);
    return knowledge.routine(expression.name, operands.length, PATH, 'function', operands, operands.map(sourceOf))?.total;
  };
  const comparison = (left: string, symbol: string, right: string): unknown => {
    const operands = [expressionOf(left), expressionOf(right)];
    for (const operand of operands) ask(operand);
    return knowledge.operator({ symbol }, 2, PATH, operands, operands.map(sourceOf))?.total;
  };

  it.each([
    ['ssn', "'x'"],
    ['id', "'5'"],
    ['id', '5'],
    ['ssn', '@p'],
    ['ssn', 'name'],
    ['UPPER(ssn)', "'x'"],
    ["CASE WHEN ssn LIKE '1%' THEN 'x' ELSE '1' END", "'y'"],
    ['MONTH(born)', '5'],
    ['born', "'2024-01-01'"],
    ['born', 'CAST(@p AS date)'],
  ])('compares %s with %s whatever the values are', (left, right) => expect(comparison(left, '=', right)).toBe('all'));

  it.each([
    ['ssn', '5'],
    ['ssn', 'id'],
    ['ssn', 'born'],
    ['UPPER(ssn)', '5'],
    ["CASE WHEN ssn LIKE '1%' THEN 'x' ELSE '1' END", '1'],
    ['computed', '1'],
    ['computed', '@p'],
  ])('knows that comparing %s with %s converts', (left, right) => expect(comparison(left, '=', right)).toBeUndefined());

  it.each(["name + ' ' + ssn", "UPPER(name) + ', ' + ssn + '.'", "'(' + ssn", 'name + @p', 'ssn || id'])(
    'takes %s for a concatenation',
    (text) => expect(ask(expressionOf(text))).toBe('all'),
  );

  it.each(['id + 1', 'id + id', "id + 'x' + ssn", "name + ' ' + id", 'ssn + 1', "computed + ' '", "name - 'x'"])(
    'takes %s for a sum',
    (text) => expect(ask(expressionOf(text))).toBeUndefined(),
  );

  it('follows a long chain in linear time', () => {
    const column: Expression = { kind: 'column', qualifier: [], name: 'ssn' };
    const totals = new Set<unknown>();
    let chain: Expression = column;
    const started = performance.now();
    for (let length = 0; length < 50_000; length += 1) {
      const operands: readonly Expression[] = [chain, column];
      totals.add(knowledge.operator({ symbol: '+' }, 2, PATH, operands, operands.map(sourceOf))?.total);
      chain = { kind: 'operator', operator: { symbol: '+' }, operands };
    }
    expect(totals).toEqual(new Set(['all']));
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it.each(['YEAR(born)', "DATEDIFF(day, '2024-01-01', born)", 'DATEADD(day, id, born)', 'MAX(ssn)'])('computes %s of every value', (text) =>
    expect(ask(expressionOf(text))).toBe('all'),
  );

  it.each([
    'YEAR(ssn)',
    "DATEDIFF(day, '2024-01-01', ssn)",
    "YEAR(CASE WHEN ssn LIKE '1%' THEN 'x' ELSE '2020' END)",
    'SUM(id)',
    'EXP(id)',
  ])('knows that %s may fail', (text) => expect(ask(expressionOf(text))).toBeUndefined());

  it('casts to text of any length only', () => {
    const cast = (name: string, modified = false): unknown =>
      knowledge.cast({ name: [name], array: false, ...(modified && { modified }) }, PATH)?.total;
    expect(cast('nvarchar')).toBe('all');
    expect(cast('varchar', true)).toBeUndefined();
    expect(cast('int')).toBeUndefined();
  });

  it.each([
    ['id', 'varchar', true, 'all'],
    ['id', 'nvarchar', true, undefined],
    ['name', 'varchar', true, 'all'],
    ['born', 'varchar', true, 'all'],
    ['id', 'bigint', false, 'all'],
    ['id', 'float', false, 'all'],
    ['born', 'date', false, 'all'],
    ['ssn', 'int', false, undefined],
    ['ssn', 'date', false, undefined],
    ['id', 'tinyint', false, undefined],
    ['id', 'decimal', true, undefined],
    ['born', 'datetime', false, undefined],
    ['code', 'varchar', true, undefined],
  ])('knows whether casting %s to %s fails for some values', (column, type, modified, total) =>
    expect(knowledge.cast({ name: [type], array: false, ...(modified && { modified }) }, PATH, [`dbo.people.${column}`])?.total).toBe(
      total,
    ),
  );
});
