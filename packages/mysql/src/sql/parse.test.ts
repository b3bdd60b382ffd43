import { describe, expect, it } from '@jest/globals';
import type { ParseFailure, ParseResult, Statement } from '@sqlwarden/core';
import fc from 'fast-check';
import { parseUnit } from './parse.js';
import { isStatement } from '@sqlwarden/core';

const MYSQL = { flavour: 'mysql', sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '0' };

function run(text: string, over: Record<string, string> = {}): ParseResult {
  return parseUnit(text, { serverVersion: 80_036, lexical: { ...MYSQL, ...over } });
}

function statements(text: string, over: Record<string, string> = {}): Statement[] {
  const result = run(text, over);
  if (!result.ok) throw new Error(result.failure.message);
  return result.unit.statements.filter(isStatement);
}

function failure(text: string, over: Record<string, string> = {}): ParseFailure {
  const result = run(text, over);
  if (result.ok) throw new Error('the text was parsed');
  return result.failure;
}

/** The expressions of the last statement's select list. */
function selected(text: string): unknown {
  const last = statements(text).at(-1);
  return last?.kind === 'select' && last.query.body.kind === 'select' ? last.query.body.items.map((item) => item.expression) : undefined;
}

describe('parseUnit', () => {
  it('has no statements in a text without any', () => {
    expect(statements(' ; -- nothing\n; /* nothing */')).toEqual([]);
  });

  it('says where each statement stands', () => {
    const text = "select 'ä🙂' ;\n /* 🙂 */ update t set a = 1;(select 2)";
    expect(statements(text).map(({ span }) => text.slice(span.start, span.end))).toEqual([
      "select 'ä🙂'",
      'update t set a = 1',
      '(select 2)',
    ]);
  });

  it('answers with plain data that can be cloned', () => {
    const result = run('with x as (select 1) select a.b, count(*) from x a where a.b in (1, ?) group by 1');
    expect(structuredClone(result)).toEqual(result);
  });

  it('reads what a comment hides from others', () => {
    expect(statements('/*! delete from secret */')).toMatchObject([{ kind: 'delete' }]);
    expect(selected('select 1 /*!50000 , b */ from t')).toMatchObject([{ value: '1' }, { name: 'b' }]);
  });

  it('goes on behind a comment that changes how texts are read', () => {
    expect(statements('/*!40101 SET NAMES utf8mb4 */')).toMatchObject([{ kind: 'setting', name: 'names' }]);
    const text = `/*!40101 SET @old = @@sql_mode, sql_mode = 'ANSI_QUOTES' */ /* ' */ ; select "a" from t`;
    expect(statements(text)).toHaveLength(2);
    expect(selected(text)).toMatchObject([{ kind: 'column', name: 'a' }]);
  });

  it('refuses a statement that ends inside of a comment with code', () => {
    expect(failure('/*! select 1; */ select 2').kind).toBe('syntax');
    expect(failure('/*! select 1; select 2 */').kind).toBe('syntax');
    expect(statements('/*! select 1 */; select 2')).toHaveLength(2);
  });
});

describe('a session that changes within a text', () => {
  it('is followed statement by statement', () => {
    expect(selected(`set sql_mode = 'ANSI_QUOTES'; select "a"`)).toMatchObject([{ kind: 'column', name: 'a' }]);
    expect(selected(`select "a"`)).toMatchObject([{ kind: 'literal' }]);
    expect(selected(`set session sql_mode = ansi_quotes; set sql_mode = ''; select "a"`)).toMatchObject([{ kind: 'literal' }]);
    expect(selected(`set @@sql_mode = 'NO_BACKSLASH_ESCAPES'; select '\\', a`)).toMatchObject([{ kind: 'literal' }, { kind: 'column' }]);
    expect(selected(`set @x = 1, sql_mode = 'PIPES_AS_CONCAT'; select a || b`)).toMatchObject([{ kind: 'operator' }]);
  });

  it.each([
    'set names gbk',
    'set names big5 collate big5_bin',
    "set charset 'sjis'",
    'set character_set_client = cp850',
    'set @a = 1, names gbk',
    '/*!40101 set names gbk */',
    "select 1; set sql_mode = 'ORACLE'",
    `set names gbk; select 'é'`,
  ])('is not left for one in which nothing could be read: %s', (text) => {
    expect(failure(text)).toMatchObject({ kind: 'unsupported', message: expect.stringMatching(/use utf8mb4|leave out/) });
  });

  it.each([
    'set names default',
    'set sql_mode = 0',
    'set character_set_client = @saved',
    'set global sql_mode = "ORACLE"',
    'set names utf8mb4',
  ])('may be left for one that can be read, or that the server tells: %s', (text) => {
    expect(run(text).ok).toBe(true);
  });

  it('is not changed for this session by what is set for others', () => {
    expect(selected(`set global sql_mode = 'ANSI_QUOTES'; select "a"`)).toMatchObject([{ kind: 'literal' }]);
  });

  it.each([
    `set sql_mode = @x; select "a"`,
    `set sql_mode = default; select a || b`,
    `execute s; select "a"`,
    `execute s; select not a = b`,
    `execute s; select count (a)`,
  ])('is not guessed: %s', (text) => {
    expect(failure(text).kind).toBe('limit');
  });

  it('is refused behind another character set of the client, which the server decodes its names by', () => {
    const behind = 'set names utf8mb4; select * from `pÃ©rs`';
    expect(failure(behind, { character_set_client: 'latin1' }).message).toMatch(/how texts are read/);
    expect(failure('set names cp1251; select * from `é`', { character_set_client: 'cp1250' }).kind).toBe('limit');
    expect(statements(behind)).toHaveLength(2);
    expect(statements("set names utf8mb4; select 'e'", { character_set_client: 'latin1' })).toHaveLength(2);
  });

  it.each([
    `set character_set_client = @x; select a from t where b = 'c'`,
    `set sql_mode = @x; select 1`,
    'execute s; deallocate prepare s;',
  ])('does not matter where nothing depends on it: %s', (text) => {
    expect(run(text).ok).toBe(true);
  });
});

describe('what is not parsed', () => {
  it('is a syntax error where the server would answer with one too, at its place', () => {
    expect(failure("select '🙂🙂' frm x y z")).toMatchObject({ kind: 'syntax', position: 18 });
  });

  it.each(["select 'hunter2", 'select 1 1 hunter2', "select 'x' from 'hunter2'", "select x'hunter2'", 'select `hunter2'])(
    'quotes nothing of %s',
    (text) => {
      expect(failure(text).kind).toBe('syntax');
      expect(failure(text).message).not.toContain('hunter2');
    },
  );

  it.each([
    ['parentheses', '('.repeat(50_000)],
    ['subqueries', '(select '.repeat(50_000)],
    ['calls', 'f('.repeat(50_000)],
    ['signs', '- '.repeat(50_000)],
    ['NOT', 'not '.repeat(50_000)],
    ['CASE', 'case when '.repeat(50_000)],
    ['assignments', '@a := '.repeat(50_000)],
    ['intervals', 'interval '.repeat(50_000)],
    ['comparisons', `1${' = 1'.repeat(50_000)}`],
    ['joins', `1 from a${' join a'.repeat(50_000)}`],
    ['joins in parentheses', `1 from ${'('.repeat(50_000)}`],
  ])('is too many %s, and says so fast', (_, text) => {
    const started = performance.now();
    expect(failure(`select ${text}`).kind).toBe('limit');
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('is nothing that applications send: long lists', () => {
    const list = Array.from({ length: 50_000 }, (_, at) => at).join(',');
    expect(run(`select * from t where id in (${list})`).ok).toBe(true);
    const rows = Array.from({ length: 20_000 }, (_, at) => `(${at}, 'name ${at}', null, true)`).join(',');
    expect(run(`insert into t values ${rows}`).ok).toBe(true);
    expect(statements('select 1;'.repeat(5_000))).toHaveLength(5_000);
  });

  it('is a text under a state that is not known', () => {
    expect(failure('select 1', { sql_mode: 'ORACLE' }).kind).toBe('unsupported');
    expect(failure('select 1', { character_set_client: 'gbk' }).kind).toBe('unsupported');
  });
});

describe('any text', () => {
  const word = fc.constantFrom(
    ...'select,from,where,(,),,,a,b.c,*,1,\'x\',"y",`z`,=,and,or,not,in,like,between,union,all,join,on,left,as,group by,order by,limit,case,when,then,end,insert into,values,update,set,delete,with,exists,interval,day,@v,:=,?,;,/*!,*/,-- \n,#,.,->,||,count(,cast(,default,into,for,create,table,procedure,begin,if,call,prepare'.split(
      ',',
    ),
    ',',
  );

  it('is parsed or refused, and never anything else', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), fc.constantFrom('mysql', 'mariadb'), (words, flavour) => {
        const result = run(words.join(' '), { flavour });
        expect(result.ok || result.failure.kind).not.toBe('internal');
      }),
      { numRuns: 3_000 },
    );
  });
});
