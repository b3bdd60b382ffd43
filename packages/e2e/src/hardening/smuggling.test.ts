import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { errorFieldsOf } from '../harness/backend-messages.js';
import { type CorpusServer, startCorpusServer } from '../harness/database.js';
import * as frontend from '../harness/frontend-messages.js';
import { type GatewayProcess, startGatewayProcess } from '../harness/gateway-process.js';
import { RawClient } from '../harness/raw-client.js';
import { WORLD_A } from '../harness/worlds.js';

const SECRET = 'a-secret-that-nobody-may-log-7f3a';
const MOST_PARAMETERS = 65_535;
const POLICY = `
version: 1
default: allow
rules:
  - { id: no-drop, match: { action: [drop] }, then: deny }
`;

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('smuggled statements and secrets', () => {
  let server: CorpusServer;
  let gateway: GatewayProcess;
  const tokens: string[] = [];

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.create('crm', WORLD_A);
    gateway = await startGatewayProcess({ server, upstreams: { crm: 'crm' }, policies: [POLICY] });
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await server?.stop();
  });

  const login = (): Promise<RawClient> => {
    const password = gateway.site.token(['app']);
    tokens.push(password);
    return RawClient.connect({ port: gateway.site.ports['crm'] ?? 0, user: 'ada', database: 'crm', password });
  };
  const codes = (client: RawClient): (string | undefined)[] =>
    client.messages.filter(({ type }) => type === 'E').map((error) => /code: ([a-z-]+)/.exec(errorFieldsOf(error).all['D'] ?? '')?.[1]);

  /** A value that holds whole messages, as an attacker gives it to an application whose driver's length field wraps around. */
  const hidden = frontend.query('drop table orders');

  it('a message that is hidden in a value is a value, and one that a wrapped length brings to light is judged', async () => {
    const client = await login();
    const before = await server.fingerprint('crm');
    const value = Buffer.concat([Buffer.from('x'), hidden, hidden]);
    const answer = await client.extended('select $1::bytea = $2::bytea', [value, value], 'binary');
    expect(answer.map(({ type }) => type).join('')).toBe('12TDCZ');
    // The header says 4 GiB less than there is: what follows are messages, for the server as for the gateway.
    client.send(frontend.query("select 'x'"), hidden);
    await client.untilReady(2);
    expect(codes(client)).toEqual(['policy-denied']);
    expect(await server.fingerprint('crm')).toBe(before);
    await client.close();
  });

  it.each([
    ['65,535 parameters pass', MOST_PARAMETERS, '12TDCZ'],
    ['65,536, whose count is 0 on the wire, do not', MOST_PARAMETERS + 1, undefined],
  ])(
    '%s',
    async (_, count, want) => {
      const client = await login();
      const start = client.messages.length;
      client.send(parseWithIntegers(count), bindOnes(count), frontend.describePortal(), frontend.execute(), frontend.sync());
      await client.untilReady(1, 25_000).catch(() => undefined);
      const types = client.messages
        .slice(start)
        .map(({ type }) => type)
        .join('');
      if (want !== undefined) expect(types).toBe(want);
      else {
        expect(types).toContain('E');
        expect(types).not.toContain('D');
      }
      client.destroy();
      expect(gateway.running).toBe(true);
    },
    30_000,
  );

  it('a token works as long as it lives, and only that long', async () => {
    const token = gateway.site.token(['app'], { lifetimeSeconds: 5 });
    const connect = (): Promise<RawClient> =>
      RawClient.connect({ port: gateway.site.ports['crm'] ?? 0, user: 'ada', database: 'crm', password: token });
    await (await connect()).close();
    await new Promise((resolve) => setTimeout(resolve, 5_500));
    await expect(connect()).rejects.toThrow(/login failed: 28/);
  });

  it('neither tokens nor keys nor passwords are in the ledger or in what the gateway says', async () => {
    const client = await login();
    const wrong = RawClient.connect({ port: gateway.site.ports['crm'] ?? 0, user: 'ada', database: 'crm', password: SECRET });
    await expect(wrong).rejects.toThrow('login failed');
    await client.query('select count(*) from orders');
    await client.close();
    const maskKey = readFileSync(join(gateway.site.directory, 'mask-key'), 'utf8');
    const said = Buffer.concat([Buffer.from(gateway.output), ...filesIn(gateway.site.ledgerDirectory)]);
    expect(said.length).toBeGreaterThan(1_000);
    const signatures = tokens.map((token) => token.split('.')[2] ?? token);
    for (const secret of [SECRET, server.password, maskKey, ...signatures]) expect(said.includes(secret)).toBe(false);
  });
});

/** Declares that many parameters of type integer; none has to be used. */
function parseWithIntegers(count: number): Buffer {
  const types = Buffer.alloc(4 * count, frontend.int32(23));
  return frontend.typed('P', Buffer.from('\0select 1\0'), wrapped(count), types);
}

function wrapped(count: number): Buffer {
  return Buffer.from([(count >> 8) & 0xff, count & 0xff]);
}

/** A Bind whose count wraps around as it does in drivers that do not check it. */
function bindOnes(count: number): Buffer {
  const value = Buffer.concat([frontend.int32(1), Buffer.from('1')]);
  return frontend.typed('B', Buffer.from([0, 0, 0, 0]), wrapped(count), Buffer.alloc(value.length * count, value), Buffer.from([0, 0]));
}

function filesIn(directory: string): Buffer[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? filesIn(path) : [readFileSync(path)];
  });
}
