import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { type BackendMessage, cellsOf, errorFieldsOf, tagOf } from './harness/backend-messages.js';
import { corpusPolicy } from './harness/corpus-case.js';
import { type CorpusServer, startCorpusServer } from './harness/database.js';
import * as frontend from './harness/frontend-messages.js';
import { type RunningGateway, startGateway } from './harness/gateway.js';
import type { RawClient } from './harness/raw-client.js';
import { WORLD_A } from './harness/worlds.js';

/** The statement that fails: one that the server's parser rejects, or one that policy refuses, in its place. */
interface Failing {
  readonly sql: string;
  /** The value with which {@link LATE} fails when it is bound: because it is no number, or because of what the names mean by then. */
  readonly value: string;
}

const NATIVE: Failing = { sql: 'selec 1', value: 'none' };
const REFUSED: Failing = { sql: 'select id from people order by ssn', value: '1' };
/** Harmless where it is parsed, in a schema whose columns are not protected. */
const LATE = 'select id from people where id = $1 order by ssn';

interface Script {
  readonly note: string;
  /** Sends everything and says how many ReadyForQuery will come. */
  readonly run: (client: RawClient, failing: Failing) => Promise<void>;
}

const insert = (key: string): string => `insert into settings (key, value) values ('${key}', 'x')`;
const one = (sql: string): Buffer[] => [frontend.parse(sql), frontend.bind(), frontend.describePortal(), frontend.execute()];
async function queries(client: RawClient, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) await client.query(text);
}
async function pipeline(client: RawClient, ...messages: readonly Buffer[]): Promise<void> {
  client.send(...messages);
  await client.untilReady(messages.filter((message) => message[0] === 0x53 || message[0] === 0x51).length);
}

async function parseElsewhere(client: RawClient): Promise<void> {
  await client.query('set search_path to hr');
  await pipeline(client, frontend.parse(LATE, 'late'), frontend.sync());
  await client.query('set search_path to public');
}

const SCRIPTS: readonly Script[] = [
  { note: 'alone', run: (client, { sql }) => queries(client, sql) },
  { note: 'alone, then another', run: (client, { sql }) => queries(client, sql, insert('a')) },
  { note: 'last of several statements in one message', run: (client, { sql }) => queries(client, `${insert('a')}; ${sql}`) },
  { note: 'first of several statements in one message', run: (client, { sql }) => queries(client, `${sql}; ${insert('a')}`) },
  {
    note: 'between BEGIN and COMMIT in one message',
    run: (client, { sql }) => queries(client, `begin; ${insert('a')}; ${sql}; commit`, 'select 1'),
  },
  {
    note: 'in a transaction that goes on',
    run: (client, { sql }) => queries(client, 'begin', insert('a'), sql, insert('b'), 'commit', insert('c')),
  },
  {
    note: 'in a transaction that is rolled back',
    run: (client, { sql }) => queries(client, 'begin', insert('a'), sql, 'rollback', insert('c')),
  },
  { note: 'first in a transaction', run: (client, { sql }) => queries(client, 'begin', sql, 'select 1', 'commit') },
  { note: 'twice in a transaction', run: (client, { sql }) => queries(client, 'begin', sql, sql, 'commit', 'commit') },
  {
    note: 'after a savepoint',
    run: (client, { sql }) =>
      queries(client, 'begin', insert('a'), 'savepoint s', insert('b'), sql, 'rollback to s', insert('c'), 'commit'),
  },
  {
    note: 'after a savepoint that is released',
    run: (client, { sql }) => queries(client, 'begin', 'savepoint s', insert('b'), sql, 'release s', 'commit', insert('d')),
  },
  {
    note: 'after a COPY',
    run: (client, { sql }) => queries(client, 'begin', 'copy schema_migrations to stdout', sql, 'copy schema_migrations to stdout', 'end'),
  },
  { note: 'Parse alone', run: (client, { sql }) => pipeline(client, frontend.parse(sql), frontend.sync()) },
  { note: 'the whole extended sequence', run: (client, { sql }) => pipeline(client, ...one(sql), frontend.sync()) },
  {
    note: 'a Sync for each',
    run: (client, { sql }) =>
      pipeline(client, ...one(insert('a')), frontend.sync(), ...one(sql), frontend.sync(), ...one(insert('b')), frontend.sync()),
  },
  {
    note: 'in the middle of a pipeline',
    run: (client, { sql }) => pipeline(client, ...one(insert('a')), ...one(sql), ...one(insert('b')), frontend.sync()),
  },
  {
    note: 'at the end of a pipeline',
    run: (client, { sql }) => pipeline(client, ...one(insert('a')), ...one(insert('b')), ...one(sql), frontend.sync()),
  },
  {
    note: 'at the start of a pipeline',
    run: (client, { sql }) => pipeline(client, ...one(sql), ...one(insert('a')), frontend.sync(), ...one(insert('b')), frontend.sync()),
  },
  {
    note: 'in a pipeline with BEGIN and COMMIT',
    run: (client, { sql }) =>
      pipeline(
        client,
        ...one('begin'),
        ...one(insert('a')),
        ...one(sql),
        ...one('commit'),
        frontend.sync(),
        ...one('rollback'),
        frontend.sync(),
      ),
  },
  {
    note: 'in a pipeline over several Syncs inside a transaction',
    run: (client, { sql }) =>
      pipeline(
        client,
        ...one('begin'),
        frontend.sync(),
        ...one(insert('a')),
        frontend.sync(),
        ...one(sql),
        frontend.sync(),
        ...one(insert('b')),
        frontend.sync(),
        ...one('commit'),
        frontend.sync(),
      ),
  },
  {
    note: 'in a pipeline whose rows come first',
    run: (client, { sql }) => pipeline(client, ...one('select id from orders order by id'), ...one(sql), frontend.sync()),
  },
  {
    note: 'with Flush in a pipeline',
    run: (client, { sql }) =>
      pipeline(client, ...one(insert('a')), frontend.flush(), ...one(sql), frontend.flush(), ...one('select 1'), frontend.sync()),
  },
  {
    note: 'a Query after a pipeline without Sync',
    run: (client, { sql }) => pipeline(client, ...one(insert('a')), frontend.query(sql), frontend.query('select 1')),
  },
  {
    note: 'a named statement that stays unknown',
    run: (client, { sql }) =>
      pipeline(
        client,
        frontend.parse(sql, 's1'),
        frontend.sync(),
        frontend.bind({ statement: 's1' }),
        frontend.execute(),
        frontend.sync(),
        frontend.parse('select 1', 's1'),
        frontend.sync(),
      ),
  },
  {
    note: 'another statement under the same name',
    run: (client, { sql }) =>
      pipeline(
        client,
        frontend.parse('select 1', 's1'),
        frontend.sync(),
        frontend.parse(sql, 's1'),
        frontend.sync(),
        frontend.bind({ statement: 's1' }),
        frontend.execute(),
        frontend.sync(),
      ),
  },
  {
    note: 'a portal that was open before',
    run: (client, { sql }) =>
      pipeline(
        client,
        ...one('begin'),
        frontend.parse('select id from orders order by id'),
        frontend.bind({ portal: 'p' }),
        frontend.execute('p', 2),
        ...one(sql),
        frontend.execute('p', 2),
        frontend.sync(),
        frontend.execute('p', 2),
        frontend.sync(),
        ...one('rollback'),
        frontend.sync(),
      ),
  },
  {
    note: 'at Bind, in a pipeline',
    run: async (client, { value }) => {
      await parseElsewhere(client);
      await pipeline(
        client,
        ...one(insert('a')),
        frontend.bind({ statement: 'late', values: [value] }),
        frontend.execute(),
        ...one(insert('b')),
        frontend.sync(),
      );
      await client.query(insert('c'));
    },
  },
  {
    note: 'at Bind, in a transaction',
    run: async (client, { value }) => {
      await parseElsewhere(client);
      await queries(client, 'begin', insert('a'));
      await pipeline(
        client,
        frontend.bind({ statement: 'late', values: [value] }),
        frontend.describePortal(),
        frontend.execute(),
        frontend.sync(),
      );
      await queries(client, insert('b'), 'commit', insert('c'));
    },
  },
  { note: 'in COPY', run: (client, { sql }) => queries(client, 'begin', `copy (${sql}) to stdout`, 'commit') },
  { note: 'in EXPLAIN', run: (client, { sql }) => queries(client, 'begin', `explain ${sql}`, 'commit') },
  { note: 'a batch that committed before', run: (client, { sql }) => queries(client, `begin; ${insert('a')}; commit; ${sql}`) },
  {
    note: 'pipelined Query messages',
    run: (client, { sql }) => pipeline(client, frontend.query(insert('a')), frontend.query(sql), frontend.query(insert('b'))),
  },
];

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)("a refusal leaves what the server's own error would leave", () => {
  let server: CorpusServer;
  let gateway: RunningGateway;

  beforeAll(async () => {
    server = await startCorpusServer();
    for (const database of ['crm', 'direct']) await server.create(database, WORLD_A);
    gateway = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')] });
  });
  afterAll(async () => {
    await gateway?.stop();
    await server?.stop();
  });

  async function played(script: Script, client: RawClient, failing: Failing): Promise<string[]> {
    const before = client.messages.length;
    await script.run(client, failing);
    await client.close();
    return client.messages.slice(before).map(skeleton);
  }

  const left = async (database: string): Promise<string> =>
    JSON.stringify(
      await server.admin(database, 'select key, value from settings union all select sku, stock::text from products order by 1'),
    );

  it.each(SCRIPTS.map((script) => [script.note, script] as const))('%s', async (_, script) => {
    for (const database of ['crm', 'direct']) await server.create(database, WORLD_A);
    const native = await played(script, await server.direct('direct'), NATIVE);
    const client = await gateway.connect('crm', gateway.token(['app']));
    const refused = await played(script, client, REFUSED);
    expect(native.some((message) => message.startsWith('E'))).toBe(true);
    expect(
      client.messages.filter(({ type }) => type === 'E').some((message) => errorFieldsOf(message).message.startsWith('sqlwarden: ')),
    ).toBe(true);
    expect(refused).toEqual(native);
    expect(await left('crm')).toBe(await left('direct'));
  });
});

/** A message without what it says about the failing statement itself. */
function skeleton(message: BackendMessage): string {
  switch (message.type) {
    case 'Z':
      return `Z ${message.body.toString('latin1')}`;
    case 'C':
      return `C ${tagOf(message)}`;
    case 'D':
      return `D ${cellsOf(message).join(' ')}`;
    case 'E':
      return `E ${errorFieldsOf(message).severity} ${isFollowUp(message) ? errorFieldsOf(message).code : ''}`;
    case 'N':
      return `N ${errorFieldsOf(message).code}`;
    default:
      return message.type;
  }
}

/** Errors that come because of an earlier one keep their code: the transaction is aborted, a name is not known. */
function isFollowUp(message: BackendMessage): boolean {
  return ['25P02', '26000', '34000', '3B001', '42P05', '42P03'].includes(errorFieldsOf(message).code);
}
