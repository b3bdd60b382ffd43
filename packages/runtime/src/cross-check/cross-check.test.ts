import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Catalogue, UnitFacts } from '@sqlwarden/core';
import { CrossCheck } from './cross-check.js';

/** A worker runs what was built; jest reads the sources. */
const worker = new URL('../../dist/cross-check/worker.js', import.meta.url);
const nowhere: Catalogue = {
  version: 1,
  serverVersion: 180_000,
  database: 'crm',
  relations: new Map(),
  relationsById: new Map(),
  routines: new Map(),
  schemas: new Set(),
};
const one: UnitFacts = {
  statements: [
    {
      action: 'select',
      class: 'read',
      span: { start: 0, end: 8 },
      reads: [],
      writes: [],
      columns: [],
      outputs: [],
      routines: [],
      filter: 'none',
      limit: null,
      opaque: [],
      flows: [],
      locks: false,
      schemaChanges: [],
      stateEffect: 'none',
      elevated: false,
    },
  ],
};

describe('CrossCheck', () => {
  let check: CrossCheck;
  beforeAll(() => {
    if (!existsSync(worker)) throw new Error('build the package before its tests: tsc -b packages/runtime');
    check = new CrossCheck('postgres', { worker, deadlineMs: 2_000 });
  });
  afterAll(() => check.close());
  const objection = (text: string): Promise<string | undefined> => check.objection(text, one, nowhere);

  it('has nothing against what both understand alike', async () => {
    expect(await objection('select 1')).toBeUndefined();
  });

  it('objects to what they understand differently', async () => {
    expect(await objection('select a from t')).toMatch(/was not found/);
  });

  it('objects to what the parser does not take', async () => {
    expect(await objection('copy t to stdout')).toMatch(/does not take/);
  });

  it.each(['begin', 'COMMIT;', 'start transaction', 'rollback to savepoint a', 'savepoint a'])('does not ask about %s', async (text) => {
    expect(await objection(text)).toBeUndefined();
  });

  it('asks about what only begins like the end of a transaction', async () => {
    expect(await objection('commit; select a from t')).toBeDefined();
  });

  it('does not give the parser what may take it for ever', async () => {
    expect(await objection(`select ${'('.repeat(20)}`)).toMatch(/too deeply/);
    expect(await objection(`select '${'x'.repeat(20_000)}'`)).toMatch(/too long/);
  });

  it('ends a parser that takes too long, and goes on with another one', async () => {
    const impatient = new CrossCheck('mysql', { worker, deadlineMs: 700 });
    const started = performance.now();
    const slow = `select ${'cast('.repeat(12)}1${' as char)'.repeat(12)}`;
    const answer = await impatient.objection(slow, one, nowhere);
    expect(answer).toMatch(/did not come to an end/);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await impatient.objection('select 1', one, nowhere)).toBeUndefined();
    await impatient.close();
  });

  it.each(['postgres', 'mysql', 'sqlserver'] as const)('has a parser for %s', async (dialect) => {
    const own = new CrossCheck(dialect, { worker, deadlineMs: 5_000 });
    expect(await own.objection('select 1', one, nowhere)).toBeUndefined();
    await own.close();
  });
});

describe('CrossCheck of MySQL', () => {
  let check: CrossCheck;
  beforeAll(() => {
    check = new CrossCheck('mysql', { worker, deadlineMs: 2_000 });
  });
  afterAll(() => check.close());

  it.each(['select 1 as `a b`, @x', 'select 1 # how many', 'select /*! straight_join */ 1'])('reads %s', async (text) => {
    expect(await check.objection(text, one, nowhere)).toBeUndefined();
  });

  it.each(['SET NAMES utf8mb4', "set names 'utf8mb4' collate 'utf8mb4_bin';", 'set character set utf8'])(
    'is not asked about %s, which clients begin with',
    async (text) => {
      expect(await check.objection(text, one, nowhere)).toBeUndefined();
    },
  );

  it.each(['SET NAMES utf8mb4; drop table people', "set names 'utf8mb4", 'select 1; delete from people'])(
    'objects to %s, taken for one query',
    async (text) => {
      expect(await check.objection(text, one, nowhere)).toBeDefined();
    },
  );
});
