import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEntries } from '@sqlwarden/ledger';
import { type CannedRequest, requireOrSkip, until } from '@sqlwarden/testkit';
import { type Request, TYPES } from 'tedious';
import { type RunningGateway, startGateway } from './harness/gateway.js';
import { type Result, SqlserverClient } from './sqlserver/sqlserver-client.js';
import { MASKED, shopGateway } from './sqlserver-clients/shop-gateway.js';
import { PEOPLE, SHOP_KINDS, type ShopServer } from './sqlserver-clients/shop-server.js';

/**
 * The ways in which a statement reaches SQL Server that other gateways were found to let pass undecoded: RPCs besides sp_executesql by its number, procedures by
 * name, statements in long and in old types, cursors, and messages of a size that is not read.
 */
interface Way {
  readonly name: string;
  /** Sends a statement. */
  send(client: SqlserverClient, sql: string): Promise<readonly Result[]>;
  /** Its rows come in another request. */
  readonly isSilent?: true;
  /** A Babelfish does not take it, or tedious does not read its answer (TABNAME, COLINFO). */
  readonly isCannedOnly?: true;
}

const EXECUTESQL = 10;
const PREPEXEC = 13;
const CURSOR_PREPEXEC = 5;
const FORWARD_ONLY = 4;
const READ_ONLY = 1;
/** More than one packet, and more characters than nvarchar(4000) has. */
const LONG = `/* ${'padding '.repeat(2_000)}*/ `;

type DataType = Parameters<Request['addParameter']>[1];
const text = (request: Request, name: string, sql: string, type: DataType = TYPES.NVarChar): void => request.addParameter(name, type, sql);
const handle = (request: Request, name = ''): void => request.addOutputParameter(name, TYPES.Int, null);
const cursorTerms = (request: Request): void => {
  request.addOutputParameter('', TYPES.Int, FORWARD_ONLY);
  request.addOutputParameter('', TYPES.Int, READ_ONLY);
  request.addOutputParameter('', TYPES.Int, 0);
};
const prepExec =
  (procedure: string | number, type: DataType = TYPES.NVarChar): Way['send'] =>
  (client, sql) =>
    client.procedure(procedure, (request) => {
      handle(request);
      request.addParameter('', TYPES.NVarChar, null);
      text(request, '', sql, type);
    });
const executeSql =
  (procedure: string | number, name = '', type: DataType = TYPES.NVarChar): Way['send'] =>
  (client, sql) =>
    client.procedure(procedure, (request) => text(request, name, sql, type));

const WAYS: readonly Way[] = [
  { name: 'SQLBatch', send: (client, sql) => client.batch(sql) },
  { name: 'a long SQLBatch', send: (client, sql) => client.batch(LONG + sql) },
  { name: 'sp_executesql by its number', send: executeSql(EXECUTESQL) },
  { name: 'sp_executesql by its number, long', send: (client, sql) => executeSql(EXECUTESQL)(client, LONG + sql) },
  { name: 'sp_executesql by its number, in NTEXT', isCannedOnly: true, send: executeSql(EXECUTESQL, '', TYPES.NText) },
  { name: 'sp_executesql by name', send: executeSql('sp_executesql', 'stmt') },
  { name: 'sp_executesql by name, long', send: (client, sql) => executeSql('sp_executesql')(client, LONG + sql) },
  { name: 'sp_executesql by name, in NTEXT', isCannedOnly: true, send: executeSql('sp_executesql', '', TYPES.NText) },
  { name: 'sp_executesql by a name in parts', isCannedOnly: true, send: executeSql('sys.[sp_executesql]') },
  { name: 'sp_prepare and sp_execute', send: (client, sql) => client.prepared(sql) },
  { name: 'sp_prepexec by its number', send: prepExec(PREPEXEC) },
  { name: 'sp_prepexec by its number, long', send: (client, sql) => prepExec(PREPEXEC)(client, LONG + sql) },
  { name: 'sp_prepexec by its number, in NTEXT', isCannedOnly: true, send: prepExec(PREPEXEC, TYPES.NText) },
  { name: 'sp_prepexec by name', send: prepExec('sp_prepexec') },
  { name: 'sp_cursoropen and sp_cursorfetch', isCannedOnly: true, send: (client, sql) => client.cursor(sql) },
  {
    name: 'sp_cursoropen by name',
    isSilent: true,
    isCannedOnly: true,
    send: (client, sql) =>
      client.procedure('sp_cursoropen', (request) => {
        handle(request);
        text(request, '', sql);
        cursorTerms(request);
      }),
  },
  {
    name: 'sp_cursorprepexec',
    isSilent: true,
    isCannedOnly: true,
    send: (client, sql) =>
      client.procedure(CURSOR_PREPEXEC, (request) => {
        handle(request);
        handle(request);
        request.addParameter('', TYPES.NVarChar, null);
        text(request, '', sql);
        cursorTerms(request);
      }),
  },
  { name: 'EXEC of a text', send: (client, sql) => client.batch(`exec (N'${sql}')`) },
  { name: 'sp_executesql in a batch', send: (client, sql) => client.batch(`execute sp_executesql N'${sql}'`) },
  { name: 'a batch without separators', send: (client, sql) => client.batch(`declare @a int ${sql}`) },
];

const MAX_MESSAGE = 256 * 1024;
const READ = 'select id, name, ssn from people';
const FORBIDDEN = 'delete from people';
const SSNS = PEOPLE.flatMap(([, , ssn]) => ssn ?? []);

/** Whether a statement stands in the text of a request, or in one of its parameters. */
function says(request: CannedRequest, sql: string): boolean {
  const values = request.kind === 'rpc' ? request.parameters.map(({ value }) => value) : [];
  return [request.text, ...values].some((value) => typeof value === 'string' && value.includes(sql));
}

describe.each(SHOP_KINDS)('ways of a statement to $name', (shop) => {
  const { finding } = shop;
  const test = requireOrSkip(finding) ? it : it.skip;
  const ways = WAYS.filter(({ isCannedOnly }) => isCannedOnly !== true || shop === SHOP_KINDS[0]);
  let server: ShopServer;
  let gateway: RunningGateway;
  const clients: SqlserverClient[] = [];
  beforeAll(async () => {
    if (!finding.found) return;
    server = await shop.start();
    server.canned?.answer({
      when: (request) => says(request, READ),
      give: [
        {
          kind: 'rows',
          columns: [
            { name: 'id', type: 'int not null' },
            { name: 'name', type: 'nvarchar(20)' },
            { name: 'ssn', type: 'varchar(20)' },
          ],
          rows: PEOPLE.map(([id, name, ssn]) => [id, name, ssn]),
        },
      ],
    });
    gateway = await startGateway(shopGateway(server, { config: { limits: { maxMessageBytes: MAX_MESSAGE } } }));
  });
  afterAll(async () => {
    for (const client of clients) await client.close();
    await gateway?.stop();
    await server?.stop();
  });

  async function connect(id: string): Promise<SqlserverClient> {
    const client = await SqlserverClient.connect({ port: gateway.ports['shop'] ?? 0, user: id, password: gateway.token(['app'], { id }) });
    clients.push(client);
    return client;
  }
  const shows = (client: SqlserverClient, value: string): boolean =>
    client.received.includes(value) || client.received.includes(Buffer.from(value, 'utf16le'));
  const reached = (sql: string): boolean => server.canned?.requests.some((request) => says(request, sql)) === true;

  /** Types of the entries about a text for one identity. */
  async function recorded(id: string, sql: string): Promise<string[]> {
    const sessions = new Set<string>();
    const decided = new Set<number>();
    const types: string[] = [];
    for await (const { event, disclosures } of readEntries(gateway.ledgerDirectory)) {
      if (event.type === 'session.opened' && event.principal.subject.id === id) sessions.add(event.session);
      const said = disclosures.find(({ name }) => name === 'text')?.value ?? '';
      if (event.type === 'statement.decided' && said.includes(sql)) decided.add(event.seq);
      if (event.type === 'statement.completed' && sessions.has(event.session) && decided.has(event.decision)) types.push(event.type);
      if ((event.type === 'statement.intent' || event.type === 'statement.refused') && sessions.has(event.session) && said.includes(sql))
        types.push(event.type);
    }
    return types;
  }

  /** Why the sessions of an identity ended. */
  async function ends(id: string): Promise<string[]> {
    const sessions = new Set<string>();
    const reasons: string[] = [];
    for await (const { event } of readEntries(gateway.ledgerDirectory)) {
      if (event.type === 'session.opened' && event.principal.subject.id === id) sessions.add(event.session);
      if (event.type === 'session.closed' && sessions.has(event.session)) reasons.push(event.reason);
    }
    return reasons;
  }

  test.each(ways.map((way) => [way.name, way] as const))('%s: is decoded, judged and recorded', async (name, way) => {
    const id = name.replaceAll(/\W+/g, '-');
    const client = await connect(id);
    await way.send(client, READ);
    for (const ssn of SSNS) expect(shows(client, ssn)).toBe(false);
    if (way.isSilent !== true) expect(shows(client, MASKED.ssn[0])).toBe(true);
    if (server.canned !== undefined) expect(reached(READ)).toBe(true);
    server.canned?.forget();
    const results = await way.send(client, FORBIDDEN);
    expect(results.filter(({ kind }) => kind === 'error')).toMatchObject([{ message: expect.stringContaining('policy-denied') }]);
    expect(reached(FORBIDDEN)).toBe(false);
    await until(async () => (await recorded(id, FORBIDDEN)).includes('statement.refused'));
    await until(async () => (await recorded(id, READ)).some((type) => type !== 'statement.refused'));
  });

  test('sp_executesql by the name of another database: is refused, and recorded', async () => {
    const client = await connect('elsewhere');
    server.canned?.forget();
    const results = await executeSql('master..sp_executesql')(client, READ);
    expect(results.filter(({ kind }) => kind === 'error')).toMatchObject([{ message: expect.stringContaining('dynamic-sql') }]);
    expect(reached(READ)).toBe(false);
    await until(async () => (await recorded('elsewhere', 'sp_executesql')).includes('statement.refused'));
  });

  test('a message of a size that is not read: reaches nobody, and ends the session, which is recorded', async () => {
    const client = await connect('large');
    server.canned?.forget();
    const sql = `/* ${'x'.repeat(MAX_MESSAGE)} */ ${FORBIDDEN}`;
    const results = await client.batch(sql);
    expect(results.filter(({ kind }) => kind === 'error')).toMatchObject([{ message: expect.stringContaining('longer than the limit') }]);
    expect(reached(FORBIDDEN)).toBe(false);
    await until(async () => (await ends('large')).includes('protocol error of the client'));
  });
});
