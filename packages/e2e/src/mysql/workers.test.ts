import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Fleet } from '@sqlwarden/sidecar';
import { freePort, requireOrSkip, until } from '@sqlwarden/testkit';
import { type Connection, createConnection, type QueryError, type RowDataPacket } from 'mysql2/promise';
import { parse, stringify } from 'yaml';
import { MYSQL_KINDS } from './mysql-database.js';
import { startWrapperSite, type WrapperSite } from './wrapper-site.js';

describe.each(MYSQL_KINDS)('clients of several worker processes in front of $name', (kind) => {
  if (!requireOrSkip(kind.finding)) {
    it.skip('need the server', () => undefined);
    return;
  }
  let site: WrapperSite;
  let fleet: Fleet;
  const troubles: Error[] = [];
  let port: number;
  const open: Connection[] = [];
  beforeAll(async () => {
    site = await startWrapperSite(kind);
    port = await freePort();
    const configuration = parse(readFileSync(site.configFile, 'utf8')) as { upstreams: object[] };
    const [shop] = configuration.upstreams;
    const upstreams = [{ ...shop, listen: `127.0.0.1:${port}` }];
    writeFileSync(site.configFile, stringify({ ...configuration, workers: 2, upstreams }));
    fleet = await Fleet.start({
      configFile: site.configFile,
      workerEntry: new URL('../../../cli/dist/worker.js', import.meta.url),
      onTrouble: (error) => void troubles.push(error),
    });
  }, 60_000);
  afterAll(async () => {
    for (const connection of open) connection.destroy();
    await fleet?.stop(0);
    await site?.stop();
  });

  /** Workers take turns: two clients one after another are of two of them. */
  async function connect(token: string): Promise<{ connection: Connection; id: number }> {
    const connection = await createConnection({ host: '127.0.0.1', port, user: 'anybody', password: token, enableCleartextPlugin: true });
    connection.on('error', () => undefined);
    open.push(connection);
    const [rows] = await connection.query<RowDataPacket[]>('select connection_id() as id');
    return { connection, id: Number(rows[0]?.['id']) };
  }
  const errorOf = (promise: Promise<unknown>): Promise<QueryError | undefined> =>
    promise.then(
      () => undefined,
      (error: QueryError) => error,
    );
  /** What the server is doing for a session of its own number. */
  const isSleeping = async (watcher: Connection, id: number): Promise<boolean> => {
    const [rows] = await watcher.query<RowDataPacket[]>('select state from information_schema.processlist where id = ?', [id]);
    return rows[0]?.['state'] === 'User sleep';
  };

  it('end what runs in another worker by KILL QUERY, of the same identity and of nobody else', async () => {
    const root = await createConnection({
      host: site.server.host,
      port: site.server.port,
      user: site.server.user,
      password: site.server.password,
    });
    open.push(root);
    const ada = site.token('ada');
    const slow = await connect(ada);
    const other = await connect(ada);
    const stranger = await connect(site.token('mallory'));
    const ownIds = [slow, other, stranger].map(({ connection }) => connection.threadId);
    expect(new Set(ownIds).size).toBe(3);
    const sleeping = slow.connection.query<RowDataPacket[]>('select sleep(50) as slept').then(
      ([rows]) => rows[0]?.['slept'] as unknown,
      (error: QueryError) => error.errno,
    );
    await until(() => isSleeping(root, slow.id));
    for (const id of [slow.connection.threadId, slow.id]) {
      const refused = await errorOf(stranger.connection.query(`kill query ${id}`));
      expect(refused?.errno).toBe(1094);
    }
    expect(await isSleeping(root, slow.id)).toBe(true);
    await other.connection.query(`kill query ${slow.connection.threadId}`);
    // SLEEP says 1 when it was interrupted; where the statement ends before it, 1317.
    expect([1, 1317]).toContain(await sleeping);
    await slow.connection.query('select 1');
    await other.connection.query(`kill ${slow.id}`);
    await until(async () => (await errorOf(slow.connection.query('select 1'))) !== undefined);
  }, 60_000);
});
