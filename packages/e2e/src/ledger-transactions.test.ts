import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { verifyLedger, why, type WhyStatement } from '@sqlwarden/ledger';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { type CorpusServer, startCorpusServer } from './harness/database.js';
import { type RunningGateway, startGateway } from './harness/gateway.js';
import { WORLD_A } from './harness/worlds.js';

const insert = (row: string): string => `insert into kept values ('${row}')`;
const FAILS = 'select 1/0';

/** Queries of one connection, in which each row is inserted by one statement. */
const PROGRAMS: readonly (readonly [string, readonly string[]])[] = [
  ['a ROLLBACK in front where nothing was open', [`rollback; ${insert('a1')}`]],
  ['a transaction that is rolled back in front', [`begin; ${insert('b1')}; rollback; ${insert('b2')}`]],
  ['a COMMIT in between and a ROLLBACK behind', [`${insert('c1')}; commit; ${insert('c2')}; rollback`]],
  ['a failure behind a COMMIT', [`${insert('d1')}; commit; ${insert('d2')}; ${FAILS}`]],
  ['a failure behind a savepoint that is gone back to', ['begin', `${insert('e1')}; savepoint s; ${FAILS}`, 'rollback to s', 'commit']],
  ['a failure in an implicit transaction', [`${insert('f1')}; ${FAILS}; ${insert('f2')}`]],
  [
    'a transaction that begins in the middle and is committed later',
    ['begin', insert('g1'), `${insert('g2')}; rollback; begin; ${insert('g3')}`, 'commit'],
  ],
  ['the same, rolled back later', [`begin; ${insert('h1')}; commit; begin; ${insert('h2')}`, 'rollback']],
  ['a chained transaction', [`begin; ${insert('i1')}; commit and chain; ${insert('i2')}; rollback and chain; ${insert('i3')}`, 'commit']],
  ['so many statements that their results do not fit in an entry', [`rollback; ${insert('j1')}${'; select 1'.repeat(1500)}`]],
  ['a connection that ends inside of a transaction', [`rollback; ${insert('k1')}; commit; begin; ${insert('k2')}`]],
];

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('a Query that spans transactions', () => {
  let server: CorpusServer;
  let gateway: RunningGateway;
  let there: Set<string>;
  let changes: readonly WhyStatement[];

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.create('crm', WORLD_A);
    await server.admin('crm', 'set role gateway; create table kept (name text)');
    gateway = await startGateway({ server, upstreams: { crm: 'crm' }, policies: ['version: 1\ndefault: allow\n'] });
    for (const [, queries] of PROGRAMS) {
      const client = await gateway.connect('crm', gateway.token(['app']));
      for (const query of queries) await client.query(query);
      await client.close();
    }
    await gateway.sidecar.stop(5_000);
    there = new Set((await server.admin<{ name: string }>('crm', 'select name from kept')).map(({ name }) => name));
    changes = (await why(gateway.ledgerDirectory, { about: 'relation', name: 'public.kept' }, { limit: 1000 })).changes;
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await server?.stop();
  });

  /** What `why` says of the statement that inserted a row; `undefined` when it does not list it. */
  function told(row: string): string | undefined {
    const unit = changes.find(({ text }) => text?.includes(insert(row)));
    if (unit === undefined || unit.outcome.kind !== 'done') return undefined;
    const index = (unit.text ?? '').split(';').findIndex((part) => part.includes(insert(row)));
    const statement = unit.outcome.statements[index];
    return statement === undefined ? 'did not complete' : (statement.end ?? unit.transaction.end);
  }

  it.each(PROGRAMS)('with %s: why shows the rows that are there, and no others, as committed', (_note, queries) => {
    const rows = queries.flatMap((query) => [...query.matchAll(/'(\w+)'/g)].map(([, row]) => row ?? ''));
    const committed = rows.filter((row) => told(row) === 'committed');
    expect(committed).toEqual(rows.filter((row) => there.has(row)));
  });

  it('leaves rows behind and takes others back, or these tests would show nothing', () => {
    expect([...there].sort()).toEqual(['a1', 'b2', 'c1', 'd1', 'e1', 'g3', 'h1', 'i1', 'i3', 'j1', 'k1']);
    expect(told('d2')).toBe('rolled-back');
  });

  it('leaves a ledger that verifies', async () => {
    expect((await verifyLedger(gateway.ledgerDirectory)).findings).toEqual([]);
  });
});
