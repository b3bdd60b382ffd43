import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Gateway } from '@sqlwarden/runtime';
import { sqlserverDialect } from '@sqlwarden/sqlserver';
import { Connection } from '@sqlwarden/tedious';
import { until } from '@sqlwarden/testkit';
import { type Site, writeSite } from '../harness/gateway.js';
import { shopGateway } from './shop-gateway.js';
import { SHOP_KINDS, type ShopServer } from './shop-server.js';
import { batch, closed, connected } from './wrapper-site.js';

describe('the gateway of connections of @sqlwarden/tedious', () => {
  let server: ShopServer;
  let site: Site;
  beforeAll(async () => {
    const [canned] = SHOP_KINDS;
    if (canned === undefined) throw new Error('no server');
    server = await canned.start();
    site = await writeSite(shopGateway(server));
  });
  afterAll(async () => {
    await server?.stop();
    site?.remove();
  });

  const config = () => ({ sqlwarden: site.configFile, identity: site.token(['app']) });
  const attempt = (): Promise<Gateway> =>
    Gateway.open({ configFile: site.configFile, dialects: [sqlserverDialect], enforcement: 'library' });
  /** Two cannot have one ledger: who can open it is alone with it. */
  const isOpen = (): Promise<boolean> =>
    attempt().then(
      async (gateway) => {
        await gateway.close();
        return false;
      },
      (error: { code?: unknown }) => {
        if (error.code === 'locked') return true;
        throw error;
      },
    );
  const isClosed = (): Promise<void> => until(async () => !(await isOpen()));

  it('is open while one of them is, and closed with the last', async () => {
    const [one, other] = [await connected(config()), await connected(config())];
    expect(await isOpen()).toBe(true);
    await closed(one);
    expect(await isOpen()).toBe(true);
    expect(await batch(other, 'select 1 as one')).toEqual([[1]]);
    await closed(other);
    await isClosed();
  });

  it('is not opened by a connection that is only made', async () => {
    const connection = new Connection(config());
    expect(await isOpen()).toBe(false);
    connection.close();
  });

  it('is not held by a connection that the driver refuses to make', async () => {
    const wrong = { port: 'none' } as unknown as { port: number };
    expect(() => new Connection({ ...config(), options: wrong })).toThrow(TypeError);
    const connection = await connected(config());
    await closed(connection);
    await isClosed();
  });

  it('is closed with a connection that is refused, and with one that was closed before it was there', async () => {
    await expect(connected({ ...config(), identity: 'nonsense' })).rejects.toThrow('identity-invalid');
    await isClosed();
    const early = new Connection(config());
    const told: unknown[] = [];
    early.connect((error) => void told.push(error?.message));
    early.close();
    await until(() => told.length > 0);
    expect(told[0]).toContain('closed before it was made');
    await isClosed();
    expect(server.canned?.connections).toBe(0);
  });

  it('is closed when the server ends what it had open', async () => {
    const connection = await connected(config());
    const ended = new Promise<void>((resolve) => connection.once('end', () => resolve()));
    server.canned?.answer({ when: 'select 1 as gone', give: [{ kind: 'close' }] });
    await expect(batch(connection, 'select 1 as gone')).rejects.toThrow();
    await ended;
    await isClosed();
  });
});
