import { describe, expect, it } from '@jest/globals';
import type { ParseFailure, Statement } from '@sqlwarden/core';
import fc from 'fast-check';
import { parseUnit } from './parse.js';

function run(text: string, quotedIdentifier = 'on'): ReturnType<typeof parseUnit> {
  return parseUnit(text, { serverVersion: 16, lexical: { quoted_identifier: quotedIdentifier } });
}

function statements(text: string, quotedIdentifier?: string): readonly Statement[] {
  const result = run(text, quotedIdentifier);
  if (!result.ok) throw new Error(`${result.failure.kind}: ${result.failure.message} at ${result.failure.position ?? 0}`);
  return result.unit.statements as readonly Statement[];
}

function texts(text: string): string[] {
  return statements(text).map(({ span }) => text.slice(span.start, span.end));
}

function failure(text: string, quotedIdentifier?: string): ParseFailure {
  const result = run(text, quotedIdentifier);
  if (result.ok) throw new Error('the text was parsed');
  return result.failure;
}

describe('parseUnit: statements without separators', () => {
  it.each<[string, string[]]>([
    ['SELECT 1 SELECT 2', ['SELECT 1', 'SELECT 2']],
    ['DELETE t SELECT a FROM t', ['DELETE t', 'SELECT a FROM t']],
    ['SELECT a FROM t WHERE b = 1 DELETE u', ['SELECT a FROM t WHERE b = 1', 'DELETE u']],
    ['SELECT a x FROM t y UPDATE t SET a = 1 INSERT t VALUES (1)', ['SELECT a x FROM t y', 'UPDATE t SET a = 1', 'INSERT t VALUES (1)']],
    ['SELECT a FROM t ORDER BY a DECLARE @x int', ['SELECT a FROM t ORDER BY a', 'DECLARE @x int']],
    ['UPDATE t SET a = b EXEC p', ['UPDATE t SET a = b', 'EXEC p']],
    ['SELECT 1;;SELECT 2;', ['SELECT 1', 'SELECT 2']],
    ['SELECT a FROM t; WITH c AS (SELECT 1 AS x) SELECT x FROM c', ['SELECT a FROM t', 'WITH c AS (SELECT 1 AS x) SELECT x FROM c']],
    ['SELECT TOP 1 a FROM t COMMIT', ['SELECT TOP 1 a FROM t', 'COMMIT']],
    ['-- nothing\n', []],
  ])('%s', (text, expected) => {
    expect(texts(text)).toEqual(expected);
  });

  it('does not take a label for an alias', () => {
    expect(statements('SELECT 1 FROM t done: SELECT 2').map((statement) => statement.kind)).toEqual(['select', 'control', 'select']);
  });
});

describe('parseUnit: lexical state', () => {
  it('reads double quotes by QUOTED_IDENTIFIER', () => {
    expect(statements('SELECT "a" FROM t')).toMatchObject([{ query: { body: { items: [{ expression: { kind: 'column' } }] } } }]);
    expect(statements('SELECT "a" FROM t', 'off')).toMatchObject([{ query: { body: { items: [{ expression: { kind: 'literal' } }] } } }]);
  });

  it('refuses double quotes when it is not known, and takes a text without them', () => {
    expect(run('SELECT "a"', 'unknown')).toMatchObject({ ok: false, failure: { kind: 'limit', position: 7 } });
    expect(run('SELECT a', 'unknown')).toMatchObject({ ok: true });
  });

  it('changes it in the middle of a batch, in the order of the text', () => {
    const parsed = statements('SELECT "a" SET QUOTED_IDENTIFIER OFF SELECT "b" SET QUOTED_IDENTIFIER ON SELECT "c"');
    const kinds = parsed.flatMap((statement) =>
      statement.kind === 'select' && statement.query.body.kind === 'select'
        ? statement.query.body.items.map((item) => item.expression.kind)
        : [],
    );
    expect(kinds).toEqual(['column', 'literal', 'column']);
  });

  it('reads a condition that a string under the other setting would hide', () => {
    const text = `DELETE t WHERE a = "x' OR 1=1 --"`;
    expect(statements(text, 'off')).toMatchObject([{ where: { right: { kind: 'literal' } } }]);
    expect(statements(text, 'on')).toMatchObject([{ where: { right: { kind: 'column' } } }]);
  });
});

describe('parseUnit: what hides statements from other readers', () => {
  it.each<[string, object[]]>([
    [`SELECT 'a\\' , b FROM secret -- '`, [{ query: { body: { from: [{ name: ['secret'] }] } } }]],
    ['SELECT 5--1, b\n FROM secret', [{ query: { body: { from: [{ name: ['secret'] }] } } }]],
    ['SELECT a FROM t /* /* */ , b */ , secret', [{ query: { body: { from: [{}, { name: ['secret'] }] } } }]],
    ['SELECT * FROM secret (NOLOCK)', [{ query: { body: { from: [{ kind: 'relation', name: ['secret'] }] } } }]],
    ['SELECT a FROM t AS [b]]c] , secret', [{ query: { body: { from: [{ alias: { name: 'b]c' } }, { name: ['secret'] }] } } }]],
  ])('%s', (text, expected) => {
    expect(statements(text)).toMatchObject(expected);
  });
});

describe('parseUnit: failures', () => {
  it('says where, and quotes nothing of the text', () => {
    expect(failure(`SELECT 'secret' FROM`)).toEqual({ kind: 'syntax', message: 'expected a name', position: 20 });
    expect(failure(`SELECT a FROM t WHERE a = 'secret`).message).not.toContain('secret');
  });

  it('refuses a text of several batches, and one that is too long', () => {
    expect(failure('SELECT 1\nGO\nSELECT 2').kind).toBe('syntax');
    expect(failure(`SELECT '${'x'.repeat(5 * 1024 * 1024)}'`).kind).toBe('limit');
  });

  it('gives plain data that can be cloned, as deep as it may be', () => {
    const deepest = statements(`SELECT ${'a + '.repeat(700)}a`);
    expect(structuredClone(deepest)).toEqual(deepest);
  });

  it('ends every text in statements, a syntax error or a limit', () => {
    const words =
      `SELECT FROM WHERE ( ) , . ; = < > + - * / % & @x #t [a] a b 1 'x' N'x' "q" AS JOIN ON LEFT APPLY CROSS OUTER UNION ALL EXCEPT IN NOT AND OR
      LIKE BETWEEN IS NULL EXISTS CASE WHEN THEN ELSE END INSERT INTO VALUES UPDATE SET DELETE MERGE USING MATCHED OUTPUT INSERTED WITH TOP
      ORDER BY GROUP OFFSET ROWS FETCH FOR XML JSON PATH PIVOT UNPIVOT OPTION BEGIN COMMIT DECLARE EXEC IF WHILE PRINT SET CREATE TABLE VIEW
      PROCEDURE ALTER DROP OVER PARTITION CAST CONVERT int OPENJSON { } fn : :: $action \n GO`.split(/[ \n]+/);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 25 }), (parts) => {
        const result = run(parts.join(' '));
        if (!result.ok) expect(result.failure.kind).not.toBe('internal');
      }),
      { numRuns: 1000 },
    );
  });
});

describe('parseUnit: types', () => {
  it('takes no query in parentheses for the length of a type', () => {
    expect(failure('DECLARE @x int (SELECT ssn FROM people)')).toMatchObject({ kind: 'syntax' });
    expect(statements('DECLARE @x xml (CONTENT dbo.c), @y decimal(10, 2), @z varchar(max)')).toMatchObject([{ kind: 'declare-variables' }]);
  });
});
