import { describe, expect, it } from '@jest/globals';
import type { Expression, Select, Statement } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

function select(items: string, quotedIdentifier = 'on'): Select {
  const result = parseUnit(`SELECT ${items}`, { serverVersion: 16, lexical: { quoted_identifier: quotedIdentifier } });
  if (!result.ok) throw new Error(`${result.failure.kind}: ${result.failure.message}`);
  const [statement, ...others] = result.unit.statements as readonly Statement[];
  if (statement?.kind !== 'select' || others.length > 0 || statement.query.body.kind !== 'select') throw new Error('not one SELECT');
  return statement.query.body;
}

function value(text: string): Expression {
  return select(text).items[0]!.expression;
}

function condition(text: string): Expression {
  return select(`1 FROM t WHERE ${text}`).where!;
}

function refused(text: string): string {
  const result = parseUnit(text, { serverVersion: 16, lexical: { quoted_identifier: 'on' } });
  return result.ok ? 'parsed' : result.failure.kind;
}

const a: Expression = { kind: 'column', qualifier: [], name: 'a' };
const b: Expression = { kind: 'column', qualifier: [], name: 'b' };
const c: Expression = { kind: 'column', qualifier: [], name: 'c' };
const one: Expression = { kind: 'literal', type: 'integer', value: '1' };
const two: Expression = { kind: 'literal', type: 'integer', value: '2' };

function operator(symbol: string, ...operands: Expression[]): Expression {
  return { kind: 'operator', operator: { symbol }, operands };
}

describe('parseExpression: values', () => {
  it.each<[string, Expression]>([
    ['1', one],
    ['-1.5', { kind: 'literal', type: 'number', value: '-1.5' }],
    ['0xAB', { kind: 'literal', type: 'other', value: '0xAB' }],
    [`N'it''s'`, { kind: 'literal', type: 'string', value: `it's` }],
    ['NULL', { kind: 'literal', type: 'null', value: null }],
    [`{d '2020-01-01'}`, { kind: 'literal', type: 'string', value: '2020-01-01' }],
    ['@Param', { kind: 'variable', scope: 'local', name: 'param' }],
    ['@@SPID', { kind: 'variable', scope: 'system', name: 'spid' }],
    ['Name', { kind: 'column', qualifier: [], name: 'name' }],
    ['[dbo].[T].[Na me]', { kind: 'column', qualifier: ['dbo', 't'], name: 'na me' }],
    ['db..t.a', { kind: 'column', qualifier: ['db', '', 't'], name: 'a' }],
    ['$IDENTITY', { kind: 'column', qualifier: [], name: '$identity' }],
    ['CURRENT_TIMESTAMP', { kind: 'session-value', name: 'current_timestamp' }],
    ['SYSTEM_USER', { kind: 'session-value', name: 'system_user' }],
  ])('%s', (text, expected) => {
    expect(value(text)).toEqual(expected);
  });

  it('binds * closer than + and + closer than comparisons', () => {
    expect(value('a + b * c')).toEqual(operator('+', a, operator('*', b, c)));
    expect(value('(a + b) * c')).toEqual(operator('*', operator('+', a, b), c));
    expect(value('a - b - c')).toEqual(operator('-', operator('-', a, b), c));
    expect(value('- a')).toEqual(operator('-', a));
    expect(value('a << 1 | b')).toEqual(operator('|', operator('<<', a, one), b));
    expect(value('a || b')).toEqual(operator('||', a, b));
  });

  it('takes -- for a comment, not for two signs', () => {
    expect(value('5--1')).toEqual({ kind: 'literal', type: 'integer', value: '5' });
  });

  it('keeps what a date part names out of the columns', () => {
    expect(value('DATEADD(year, 1, a)')).toEqual({
      kind: 'call',
      name: ['dateadd'],
      arguments: [{ expression: { kind: 'literal', type: 'other', value: 'year' } }, { expression: one }, { expression: a }],
    });
  });

  it('reads calls with DISTINCT, *, WITHIN GROUP and OVER', () => {
    expect(value('COUNT(*)')).toEqual({ kind: 'call', name: ['count'], arguments: [], star: true });
    expect(value('CHECKSUM(*)')).toMatchObject({ kind: 'call', arguments: [{ expression: { kind: 'star', qualifier: [] } }] });
    expect(value('SUM(DISTINCT a)')).toMatchObject({ kind: 'call', distinct: true, arguments: [{ expression: a }] });
    expect(value(`STRING_AGG(a, ',') WITHIN GROUP (ORDER BY b DESC)`)).toMatchObject({ kind: 'call', orderBy: [{ expression: b }] });
    expect(value('SUM(a) OVER (PARTITION BY b ORDER BY c ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)')).toMatchObject({
      over: { partitionBy: [b], orderBy: [{ expression: c }], frame: [one] },
    });
    expect(value('FIRST_VALUE(a) IGNORE NULLS OVER w')).toMatchObject({ over: { reference: 'w' } });
  });

  it('leaves open whether a dotted call is a function or a method of a column', () => {
    const call = { kind: 'call', name: ['dbo', 'f'], arguments: [{ expression: a }] };
    expect(value('dbo.f(a)')).toEqual({
      kind: 'method',
      operand: { kind: 'column', qualifier: [], name: 'dbo' },
      method: 'f',
      arguments: [a],
      call,
    });
    expect(value(`@x.value('.', 'int')`)).toMatchObject({ kind: 'method', operand: { kind: 'variable', name: 'x' }, method: 'value' });
    expect(value(`(SELECT a FROM t FOR XML PATH(''), TYPE).value('.', 'varchar(max)')`)).toMatchObject({
      kind: 'method',
      operand: { kind: 'scalar-query', query: { document: '' } },
    });
  });

  it('knows the static methods of the types of the system only', () => {
    expect(value('geography::Point(a, b, 4326)')).toMatchObject({ kind: 'construct', name: 'geography::point', operands: [a, b, {}] });
    expect(value('dbo.MyType::Make(a)')).toMatchObject({ kind: 'opaque', reason: { kind: 'unknown-routine' }, operands: [a] });
  });

  it.each<[string, Expression]>([
    ['CAST(a AS int)', { kind: 'cast', operand: a, type: { name: ['int'], array: false } }],
    ['TRY_CAST(a AS varchar(3))', { kind: 'cast', operand: a, type: { name: ['varchar'], array: false, modified: true } }],
    ['CAST(a AS varchar)', { kind: 'cast', operand: a, type: { name: ['varchar'], array: false, modified: true } }],
    ['CAST(a AS nvarchar(max))', { kind: 'cast', operand: a, type: { name: ['nvarchar'], array: false } }],
    ['CONVERT(int, a)', { kind: 'cast', operand: a, type: { name: ['int'], array: false } }],
    [
      'CONVERT(varchar(9), a, b)',
      {
        kind: 'construct',
        name: 'convert',
        operands: [{ kind: 'cast', operand: a, type: { name: ['varchar'], array: false, modified: true } }, b],
      },
    ],
    ['IIF(a = 1, b, c)', { kind: 'case', whens: [{ condition: condition('a = 1'), result: b }], otherwise: c }],
    ['CASE a WHEN 1 THEN b END', { kind: 'case', operand: a, whens: [{ condition: one, result: b }] }],
    ['COALESCE(a, b)', { kind: 'construct', name: 'coalesce', operands: [a, b] }],
    ['a COLLATE Latin1_General_BIN', { kind: 'construct', name: 'collate', operands: [a] }],
    ['a AT TIME ZONE b', { kind: 'construct', name: 'at time zone', operands: [a, b] }],
    ['TRIM(a FROM b)', { kind: 'construct', name: 'trim', operands: [a, b] }],
    ['JSON_OBJECT(a : b, a : c NULL ON NULL)', { kind: 'construct', name: 'json_object', operands: [a, b, a, c] }],
    ['LEFT(a, 1)', { kind: 'call', name: ['left'], arguments: [{ expression: a }, { expression: one }] }],
    [
      'NEXT VALUE FOR dbo.Numbers',
      {
        kind: 'call',
        name: ['next value for'],
        arguments: [{ expression: { kind: 'literal', type: 'other', value: 'dbo.numbers' } }],
        builtIn: true,
      },
    ],
  ])('%s', (text, expected) => {
    expect(value(text)).toEqual(expected);
  });
});

describe('parseExpression: conditions', () => {
  it('makes one node of a chain of AND and of OR, and NOT binds between', () => {
    const equal = (left: Expression): Expression => ({ kind: 'comparison', test: 'equal', operator: { symbol: '=' }, left, right: one });
    expect(condition('a = 1 OR NOT b = 1 AND c = 1 OR a = 1')).toEqual({
      kind: 'logical',
      operator: 'or',
      operands: [equal(a), { kind: 'logical', operator: 'and', operands: [{ kind: 'not', operand: equal(b) }, equal(c)] }, equal(a)],
    });
  });

  it.each<[string, string]>([
    ['a <> 1', 'not-equal'],
    ['a ! = 1', 'not-equal'],
    ['a !< 1', 'greater-or-equal'],
    ['a !> 1', 'less-or-equal'],
    ['a > = 1', 'greater-or-equal'],
    ['a IS DISTINCT FROM 1', 'distinct'],
    ['a IS NOT DISTINCT FROM 1', 'not-distinct'],
  ])('%s is %s', (text, test) => {
    expect(condition(text)).toMatchObject({ kind: 'comparison', test, left: a, right: one });
  });

  it('reads LIKE, BETWEEN, IN, IS NULL and their negations', () => {
    expect(condition(`a NOT LIKE b ESCAPE '!'`)).toMatchObject({
      kind: 'not',
      operand: { operator: { symbol: 'like' }, operands: [a, b, {}] },
    });
    expect(condition('a BETWEEN 1 AND 2 AND b = 1')).toMatchObject({ kind: 'logical', operands: [{ operands: [a, one, two] }, {}] });
    expect(condition('a NOT IN (1, 2)')).toMatchObject({ kind: 'in-list', negated: true, list: [one, two] });
    expect(condition('a IN (SELECT b FROM u)')).toMatchObject({ kind: 'in-query', negated: false });
    expect(condition('a IN ((SELECT b FROM u))')).toMatchObject({ kind: 'in-query' });
    expect(condition('a IS NOT NULL')).toEqual({ kind: 'null-test', operand: a, negated: true });
    expect(condition('a > ALL (SELECT b FROM u)')).toMatchObject({ kind: 'quantified', test: 'greater', quantifier: 'all' });
    expect(condition('EXISTS (SELECT 1 FROM u)')).toMatchObject({ kind: 'exists' });
  });

  it('tells parenthesised conditions, values and queries apart without looking ahead', () => {
    expect(condition('((a + b)) = 1')).toMatchObject({ kind: 'comparison', left: operator('+', a, b) });
    expect(condition('((a = 1))')).toMatchObject({ kind: 'comparison', left: a });
    expect(condition('((SELECT b FROM u) + 1) = 1')).toMatchObject({
      left: { kind: 'operator', operands: [{ kind: 'scalar-query' }, one] },
    });
    expect(condition('((SELECT b FROM u) UNION SELECT 1) = 1')).toMatchObject({
      left: { kind: 'scalar-query', query: { body: { kind: 'set-operation' } } },
    });
  });

  it('reads full-text and graph conditions', () => {
    expect(condition(`CONTAINS((a, b), 'word')`)).toMatchObject({ kind: 'construct', name: 'contains', operands: [a, b, {}] });
    expect(condition(`FREETEXT(*, 'word')`)).toMatchObject({ operands: [{ kind: 'row', fields: [{ kind: 'star', qualifier: [] }] }, {}] });
    expect(condition('MATCH(a-(e)->b AND b<-(f)-c)')).toEqual({ kind: 'construct', name: 'match', operands: [] });
  });
});

describe('parseExpression: what is refused', () => {
  it.each([
    'SELECT (1, 2)',
    'SELECT a = 1 = 2',
    'SELECT 1 FROM t WHERE a *= b',
    'SELECT 1 FROM t WHERE',
    'SELECT CASE END',
    'SELECT CAST(a)',
    'SELECT a.',
    'SELECT f(a',
    'SELECT select',
  ])('%s is a syntax error', (text) => {
    expect(refused(text)).toBe('syntax');
  });

  it('refuses what is nested too deep, in linear time', () => {
    for (const opening of ['(', '(SELECT ', 'CASE WHEN 1=1 THEN ', 'f(', 'CAST(', 'NOT (', 'EXISTS (SELECT ']) {
      const started = performance.now();
      expect(refused(`SELECT 1 FROM t WHERE ${opening.repeat(20_000)}`)).toBe('limit');
      expect(performance.now() - started).toBeLessThan(10_000);
    }
  });

  it('takes what is long but not deep', () => {
    for (const [repeated, end] of [
      ['a = 1 OR ', 'a = 1'],
      ['NOT ', 'a = 1'],
      ['a = - - - 1 AND ', 'a = 1'],
    ] as const) {
      expect(refused(`SELECT 1 FROM t WHERE ${repeated.repeat(20_000)}${end}`)).toBe('parsed');
    }
    expect(refused(`SELECT 1 FROM t WHERE a IN (${'1,'.repeat(200_000)}1)`)).toBe('parsed');
    expect(refused(`SELECT ${`'x' + `.repeat(500)}'y'`)).toBe('parsed');
    expect(refused(`SELECT ${`'x' + `.repeat(50_000)}'y'`)).toBe('limit');
  });
});
