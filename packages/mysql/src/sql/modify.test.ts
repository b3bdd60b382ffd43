import { describe, expect, it } from '@jest/globals';
import type { Statement } from '@sqlwarden/core';
import { parseUnit } from './parse.js';
import { isStatement } from '@sqlwarden/core';

const MYSQL = { flavour: 'mysql', sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '0' };
const MARIADB = { ...MYSQL, flavour: 'mariadb' };

function parse(text: string, lexical: Record<string, string> = MYSQL): Statement | undefined {
  const result = parseUnit(text, { serverVersion: lexical['flavour'] === 'mysql' ? 80_036 : 101_119, lexical });
  if (!result.ok) throw new Error(result.failure.message);
  return result.unit.statements.find(isStatement);
}

const column = (name: string, ...qualifier: string[]): object => ({ kind: 'column', qualifier, name });

describe('INSERT', () => {
  it.each([
    'insert into Db.T (A, `b`) values (1, default), (x, (select 1))',
    'insert low_priority Db.T (t.A, b) value (1, default), (x, (select 1))',
    'insert delayed into Db.T partition (p0) (A, b) values row(1, default), row(x, (select 1))',
  ])('writes rows: %s', (text) => {
    expect(parse(text)).toMatchObject({
      kind: 'insert',
      target: { name: ['Db', 'T'] },
      columns: [{ column: 'a' }, { column: 'b' }],
      source: {
        query: {
          body: {
            kind: 'values',
            rows: [
              [{ value: '1' }, { kind: 'default' }],
              [column('x'), { kind: 'scalar-query' }],
            ],
          },
        },
      },
    });
  });

  it.each([
    ['insert into t select a from u', 'select'],
    ['insert into t (x) select a from u', 'select'],
    ['insert into t (select a from u)', 'select'],
    ['insert into t (x) (select a from u)', 'select'],
    ['insert into t ((select a from u) union select 2)', 'set-operation'],
    ['insert into t table u', 'select'],
    ['insert into t (x) with c as (select 1) select * from c', 'select'],
  ])('writes the rows of a query: %s', (text, kind) => {
    expect(parse(text)).toMatchObject({ kind: 'insert', source: { kind: 'query', query: { body: { kind } } } });
  });

  it('writes what SET says, and defaults', () => {
    expect(parse('insert into t set a = 1, t.b = default')).toMatchObject({
      columns: [{ column: 'a' }, { column: 'b' }],
      source: { query: { body: { rows: [[{ value: '1' }, { kind: 'default' }]] } } },
    });
    expect(parse('insert into t () values ()')).toMatchObject({ columns: [], source: { kind: 'default-values' } });
  });

  it('replaces rows and ignores conflicts', () => {
    expect(parse('replace into t values (1)')).toMatchObject({ kind: 'insert', replaces: true });
    expect(parse('insert ignore into t values (1)')).toMatchObject({ onConflict: { action: { kind: 'nothing' } } });
    expect(parse('insert into t values (1)')).not.toHaveProperty('onConflict');
  });

  it('updates where keys are there already', () => {
    const byFunction = parse('insert into t (a, b) values (1, 2) on duplicate key update t.b = values(b) + (values(a)), a = b');
    expect(byFunction).toMatchObject({
      onConflict: {
        proposed: 'values()',
        action: {
          kind: 'update',
          set: [
            { targets: [{ column: 'b' }], value: { operands: [column('b', 'values()'), column('a', 'values()')] } },
            { value: column('b') },
          ],
        },
      },
    });
    expect(parse('insert into t values (1) as new on duplicate key update a = new.a')).toMatchObject({
      onConflict: { proposed: 'new', action: { set: [{ value: column('a', 'new') }] } },
    });
    expect(parse('insert into t (a, b) values (1, 2) as new (M, n) on duplicate key update a = m')).toMatchObject({
      onConflict: { proposed: 'new', proposedColumns: ['m', 'n'], action: { set: [{ value: column('m') }] } },
    });
    expect(parse('insert into t values (1) on duplicate key update a = value(a)', MARIADB)).toMatchObject({
      onConflict: { action: { set: [{ value: column('a', 'values()') }] } },
    });
  });

  it('does not take ON DUPLICATE KEY for the condition of a join', () => {
    expect(parse('insert into t select a from u join v on duplicate key update a = 1')).toMatchObject({
      source: { query: { body: { from: [{ kind: 'join', type: 'cross' }] } } },
      onConflict: { action: { kind: 'update' } },
    });
  });

  it('returns rows in MariaDB', () => {
    expect(parse('insert into t values (1) returning a, b + 1 as c', MARIADB)).toMatchObject({
      returning: { items: [{ name: 'a' }, { name: 'c' }] },
    });
    expect(() => parse('insert into t values (1) returning a')).toThrow();
  });
});

describe('UPDATE', () => {
  it('writes one table', () => {
    expect(parse('update low_priority ignore Db.T as x set x.a = 1, b = default where c order by d limit 5')).toMatchObject({
      kind: 'update',
      target: { name: ['Db', 'T'], alias: { name: 'x' } },
      set: [{ targets: [{ column: 'a' }] }, { targets: [{ column: 'b' }], value: { kind: 'default' } }],
      where: column('c'),
      orderBy: [{}],
      limit: { value: '5' },
    });
  });

  it.each([
    'update t join u on t.i = u.i set t.a = u.a where u.b',
    'update t, u set t.a = u.a where u.b',
    'update (t, u) set t.a = u.a where u.b',
  ])('writes tables that are joined: %s', (text) => {
    expect(parse(text)).toMatchObject({
      kind: 'joined-update',
      set: [{ targets: [{ column: 'a', qualifier: ['t'] }], value: column('a', 'u') }],
      where: column('b', 'u'),
    });
  });

  it('has no WHERE that is not there', () => {
    const text = String.raw`update t set a = '\' -- ' where id = 1`;
    expect(parse(text)).toHaveProperty('where');
    expect(parse(text, { ...MYSQL, sql_mode: 'NO_BACKSLASH_ESCAPES' })).not.toHaveProperty('where');
    expect(parse("update t set a = 1 /*! , b = 'x' */ where id = 1")).toMatchObject({ set: [{}, { targets: [{ column: 'b' }] }] });
  });

  it('may stand behind WITH', () => {
    expect(parse('with c as (select 1) update t set a = 1')).toMatchObject({
      kind: 'update',
      with: { tables: [{ name: 'c' }] },
      span: { start: 0 },
    });
  });
});

describe('DELETE', () => {
  it('writes one table', () => {
    expect(parse('delete quick ignore from Db.T as x where a order by b limit 1')).toMatchObject({
      kind: 'delete',
      target: { name: ['Db', 'T'], alias: { name: 'x' } },
      where: column('a'),
      orderBy: [{}],
      limit: {},
    });
    expect(parse('delete from t')).not.toHaveProperty('where');
    expect(parse('delete from t where id = 1 /*! or 1 = 1 */')).toMatchObject({ where: { kind: 'logical', operator: 'or' } });
  });

  it.each([
    'delete x, Db.u from t as x join Db.u on 1 where a',
    'delete from x.*, Db.u.* using t as x join Db.u on 1 where a',
    'delete x.*, Db.u from (t as x join Db.u on 1) where a',
  ])('writes tables that are joined: %s', (text) => {
    expect(parse(text)).toMatchObject({
      kind: 'joined-delete',
      targets: [['x'], ['Db', 'u']],
      from: [{ kind: 'join' }],
      where: column('a'),
    });
  });

  it('has the forms of MariaDB', () => {
    expect(parse('delete from t where a returning b', MARIADB)).toMatchObject({ kind: 'delete', returning: { items: [{ name: 'b' }] } });
    expect(parse('delete history from t before system_time @x', MARIADB)).toMatchObject({
      kind: 'delete',
      where: { operands: [{ kind: 'variable' }] },
    });
    expect(parse('delete from t for portion of p from @x to @y where a', MARIADB)).toMatchObject({
      kind: 'joined-delete',
      targets: [['t']],
      from: [{ sample: [{}, {}] }],
    });
  });
});

describe('what is not read', () => {
  it.each([
    'insert into t',
    'insert t (a',
    'insert into t values',
    'update t',
    'update t set',
    'update t set a',
    'delete t',
    'delete from t, u',
    'delete from t using',
    'replace',
  ])('%s', (text) => {
    expect(() => parse(text)).toThrow();
  });
});
