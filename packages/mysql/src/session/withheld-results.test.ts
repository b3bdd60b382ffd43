import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type MysqlServer, mysqlServerKinds, requireOrSkip, until } from '@sqlwarden/testkit';
import { CAPABILITIES } from '../protocol/capabilities.js';
import { COMMAND } from '../protocol/command.js';
import { encodePacket } from '../protocol/packet-writer.js';
import { lenientText } from '../protocol/payload-reader.js';
import { type Gateway, makeApp, startGateway } from '../testing/gateway.js';
import { RAW_CAPABILITIES, RawClient } from '../testing/raw-client.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const query = (text: string) => ({ kind: 'COM_QUERY', attributes: [], text: utf8(text) }) as const;
const ahead = (text: string): Uint8Array => encodePacket(0, (writer) => writer.int1(COMMAND.COM_QUERY).bytes(utf8(text)));
const READ_ONLY = 1;
/** The stand-in for the pipeline takes it for two columns, of which one is masked. */
const OTHERWISE = 'SELECT CONCAT(name, ssn) FROM people';
const WITHHELD = { code: 1235, message: expect.stringContaining('its result is not shown') };

describe.each(mysqlServerKinds())('a reply of $name that is not shown', ({ finding, start }) => {
  const test = requireOrSkip(finding) ? it : it.skip;
  const modes = [
    ['with EOF packets', (RAW_CAPABILITIES & ~CAPABILITIES.CLIENT_DEPRECATE_EOF) >>> 0, 1],
    ['without EOF packets', RAW_CAPABILITIES, 0],
  ] as const;
  let server: MysqlServer;
  let gateway: Gateway;
  const open: RawClient[] = [];

  beforeAll(async () => {
    if (!finding.found) return;
    server = await start();
    await makeApp(server);
    gateway = await startGateway(server);
  });

  afterAll(async () => {
    for (const client of open) client.close();
    await gateway?.close();
    await server?.stop();
  });

  async function connect(capabilities = RAW_CAPABILITIES): Promise<RawClient> {
    const client = await RawClient.connect(gateway.port, capabilities);
    open.push(client);
    client.send({ kind: 'COM_INIT_DB', schema: utf8('app') });
    await client.take(1);
    return client;
  }

  test.each(modes)('is an error in its place, and the session goes on (%s)', async (_, capabilities, ends) => {
    const client = await connect(capabilities);
    client.send(query(OTHERWISE));
    await client.take(2 + ends);
    expect(await client.error()).toMatchObject(WITHHELD);
    expect(gateway.seen.outcomes.at(-1)).toMatchObject({ status: 'error', errorCode: 'mask-unbindable', bytesReturned: 0 });
    client.send(query("SELECT 'on'"));
    const rows = await client.take(4 + ends);
    expect(lenientText(rows[2 + ends] ?? new Uint8Array(0))).toContain('on');
    expect(client.isQuiet).toBe(true);
  });

  test.each(modes)('opens no cursor (%s)', async (_, capabilities, ends) => {
    const client = await connect(capabilities);
    client.send({ kind: 'COM_STMT_PREPARE', text: utf8(OTHERWISE) });
    const [answer] = await client.take(2 + ends);
    const statementId = new DataView(answer?.buffer ?? new ArrayBuffer(0), answer?.byteOffset).getUint32(1, true);
    for (let times = 0; times < 2; times++) {
      client.execute({ statementId, flags: READ_ONLY }, []);
      await client.take(2);
      expect(await client.error()).toMatchObject(WITHHELD);
      client.send({ kind: 'COM_STMT_FETCH', statementId, rows: 9 });
      expect(await client.error()).toMatchObject({ code: 1421 });
    }
    client.send({ kind: 'COM_PING' });
    await client.take(1);
    expect(client.isQuiet).toBe(true);
  });

  test('is what comes after the server said that it ends the session', async () => {
    for (const code of [1053, 1927, 4031]) {
      const client = await connect();
      const asked = gateway.seen.units.length;
      client.sendAhead([ahead(`SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = ${code}`), ahead('SELECT name FROM people')]);
      expect(await client.error()).toMatchObject({ code });
      await until(() => client.closed);
      expect(client.isQuiet).toBe(true);
      expect(gateway.seen.units.length).toBe(asked + 1);
      expect(gateway.seen.reasons.at(-1)).toEqual({ kind: 'closed', by: 'server' });
    }
  });
});
