import { describe, expect, it } from '@jest/globals';
import { ORACLE_NAMES, ORACLES } from './oracles.js';

const STATEMENTS = [
  ['SELECT a FROM s.t JOIN u ON t.i = u.i', { kind: 'select', relations: ['s.t', 'u'], writes: [] }],
  ['INSERT INTO t (a) SELECT b FROM u', { kind: 'insert', relations: ['t', 'u'], writes: ['t'] }],
  ['UPDATE t SET a = 1', { kind: 'update', relations: ['t'], writes: ['t'], hasWhere: false }],
  ['DELETE FROM t WHERE a = 1', { kind: 'delete', relations: ['t'], writes: ['t'], hasWhere: true }],
  ['WITH c AS (SELECT a FROM t) SELECT a FROM c', { kind: 'select', relations: ['t'], writes: [] }],
] as const;

describe.each(ORACLE_NAMES)('%s', (oracle) => {
  it.each(STATEMENTS)('is read right: %s', async (sql, summary) => {
    const read = await ORACLES[oracle]();
    expect(read(sql, 'mysql')).toEqual({ kind: 'read', statements: [summary] });
  });

  it('refuses what is no SQL', async () => {
    const read = await ORACLES[oracle]();
    expect(read('SELECT FROM WHERE (', 'mysql').kind).toBe('refused');
  });
});
