import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CannedSqlServer, startCannedSqlServer, until } from '@sqlwarden/testkit';
import { PACKET_STATUS } from '../protocol/packet.js';
import { PROCEDURE } from '../protocol/rpc-request.js';
import { DONE_STATUS, type ServerToken } from '../protocol/server-token.js';
import { type Gateway, GOOD_TOKEN, startGateway } from '../testing/gateway.js';
import { int, intOut, RawClient, type RawReply, unicode } from '../testing/raw-client.js';
import { STATE_PROBE } from './sql-state.js';

const SSN = '123-45-6789';
const MASKED = 'SELECT id, ssn FROM people';
const CI = 'SQL_Latin1_General_CP1_CI_AS';
const STATE = ['dbo', 'app', '1', CI, CI, CI, null, null, null];

type Done = Extract<ServerToken, { readonly rowCount: bigint; readonly status: number }>;
const dones = ({ tokens }: RawReply) => tokens.filter((token): token is Done => token.kind.startsWith('DONE'));
const errorOf = ({ tokens }: RawReply) =>
  tokens.find((token): token is Extract<ServerToken, { readonly kind: 'ERROR' | 'INFO' }> => token.kind === 'ERROR');
const kindsOf = ({ tokens }: RawReply) => tokens.map((token) => (token.kind === 'ENVCHANGE' ? `ENVCHANGE ${token.type}` : token.kind));
const shows = ({ bytes }: RawReply, value: string): boolean =>
  bytes.includes(value) || bytes.includes(Buffer.from(value, 'utf16le').toString('latin1'));

const count = (value: number) => ({ kind: 'rows', columns: [{ name: '', type: 'int' }], rows: [[value]] }) as const;

describe.each([
  { version: '7.1', cutBytes: undefined },
  { version: '7.2', cutBytes: undefined },
  { version: '7.3B', cutBytes: undefined },
  { version: '7.4', cutBytes: undefined },
  { version: '7.4', cutBytes: 1 },
] as const)('the requests of a client of TDS $version, in pieces of $cutBytes', ({ version, cutBytes }) => {
  let server: CannedSqlServer;
  let gateway: Gateway;
  const open: RawClient[] = [];

  beforeAll(async () => {
    const columns = [
      { name: 'id', type: 'int' },
      { name: 'ssn', type: 'varchar(20)' },
    ];
    // TDS 7.1 does not tell of transactions.
    const isOpen = () => server.requests.findLast(({ text }) => /^(?:BEGIN|COMMIT) TRAN/.test(text))?.text.startsWith('BEGIN') === true;
    server = await startCannedSqlServer({
      accounts: { sa: 'secret' },
      databases: ['app', 'other'],
      answers: [
        {
          when: STATE_PROBE,
          give: ({ database }) => [
            {
              kind: 'rows',
              columns: [database, ...STATE].map((_, at) => ({ name: `c${at}`, type: 'nvarchar(4000)' })),
              rows: [[database, ...STATE]],
            },
          ],
        },
        {
          when: /^select id, ssn from people/i,
          give: [
            {
              kind: 'rows',
              columns,
              rows: [
                [1, SSN],
                [2, null],
              ],
            },
          ],
        },
        { when: 'SELECT @@TRANCOUNT', give: () => [{ kind: 'rows', columns: [{ name: '', type: 'int' }], rows: [[isOpen() ? 1 : 0]] }] },
        { when: /^IF \(@@OPTIONS & 2\) = 0 BEGIN/, give: [{ kind: 'transaction', action: 'begin' }, count(1)] },
        { when: /^COMMIT TRANSACTION; SELECT/, give: [{ kind: 'transaction', action: 'commit' }, count(0)] },
        { when: /^IF @@TRANCOUNT > 0 ROLLBACK/, give: [{ kind: 'transaction', action: 'rollback' }, count(0)] },
        { when: /^update people .* -- at most 2/i, give: ({ text }) => [{ kind: 'count', count: text.includes('all') ? 3 : 2 }] },
        { when: 'SELECT 1', give: [{ kind: 'rows', columns: [{ name: '', type: 'int' }], rows: [[1]] }] },
        { when: /^select 'slow'/i, give: [{ kind: 'wait' }] },
        { when: /^IF @@TRANCOUNT > 0 AND/, give: [] },
      ],
    });
    gateway = await startGateway(
      { host: '127.0.0.1', port: server.port, user: 'sa', password: 'secret' },
      cutBytes === undefined ? {} : { cutBytes },
    );
  });

  afterAll(async () => {
    for (const client of open) client.close();
    await gateway.close();
    await server.stop();
  });

  async function connect(): Promise<RawClient> {
    const client = await RawClient.connect(gateway.port, version);
    open.push(client);
    return client;
  }

  async function isAlive(client: RawClient): Promise<void> {
    client.batch('SELECT 1');
    expect((await client.reply()).rows).toBe(1);
  }

  it('reach the server as they were sent, and their rows are masked', async () => {
    const client = await connect();
    client.batch(MASKED);
    const reply = await client.reply();
    expect(reply.rows).toBe(2);
    expect(shows(reply, SSN)).toBe(false);
    expect(shows(reply, '***')).toBe(true);
    expect(server.requests.at(-1)).toMatchObject({ kind: 'batch', text: MASKED });
    client.batch("SELECT 'forbidden'");
    expect(errorOf(await client.reply())?.message).toContain('policy-denied');
    expect(server.requests.at(-1)).toMatchObject({ text: MASKED });
    expect(server.logins.every(({ password }) => password !== GOOD_TOKEN)).toBe(true);
  });

  it.each(['number', 'name'])('by %s prepare, execute and fetch what was judged', async (by) => {
    const client = await connect();
    const named = (name: keyof typeof PROCEDURE) => (by === 'name' ? { name } : { id: PROCEDURE[name] });
    client.rpc({ procedure: named('sp_prepexec'), parameters: [intOut(), unicode('@id int'), unicode(MASKED), int(1)] });
    const prepared = await client.reply();
    expect([prepared.rows, shows(prepared, SSN), shows(prepared, '***')]).toEqual([2, false, true]);
    client.rpc({ procedure: named('sp_execute'), parameters: [int(handleIn(prepared)), int(1)] });
    const executed = await client.reply();
    expect([executed.rows, shows(executed, SSN), shows(executed, '***')]).toEqual([2, false, true]);
    expect(gateway.seen.units.slice(-5).map(({ phase }) => phase)).toEqual(['prepare', 'bind', 'execute', 'bind', 'execute']);
    client.rpc({ procedure: named('sp_cursoropen'), parameters: [intOut(), unicode(MASKED), int(8, 1), int(1, 1), intOut()] });
    const cursor = handleIn(await client.reply());
    client.rpc({ procedure: named('sp_cursorfetch'), parameters: [int(cursor), int(2), int(0), int(10)] });
    const fetched = await client.reply();
    expect([errorOf(fetched), shows(fetched, SSN), shows(fetched, '***')]).toEqual([undefined, false, true]);
    client.rpc({ procedure: named('sp_cursorclose'), parameters: [int(cursor)] });
    expect(errorOf(await client.reply())).toBeUndefined();
    client.rpc({ procedure: named('sp_cursorfetch'), parameters: [int(cursor), int(2), int(0), int(10)] });
    expect(errorOf(await client.reply())).toMatchObject({ number: 16909 });
    client.rpc({ procedure: named('sp_unprepare'), parameters: [int(handleIn(prepared))] });
    await client.reply();
    client.rpc({ procedure: named('sp_execute'), parameters: [int(handleIn(prepared)), int(1)] });
    expect(errorOf(await client.reply())).toMatchObject({ number: 8179 });
    await isAlive(client);
  });

  it('are judged in the session that RESETCONNECTION leaves', async () => {
    const client = await connect();
    client.batch('USE other');
    expect(kindsOf(await client.reply())).toContain('ENVCHANGE 1');
    await isAlive(client);
    expect(gateway.seen.units.at(-1)?.state.database).toBe('other');
    client.rpc({ procedure: { id: PROCEDURE.sp_prepare }, parameters: [intOut(), unicode(''), unicode(MASKED), int(1)] });
    const handle = handleIn(await client.reply());
    const { resets } = gateway.seen;
    client.batch(MASKED, PACKET_STATUS.RESET_CONNECTION);
    const reply = await client.reply();
    expect(kindsOf(reply)[0]).toMatch(/^ENVCHANGE/);
    expect(kindsOf(reply)).toContain('ENVCHANGE 18');
    expect([reply.rows, shows(reply, SSN)]).toEqual([2, false]);
    expect(gateway.seen.resets).toBe(resets + 1);
    expect(gateway.seen.units.at(-1)).toMatchObject({ text: MASKED, state: { database: 'app' } });
    expect(server.requests.slice(-2)).toMatchObject([
      { text: STATE_PROBE, reset: 'connection' },
      { text: MASKED, reset: 'no' },
    ]);
    client.rpc({ procedure: { id: PROCEDURE.sp_execute }, parameters: [int(handle)] });
    expect(errorOf(await client.reply())).toMatchObject({ number: 8179 });
    expect(server.requests.at(-1)).toMatchObject({ kind: 'batch', text: MASKED });
  });

  it('end by an ATTENTION, wherever they are', async () => {
    const client = await connect();
    client.batch("SELECT 'slow'");
    await until(() => server.requests.at(-1)?.text === "SELECT 'slow'");
    client.attention();
    const replies = [await client.reply(), await client.reply()];
    expect(dones(replies[1] as RawReply)).toMatchObject([{ status: DONE_STATUS.ATTENTION }]);
    await until(() => gateway.seen.outcomes.at(-1)?.ticket === gateway.seen.issued.at(-1));
    client.batch("SELECT 'held long'");
    await until(() => gateway.seen.units.at(-1)?.text.includes('held long') === true);
    client.attention();
    expect(dones(await client.reply())).toMatchObject([{ status: DONE_STATUS.ERROR }]);
    expect(dones(await client.reply())).toMatchObject([{ status: DONE_STATUS.ATTENTION }]);
    expect(server.requests.at(-1)?.kind).toBe('attention');
    gateway.release();
    client.attention();
    expect(dones(await client.reply())).toMatchObject([{ status: DONE_STATUS.ATTENTION }]);
    await isAlive(client);
  });

  it('begin and end transactions, which a refusal leaves open', async () => {
    const client = await connect();
    if (version === '7.1') client.batch('BEGIN TRANSACTION');
    else client.transaction({ kind: 'TM_BEGIN_XACT', isolationLevel: 0, name: '' });
    expect(errorOf(await client.reply())).toBeUndefined();
    expect(gateway.seen.units.at(-1)?.text).toBe('BEGIN TRANSACTION');
    client.batch("SELECT 'forbidden'");
    expect(errorOf(await client.reply())?.message).toContain('policy-denied');
    expect(server.requests.at(-1)?.text).toMatch(/^IF @@TRANCOUNT > 0 AND/);
    await isAlive(client);
    expect(gateway.seen.units.at(-1)?.transaction.status).toBe('open');
    client.batch('COMMIT TRANSACTION');
    await client.reply();
    expect(gateway.seen.ends.at(-1)?.[1]).toBe('committed');
    await isAlive(client);
    expect(gateway.seen.units.at(-1)?.transaction.status).toBe('idle');
  });

  it('are committed before their client hears of it, where a limit counts what they write', async () => {
    const client = await connect();
    client.batch('UPDATE people SET name = name WHERE id < 3 -- at most 2');
    expect(dones(await client.reply())).toMatchObject([{ rowCount: 2n }]);
    const texts = server.requests.slice(-3).map(({ text }) => text);
    expect(texts).toEqual([
      expect.stringMatching(/^IF \(@@OPTIONS & 2\) = 0 BEGIN TRANSACTION/),
      expect.stringMatching(/^UPDATE/),
      expect.stringMatching(/^COMMIT TRANSACTION/),
    ]);
    expect(gateway.seen.ends.at(-1)?.[1]).toBe('committed');
    await isAlive(client);
    expect(gateway.seen.units.at(-1)?.transaction.status).toBe('idle');
    const { length } = gateway.seen.ends;
    client.batch("UPDATE people SET name = 'all' -- at most 2");
    expect(errorOf(await client.reply())?.message).toContain('limit-exceeded');
    await until(() => gateway.seen.ends.length > length);
    expect(gateway.seen.ends.at(-1)?.[1]).toBe('rolled-back');
  });

  it('are settled once each', async () => {
    const { issued, outcomes } = gateway.seen;
    await until(() => outcomes.length === issued.length);
    expect(new Set(outcomes.map(({ ticket }) => ticket)).size).toBe(issued.length);
    expect(server.protocolErrors).toEqual([]);
  });
});

/** The first RETURNVALUE, an int. */
function handleIn({ bytes, tokens }: RawReply): number {
  if (!tokens.some(({ kind }) => kind === 'RETURNVALUE'))
    throw new Error(`no RETURNVALUE: ${JSON.stringify(tokens.map(({ kind }) => kind))}`);
  // Its value is behind its TYPE_INFO: INTN of 4 bytes.
  const at = bytes.indexOf('\x26\x04\x04', bytes.lastIndexOf('\x79'));
  return Buffer.from(bytes.slice(at + 3, at + 7), 'latin1').readInt32LE(0);
}
