import { describe, expect, it } from '@jest/globals';
import { unreachable, type Expression, type Statement } from '@sqlwarden/core';
import { isStatement } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

const MYSQL = { flavour: 'mysql', sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '1' };
const MARIADB = { ...MYSQL, flavour: 'mariadb' };

function statement(text: string, lexical: Record<string, string>): Statement {
  const result = parseUnit(text, { serverVersion: lexical['flavour'] === 'mysql' ? 80_036 : 101_119, lexical });
  if (!result.ok) throw new Error(result.failure.message);
  const [only] = result.unit.statements.filter(isStatement);
  if (only === undefined) throw new Error('no statement');
  return only;
}

function expression(text: string, lexical: Record<string, string> = MYSQL): Expression {
  const found = statement(`select ${text}`, lexical);
  if (found.kind !== 'select' || found.query.body.kind !== 'select') throw new Error('no select');
  const [item, ...others] = found.query.body.items;
  if (item === undefined || others.length > 0) throw new Error('not one expression');
  return item.expression;
}

/** The shape of an expression as text, with every operator in parentheses. */
function shape(node: Expression): string {
  switch (node.kind) {
    case 'literal':
      return node.type === 'string' ? `'${String(node.value)}'` : String(node.value);
    case 'parameter':
      return `?${node.number}`;
    case 'column':
      return [...node.qualifier, node.name].join('.');
    case 'call':
      return `${node.name.join('.')}(${node.distinct ? 'distinct ' : ''}${node.star ? '*' : node.arguments.map((one) => shape(one.expression)).join(',')})`;
    case 'operator':
      return `(${node.operands.map(shape).join(` ${node.operator.symbol} `)})`;
    case 'comparison':
      return `(${shape(node.left)} ${node.operator.symbol} ${shape(node.right)})`;
    case 'logical':
      return `(${node.operands.map(shape).join(` ${node.operator} `)})`;
    case 'not':
      return `not(${shape(node.operand)})`;
    case 'null-test':
      return `${node.negated ? 'notnull' : 'null'}(${shape(node.operand)})`;
    case 'boolean-test':
      return `${node.negated ? 'not' : ''}${node.test}(${shape(node.operand)})`;
    case 'in-list':
      return `(${shape(node.operand)} ${node.negated ? 'not in' : 'in'} [${node.list.map(shape).join(',')}])`;
    case 'in-query':
      return `(${shape(node.operand)} ${node.negated ? 'not in' : 'in'} query)`;
    case 'exists':
    case 'scalar-query':
    case 'array-query':
      return node.kind;
    case 'quantified':
      return `(${shape(node.left)} ${node.operator.symbol} ${node.quantifier} ${node.right.kind})`;
    case 'case':
      return `case(${[node.operand, ...node.whens.flatMap((when) => [when.condition, when.result]), node.otherwise].map((one) => (one ? shape(one) : '-')).join(',')})`;
    case 'cast':
      return `cast(${shape(node.operand)} as ${node.type.name.join('.')})`;
    case 'row':
      return `row(${node.fields.map(shape).join(',')})`;
    case 'construct':
      return `${node.name}[${node.operands.map(shape).join(',')}]`;
    case 'session-value':
      return `session:${node.name}`;
    case 'variable':
      return `${node.scope === 'system' ? '@@' : '@'}${node.name}`;
    case 'assignment':
      return `(@${node.variable.name} := ${shape(node.value)})`;
    case 'default':
      return 'default';
    case 'opaque':
      return `opaque:${node.reason.kind}[${node.operands.map(shape).join(',')}]`;
    case 'star':
    case 'array':
    case 'field':
    case 'field-star':
    case 'subscript':
    case 'cursor-position':
    case 'method':
      return node.kind;
    default:
      return unreachable(node);
  }
}

describe('precedence', () => {
  it.each([
    ['a or b and c', '(a or (b and c))'],
    ['a or b or c', '(a or b or c)'],
    ['a || b && c', '(a or (b and c))'],
    ['a or b xor c', '(a or (b xor c))'],
    ['not a = b', 'not((a = b))'],
    ['not a and b', '(not(a) and b)'],
    ['!a = b', '(not(a) = b)'],
    ['a = b = c', '((a = b) = c)'],
    ['a = b and c <=> d', '((a = b) and (c <=> d))'],
    ['a = b is null', 'null((a = b))'],
    ['a is not true', 'nottrue(a)'],
    ['a | b & c << d', '(a | (b & (c << d)))'],
    ['a + b * c', '(a + (b * c))'],
    ['a - b - c', '((a - b) - c)'],
    ['a div b mod c % d', '(((a div b) mod c) % d)'],
    ['a * b ^ c', '(a * (b ^ c))'],
    ['-a ^ b', '((a) ^ b)'],
    ['5--1', '(5 - -1)'],
    ['a like b and c', '((a like b) and c)'],
    ['a not like b escape c', 'not((a like b like c))'],
    ['a between b and c and d', '((a between b between c) and d)'],
    ['a not between 1 and 2', 'not((a between 1 between 2))'],
    ['a regexp b or a rlike c', '((a regexp b) or (a regexp c))'],
    ['a sounds like b', '(a sounds like b)'],
    ['a in (1, 2) = b', '((a in [1,2]) = b)'],
    ['(a, b) not in ((1, 2))', '(row(a,b) not in [row(1,2)])'],
    ['binary a = b', '(binary[a] = b)'],
    ['a collate utf8mb4_bin = b', '(collate[a] = b)'],
    ["a->'$.b' = 1", "((a -> '$.b') = 1)"],
    ['1 member of (a)', '(1 member of a)'],
    ['@a := 1 + 2', '(@a := (1 + 2))'],
  ])('%s', (text, expected) => {
    expect(shape(expression(text))).toBe(expected);
  });

  it('depends on sql_mode', () => {
    expect(shape(expression('a || b = c', { ...MYSQL, sql_mode: 'PIPES_AS_CONCAT' }))).toBe('((a || b) = c)');
    expect(shape(expression('not a = b', { ...MYSQL, sql_mode: 'HIGH_NOT_PRECEDENCE' }))).toBe('(not(a) = b)');
  });

  it('keeps chains flat, however long', () => {
    const or = expression(Array.from({ length: 5_000 }, (_, at) => `a = ${at}`).join(' or '));
    expect(or).toMatchObject({ kind: 'logical', operator: 'or' });
    expect(or.kind === 'logical' && or.operands.length).toBe(5_000);
    let depth = 0;
    for (let node = expression(Array.from({ length: 5_000 }, () => 'a').join(' + ')); node.kind === 'operator'; depth += 1) {
      const [first] = node.operands;
      if (first === undefined) break;
      node = first;
    }
    expect(depth).toBeLessThan(20);
  });
});

describe('parentheses', () => {
  it.each([
    ['(a)', 'a'],
    ['((a, b))', 'row(a,b)'],
    ['(select 1)', 'scalar-query'],
    ['((select 1))', 'scalar-query'],
    ['((select 1) + 1)', '(scalar-query + 1)'],
    ['((select 1) union select 2)', 'scalar-query'],
    ['((select 1) limit 1)', 'scalar-query'],
    ['((select 1), 2)', 'row(scalar-query,2)'],
    ['a in (select 1)', '(a in query)'],
    ['a in ((select 1))', '(a in query)'],
    ['a in ((select 1), 2)', '(a in [scalar-query,2])'],
    ['a = any (select 1)', '(a = any query)'],
    ['a <> all ((select 1) union (select 2))', '(a <> all query)'],
    ['exists (select 1)', 'exists'],
    ['row(a, 1) = (select 1, 2)', '(row(a,1) = scalar-query)'],
    ['a in (values row(1), row(2))', '(a in query)'],
    ['a in (table t)', '(a in query)'],
  ])('%s', (text, expected) => {
    expect(shape(expression(text))).toBe(expected);
  });
});

describe('values and names', () => {
  it.each([
    ["'a' 'b' \"c\"", "'abc'"],
    ["_utf8mb4'a'", "'a'"],
    ['-1', '-1'],
    ['+a', 'a'],
    ["date '2020-01-01'", '2020-01-01'],
    ["{ts '2020-01-01 00:00:00'}", '2020-01-01 00:00:00'],
    ['{fn concat(a)}', 'concat(a)'],
    ['?', '?1'],
    ['@A', '@a'],
    ["@'a b'", '@a b'],
    ['@@GLOBAL.Sort_Buffer_Size', '@@sort_buffer_size'],
    ['@@hot.key_buffer_size', '@@hot.key_buffer_size'],
    ['Db.T.Col', 'db.t.col'],
    ['t.select', 't.select'],
    ['current_timestamp(6)', 'session:current_timestamp'],
    ['current_user()', 'session:current_user'],
    ['default(a)', 'default[a]'],
    ['null is null', 'null(null)'],
  ])('%s', (text, expected) => {
    expect(shape(expression(text))).toBe(expected);
  });

  it('folds names of schemas and tables only where the server does', () => {
    expect(expression('Db.T.Col', { ...MYSQL, lower_case_table_names: '0' })).toEqual({
      kind: 'column',
      qualifier: ['Db', 'T'],
      name: 'col',
    });
  });

  it('counts parameters over the text', () => {
    expect(shape(expression('f(?, a, ?)'))).toBe('f(?1,a,?2)');
  });

  it('refuses variables whose names may stand for one another', () => {
    expect(() => expression('@é')).toThrow(/beyond ASCII/);
    expect(() => expression('@`a `')).toThrow(/space/);
  });
});

describe('calls', () => {
  it.each([
    ['count(*)', 'count(*)'],
    ['count(distinct a, b)', 'count(distinct a,b)'],
    ["group_concat(distinct a order by b desc separator '-')", 'group_concat(distinct a)'],
    ['concat (a, b)', 'concat(a,b)'],
    ['Db.F(a)', 'db.f(a)'],
    ['left(a, 1)', 'left(a,1)'],
    ['trim(leading a from b)', 'trim(b,a)'],
    ['trim(a)', 'trim(a)'],
    ['substring(a from 1 for 2)', 'substring(a,1,2)'],
    ['position(a in b)', 'position(a,b)'],
    ['extract(day_hour from a)', 'extract(a)'],
    ['cast(a as decimal(10, 2))', 'cast(a as decimal)'],
    ['cast(a as char character set utf8mb4)', 'cast(a as char)'],
    ['convert(a, unsigned integer)', 'cast(a as unsigned)'],
    ['convert(a using utf8mb4)', 'convert using[a]'],
    ['char(65, a using utf8mb4)', 'char(65,a)'],
    ['date_add(a, interval b + 1 day)', 'date_add(a,interval[(b + 1)])'],
    ['interval (a) day + b', '(interval[a] + b)'],
    ['interval(a, 1, 2)', 'interval(a,1,2)'],
    ['timestampdiff(month, a, b)', 'timestampdiff(a,b)'],
    ['match(a, b) against (c in boolean mode)', '(a match b match c)'],
    ["json_value(a, '$' returning char(3) default b on empty null on error)", "json_value(a,'$',b)"],
    ['weight_string(a as char(3))', 'weight_string(a)'],
    ['case a when 1 then b else c end', 'case(a,1,b,c)'],
    ['case when a then b end', 'case(-,a,b,-)'],
    ['rank() over (partition by a order by b rows between 1 preceding and current row)', 'rank()'],
    ['sum(a) over w', 'sum(a)'],
    ['nth_value(a, 2) from first respect nulls over (order by b)', 'nth_value(a,2)'],
  ])('%s', (text, expected) => {
    expect(shape(expression(text))).toBe(expected);
  });

  it('keeps windows and the order of aggregates', () => {
    const over = expression('sum(a) over (w partition by b order by c rows 2 preceding)');
    expect(over).toMatchObject({
      over: { reference: 'w', partitionBy: [{ name: 'b' }], orderBy: [{ expression: { name: 'c' } }], frame: [{ value: '2' }] },
    });
    expect(expression('group_concat(a order by b)')).toMatchObject({ orderBy: [{ expression: { name: 'b' } }] });
    expect(expression('percentile_cont(0.5) within group (order by a) over ()', MARIADB)).toMatchObject({ orderBy: [{}], over: {} });
  });

  it('takes a built-in name before a space, or in quotes, for a routine of the user', () => {
    expect(shape(expression('sum(a)'))).toBe('sum(a)');
    expect(shape(expression('sum (a)'))).toBe('opaque:unknown-routine[a]');
    expect(shape(expression('sum/**/(a)'))).toBe('opaque:unknown-routine[a]');
    expect(shape(expression('`left`(a, 1)'))).toBe('opaque:unknown-routine[a,1]');
    expect(shape(expression('sum (a)', { ...MYSQL, sql_mode: 'IGNORE_SPACE' }))).toBe('sum(a)');
    expect(shape(expression('`concat`(a)'))).toBe('concat(a)');
    expect(shape(expression('count'))).toBe('count');
  });

  it('reads sequences of MariaDB', () => {
    for (const text of ['next value for s', 'nextval(s)', 'previous value for db.s', 'setval(s, 10)']) {
      expect(expression(text, MARIADB)).toMatchObject({ kind: 'call', builtIn: true });
      expect(JSON.stringify(expression(text, MARIADB))).toContain('"relation"');
    }
  });
});

describe('what is no expression', () => {
  it.each([
    'a +',
    '(a',
    'a)',
    'a in ()',
    'a between 1',
    'case end',
    'exists (1)',
    'a = any (1 + 1, 2)',
    'count(',
    '@',
    'f(,)',
    'select',
    'a is',
    'not',
    'interval 1 x',
    'count (*)',
    '.a',
  ])('%s', (text) => {
    expect(() => expression(text)).toThrow();
  });
});
