import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Fleet } from '@sqlwarden/sidecar';
import { requireOrSkip, until } from '@sqlwarden/testkit';
import { Connection } from 'tedious';
import { type Site, writeSite } from '../harness/gateway.js';
import { MASKED, shopGateway } from './shop-gateway.js';
import { LONG, SHOP_KINDS, type ShopServer } from './shop-server.js';
import { batch, errorOf, outcomeOf } from './wrapper-site.js';

const SSN = 'select ssn from people';
const HIDDEN = MASKED.ssn.map((ssn) => [ssn]);

describe.each(SHOP_KINDS)('clients of several worker processes in front of $name', (kind) => {
  if (!requireOrSkip(kind.finding)) {
    it.skip('need the server', () => undefined);
    return;
  }
  let server: ShopServer;
  let site: Site;
  let fleet: Fleet;
  const open: Connection[] = [];
  const troubles: Error[] = [];
  beforeAll(async () => {
    server = await kind.start();
    site = await writeSite(shopGateway(server, { config: { workers: 2 } }));
    fleet = await Fleet.start({
      configFile: site.configFile,
      workerEntry: new URL('../../../cli/dist/worker.js', import.meta.url),
      onTrouble: (error) => void troubles.push(error),
    });
  }, 120_000);
  afterAll(async () => {
    for (const connection of open) connection.close();
    await fleet?.stop(0);
    await server?.stop();
    site?.remove();
  });

  /** Workers take turns: two clients one after another are of two of them. */
  function connect(id: string): Promise<Connection> {
    const connection = new Connection({
      server: '127.0.0.1',
      authentication: { type: 'azure-active-directory-access-token', options: { token: site.token(['app'], { id }) } },
      options: {
        port: site.ports['shop'] ?? 0,
        database: 'shop',
        encrypt: false,
        connectTimeout: 60_000,
        requestTimeout: 0,
        cancelTimeout: 60_000,
        maxRetriesOnTransientErrors: 0,
      },
    });
    connection.on('error', () => undefined);
    open.push(connection);
    return new Promise((resolve, reject) => connection.connect((error) => (error === undefined ? resolve(connection) : reject(error))));
  }
  const done = (work: (callback: (error?: Error | null) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => work((error) => (error ? reject(error) : resolve())));

  it('end what runs by an attention, each its own and in whatever worker, and have sessions of their own', async () => {
    const clients: Connection[] = [];
    for (const id of ['ada', 'ada', 'bob', 'bob']) clients.push(await connect(id));
    const sessions = await Promise.all(clients.map(async (client) => (await batch(client, 'select @@spid as id'))[0]?.[0]));
    expect(new Set(sessions).size).toBe(4);
    let running = clients.length;
    const failures = clients.map((client) =>
      errorOf(outcomeOf(LONG, (request) => client.execSqlBatch(request))).finally(() => (running -= 1)),
    );
    // Only the canned server is sure to hear an attention while it runs something: Babelfish may when it is done.
    if (server.canned === undefined) for (const client of clients) client.cancel();
    for (const [at, client] of clients.entries()) {
      client.cancel();
      expect((await failures[at])?.code).toBe('ECANCEL');
      if (server.canned !== undefined) expect(running).toBe(clients.length - 1 - at);
      expect(await batch(client, SSN)).toEqual(HIDDEN);
    }
  });

  it('are ended in order: who does nothing at once, who is in a transaction when that has ended', async () => {
    const [busy, idle, alsoBusy] = [await connect('ada'), await connect('bob'), await connect('cy')];
    for (const client of [busy, alsoBusy]) {
      await done((callback) => client.beginTransaction(callback));
      // Where the server does not tell of transactions by itself, the gateway asks it in front of what comes next.
      await batch(client, SSN);
    }
    const ended = [idle, busy, alsoBusy].map((client) => new Promise<void>((resolve) => client.once('end', () => resolve())));
    let left = false;
    const stopped = fleet.stop(600_000).then(() => (left = true));
    await ended[0];
    expect(await batch(busy, SSN)).toEqual(HIDDEN);
    expect(await batch(alsoBusy, SSN)).toEqual(HIDDEN);
    expect(left).toBe(false);
    await expect(connect('dee')).rejects.toThrow('Failed to connect');
    await done((callback) => busy.commitTransaction(callback));
    await done((callback) => alsoBusy.rollbackTransaction(callback));
    await Promise.all(ended);
    await stopped;
    await until(() => server.canned === undefined || server.canned.connections === 0);
    expect(troubles).toEqual([]);
  });
});
