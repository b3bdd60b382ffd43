import { describe, expect, it } from '@jest/globals';
import type { Statement } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

const context = { serverVersion: 16, lexical: { quoted_identifier: 'on' } };

function statement(text: string): Statement {
  const result = parseUnit(text, context);
  if (!result.ok) throw new Error(`${result.failure.kind}: ${result.failure.message} at ${result.failure.position ?? 0}`);
  const [only, ...others] = result.unit.statements as readonly Statement[];
  if (only === undefined || others.length > 0) throw new Error('not one statement');
  return only;
}

function refused(text: string): string {
  const result = parseUnit(text, context);
  return result.ok ? 'parsed' : result.failure.kind;
}

describe('INSERT', () => {
  it('reads columns, rows and defaults', () => {
    const text = 'INSERT INTO dbo.T (a, B) VALUES (1, DEFAULT), (2, @x)';
    expect(statement(text)).toMatchObject({
      kind: 'insert',
      span: { start: 0, end: text.length },
      target: { name: ['dbo', 't'] },
      columns: [{ column: 'a' }, { column: 'b' }],
      source: {
        kind: 'query',
        query: {
          body: {
            kind: 'values',
            rows: [
              [{ value: '1' }, { kind: 'default' }],
              [{}, {}],
            ],
          },
        },
      },
    });
    expect(statement('INSERT t DEFAULT VALUES')).toMatchObject({ source: { kind: 'default-values' } });
  });

  it('reads queries, also in parentheses, and what is executed', () => {
    expect(statement('INSERT t SELECT a FROM u OPTION (MAXDOP 1)')).toMatchObject({ source: { kind: 'query' } });
    expect(statement('INSERT t (SELECT a FROM u)')).toMatchObject({ source: { kind: 'query' } });
    expect(statement('INSERT t (a) (SELECT a FROM u)')).toMatchObject({ columns: [{ column: 'a' }], source: { kind: 'query' } });
    expect(statement('INSERT t EXEC p 1')).toMatchObject({ source: { kind: 'statement', statement: { kind: 'call' } } });
    expect(statement('WITH c AS (SELECT a FROM u) INSERT t SELECT a FROM c')).toMatchObject({ with: { tables: [{ name: 'c' }] } });
  });

  it('tells OUTPUT that returns from OUTPUT that writes', () => {
    expect(statement('INSERT t (a) OUTPUT inserted.a INTO @log (x) OUTPUT inserted.* VALUES (1)')).toMatchObject({
      outputInto: { into: ['@log'], columns: ['x'], items: [{ name: 'a' }], new: 'inserted', old: 'deleted' },
      returning: { items: [{ expression: { kind: 'star', qualifier: ['inserted'] } }] },
    });
    expect(refused('INSERT t OUTPUT inserted.a OUTPUT inserted.b VALUES (1)')).toBe('syntax');
  });

  it('wants parentheses around the rows of TOP', () => {
    expect(statement('INSERT TOP (3) t SELECT a FROM u')).toMatchObject({ limit: { value: '3' } });
    expect(refused('INSERT TOP 3 t SELECT a FROM u')).toBe('syntax');
  });
});

describe('UPDATE', () => {
  it('reads assignments of every kind', () => {
    const x = { kind: 'variable', scope: 'local', name: 'x' };
    expect(statement("UPDATE t SET a = 1, b += 2, @x = 3, @x = c = 4, d.WRITE(N'y', 0, NULL), e = DEFAULT")).toMatchObject({
      kind: 'update',
      target: { name: ['t'] },
      set: [
        { targets: [{ column: 'a' }], value: { value: '1' } },
        { targets: [{ column: 'b' }], value: { kind: 'operator', operator: { symbol: '+' }, operands: [{ name: 'b' }, { value: '2' }] } },
        { targets: [], variable: x, value: { value: '3' } },
        { targets: [{ column: 'c' }], variable: x, value: { value: '4' } },
        { targets: [{ column: 'd' }], value: { kind: 'construct', name: 'write' } },
        { targets: [{ column: 'e' }], value: { kind: 'default' } },
      ],
    });
  });

  it('has its target among the items of FROM, or beside them', () => {
    expect(statement('UPDATE a SET a.x = b.x FROM t AS a JOIN b ON a.id = b.id WHERE b.y = 1')).toMatchObject({
      kind: 'joined-update',
      target: ['a'],
      from: [{ kind: 'join' }],
      set: [{ targets: [{ column: 'x', qualifier: ['a'] }] }],
      where: { kind: 'comparison' },
    });
  });

  it('keeps WHERE, TOP, OUTPUT and the position of a cursor', () => {
    expect(statement('UPDATE TOP (1) secret SET a = 1')).toMatchObject({
      kind: 'update',
      target: { name: ['secret'] },
      limit: { value: '1' },
    });
    expect(statement('UPDATE t SET a = 1 OUTPUT deleted.a, inserted.a AS b WHERE c = 1')).toMatchObject({
      returning: { items: [{ name: 'a' }, { name: 'b' }] },
      where: { kind: 'comparison' },
    });
    expect(statement('UPDATE t SET a = 1 WHERE CURRENT OF Cur')).toMatchObject({ where: { kind: 'cursor-position', cursor: 'cur' } });
  });
});

describe('DELETE', () => {
  it.each<[string, object]>([
    ['DELETE t', { kind: 'delete', target: { name: ['t'] }, using: [] }],
    ['DELETE FROM dbo.t WHERE a = 1', { kind: 'delete', target: { name: ['dbo', 't'] }, where: { kind: 'comparison' } }],
    ['DELETE a FROM t AS a JOIN u ON a.x = u.x', { kind: 'joined-delete', targets: [['a']], from: [{ kind: 'join' }] }],
    ['DELETE FROM a FROM t AS a', { kind: 'joined-delete', targets: [['a']] }],
    ['DELETE TOP (5) FROM t OUTPUT deleted.* INTO #old', { limit: { value: '5' }, outputInto: { into: ['#old'] } }],
    [
      'WITH c AS (SELECT a FROM t) DELETE FROM c WHERE a > 1',
      { kind: 'delete', target: { name: ['c'] }, with: { tables: [{ name: 'c' }] } },
    ],
    [`DELETE OPENQUERY(srv, 'SELECT 1')`, { kind: 'delete', target: { name: ['openquery()'] } }],
  ])('%s', (text, expected) => {
    expect(statement(text)).toMatchObject(expected);
  });
});

describe('MERGE', () => {
  const text = `MERGE TOP (9) INTO dbo.t WITH (HOLDLOCK) AS d USING (SELECT id, x FROM s) AS s (id, x) ON d.id = s.id
    WHEN MATCHED AND s.x = 1 THEN DELETE
    WHEN MATCHED THEN UPDATE SET x = s.x, d.y += 1
    WHEN NOT MATCHED BY TARGET THEN INSERT (id, x) VALUES (s.id, s.x)
    WHEN NOT MATCHED BY SOURCE THEN UPDATE SET x = NULL
    OUTPUT $action, inserted.id, deleted.x INTO #log OPTION (LOOP JOIN)`;

  it('reads every branch', () => {
    expect(statement(`${text};`)).toMatchObject({
      kind: 'merge',
      target: { name: ['dbo', 't'], alias: { name: 'd' } },
      source: { kind: 'subquery', alias: { name: 's', columns: ['id', 'x'] } },
      on: { kind: 'comparison' },
      whens: [
        { match: 'matched', condition: { kind: 'comparison' }, action: { kind: 'delete' } },
        { match: 'matched', action: { kind: 'update', set: [{}, { targets: [{ column: 'y', qualifier: ['d'] }] }] } },
        { match: 'not-matched-by-target', action: { kind: 'insert', columns: [{ column: 'id' }, { column: 'x' }], values: [{}, {}] } },
        { match: 'not-matched-by-source', action: { kind: 'update' } },
      ],
      outputInto: { into: ['#log'], items: [{ expression: { kind: 'construct', name: '$action' } }, {}, {}] },
      limit: { value: '9' },
    });
  });

  it('wants its semicolon', () => {
    expect(refused(text)).toBe('syntax');
  });

  it('does not take USING for an alias', () => {
    expect(statement('MERGE t USING s ON t.a = s.a WHEN MATCHED THEN DELETE;')).toMatchObject({
      target: { name: ['t'] },
      source: { name: ['s'] },
    });
  });
});
