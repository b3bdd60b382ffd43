import { describe, expect, it } from '@jest/globals';
import type { Expression, Statement } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

function methodArguments(text: string): readonly Expression[] {
  const result = parseUnit(text, { serverVersion: 16, lexical: { quoted_identifier: 'on' } });
  if (!result.ok) throw new Error(result.failure.message);
  const [statement] = result.unit.statements as readonly Statement[];
  if (statement?.kind !== 'select' || statement.query.body.kind !== 'select') throw new Error('no select');
  const [item] = statement.query.body.items;
  if (item?.expression.kind !== 'method') throw new Error('no method');
  return item.expression.arguments.slice(1);
}

const ssn: Expression = { kind: 'column', qualifier: [], name: 'ssn' };

describe('relationalValues', () => {
  it.each<[string, string, readonly Expression[]]>([
    ['a column', `SELECT doc.query('<a>{sql:column("ssn")}</a>') FROM t`, [ssn]],
    ['a column in single quotes', `SELECT doc.query('sql:column(''ssn'')') FROM t`, [ssn]],
    ['a qualified column', `SELECT p.doc.query('sql:column( "p.[ssn]" )') FROM t AS p`, [{ ...ssn, qualifier: ['p'] }]],
    ['a variable', `SELECT @d.query('sql:variable("@S")')`, [{ kind: 'variable', scope: 'local', name: 's' }]],
    ['a method of a value', `SELECT CAST('' AS xml).query('sql:column("ssn"), sql:column("ssn")') FROM t`, [ssn, ssn]],
    ['elements of such names', `SELECT doc.query('/column[1]/variable') FROM t`, []],
  ])('finds %s', (_what, text, expected) => {
    expect(methodArguments(text)).toEqual(expected);
  });

  it.each([
    ['another prefix', `SELECT doc.query('declare namespace x="urn:schemas-microsoft-com:xml-sql"; x:column("ssn")') FROM t`],
    ['a character reference', `SELECT doc.query('sql:column("s&#115;n")') FROM t`],
    ['a comment', `SELECT doc.query('sql:column(: :)("ssn")') FROM t`],
    ['a name that is none', `SELECT doc.query('sql:column("1 + 1")') FROM t`],
  ])('is opaque for %s', (_what, text) => {
    expect(methodArguments(text)).toMatchObject([{ kind: 'opaque' }]);
  });
});
