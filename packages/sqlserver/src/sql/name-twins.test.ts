import { describe, expect, it } from '@jest/globals';
import { parseUnit } from './parse.js';

function outcome(text: string, lexical: Readonly<Record<string, string>> = {}): string {
  const result = parseUnit(text, { serverVersion: 16, lexical: { quoted_identifier: 'on', case_sensitive: 'off', ...lexical } });
  return result.ok ? 'parsed' : result.failure.kind;
}

describe('names that a collation may take for one', () => {
  it.each([
    ['a fullwidth common table beside the table', 'WITH [ｐｅｏｐｌｅ] (id) AS (SELECT b FROM secret) SELECT id FROM people'],
    ['an accent', 'WITH [péople] (id) AS (SELECT b FROM secret) SELECT id FROM people'],
    ['a soft hyphen', 'WITH [peo\u00adple] (id) AS (SELECT b FROM secret) SELECT id FROM people'],
    ['a letter without weight', 'WITH [people😀] (id) AS (SELECT b FROM secret) SELECT id FROM people'],
    ['a ligature', 'SELECT x.[straße] FROM (SELECT a AS [strasse], b AS [straße] FROM t) AS x'],
    ['a dotless i', 'SELECT x.id FROM (SELECT a AS [ıd] FROM t) AS x'],
    ['two kinds of kana', 'SELECT x.[あ] FROM (SELECT a AS [ア] FROM t) AS x'],
    ['the Kelvin sign', 'WITH [\u212aids] (id) AS (SELECT b FROM secret) SELECT id FROM kids'],
    ['a variable', 'SELECT @ä = a FROM t SELECT @a'],
    ['dynamic text, which is then not known', "EXEC (N'WITH [péople] (id) AS (SELECT 1) SELECT id FROM people')"],
  ])('%s', (_what, text) => {
    expect(outcome(text)).toBe(text.startsWith('EXEC') ? 'parsed' : 'limit');
  });

  it('are no matter where each is spelled in one way', () => {
    expect(outcome("SELECT k.[prénom], k.[straße], k.[あ] FROM [Kunden] AS k WHERE k.[prénom] = N'prenom'")).toBe('parsed');
  });
});

describe('names under a collation that tells cases apart', () => {
  const sensitive = { case_sensitive: 'on' };

  it.each([
    ['a common table', 'WITH PEOPLE AS (SELECT 1 AS ssn) SELECT ssn FROM people'],
    ['a column of a derived table', 'SELECT ssn FROM people CROSS JOIN (SELECT 1 AS SSN) AS x'],
    ['a list of columns', 'WITH c (SSN) AS (SELECT 1) SELECT ssn FROM people, c'],
    ['an alias', 'SELECT p.ssn FROM people AS P JOIN orders AS p ON 1 = 1'],
    ['a variable', 'SELECT @a = ssn FROM people SET @A = 1 SELECT @a'],
    ['a synonym', 'CREATE SYNONYM S FOR other.dbo.secret SELECT a FROM s'],
    ['a table that a query makes', 'SELECT a INTO T FROM x SELECT a FROM t'],
    ['a table', 'CREATE TABLE T (a int) SELECT a FROM t'],
    ['a column of a new table', 'CREATE TABLE t (SSN int) SELECT ssn FROM people'],
    ['a cursor', 'DECLARE C CURSOR FOR SELECT ssn FROM people FETCH c'],
    ['a temporary table', 'SELECT ssn INTO #t FROM people SELECT 1 AS ssn INTO #T SELECT ssn FROM #t'],
  ])('refuses two spellings of %s, which may be two', (_what, text) => {
    expect(outcome(text, sensitive)).toBe('limit');
    expect(outcome(text)).toBe('parsed');
  });

  it('is what is taken where nobody says which it is', () => {
    const { ok } = parseUnit('SELECT a INTO T FROM x SELECT a FROM t', { serverVersion: 16, lexical: { quoted_identifier: 'on' } });
    expect(ok).toBe(false);
  });

  it('takes two spellings of words and of functions', () => {
    expect(outcome('SELECT COUNT(*) AS n, count(p.id) AS k FROM people AS p select SUM(1) AS s', sensitive)).toBe('parsed');
  });
});
