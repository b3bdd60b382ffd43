import { describe, expect, it } from '@jest/globals';
import type { FromItem, Statement } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

function kinds(text: string): string[] {
  const result = parseUnit(text, { serverVersion: 16, lexical: { quoted_identifier: 'on' } });
  if (!result.ok) throw new Error(result.failure.message);
  const [statement] = result.unit.statements as readonly Statement[];
  if (statement?.kind !== 'select' || statement.query.body.kind !== 'select') throw new Error('no select');
  return statement.query.body.from.flatMap(leaves);
}

function leaves(item: FromItem): string[] {
  return item.kind === 'join' ? [...leaves(item.left), ...leaves(item.right)] : [item.kind];
}

describe('certainShapes', () => {
  it.each([
    ['*', 'SELECT * FROM CHANGETABLE(CHANGES t, 0) AS c'],
    ['a star of its own', 'SELECT c.* FROM CHANGETABLE(CHANGES t, 0) AS c'],
    ['column aliases', 'SELECT c.a FROM CHANGETABLE(VERSION t, (id), (1)) AS c (a, b, k)'],
  ])('does not understand the columns of CHANGETABLE by %s', (_what, text) => {
    expect(kinds(text)).toEqual(['opaque']);
  });

  it('understands them by name, and the stars of others', () => {
    const text = 'SELECT c.id, c.sys_change_operation, u.* FROM u CROSS APPLY CHANGETABLE(VERSION t, (id), (u.id)) AS c';
    expect(kinds(text)).toEqual(['relation', 'subquery']);
    expect(kinds(text.replace('u.*', '*'))).toEqual(['relation', 'opaque']);
  });
});
