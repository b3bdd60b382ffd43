import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { corpusPolicy } from '../harness/corpus-case.js';
import { type CorpusServer, startCorpusServer } from '../harness/database.js';
import { int32, typed } from '../harness/frontend-messages.js';
import { type GatewayProcess, startGatewayProcess } from '../harness/gateway-process.js';
import { RawClient } from '../harness/raw-client.js';
import { WORLD_A } from '../harness/worlds.js';
import { type LyingServer, startLyingServer } from './lying-server.js';

const MEBIBYTE = 1024 * 1024;
const FLOOD = 24 * MEBIBYTE;
const ready = typed('Z', Buffer.from('I'));
const complete = typed('C', Buffer.from('SELECT 1\0'));
const row = typed('D', Buffer.from([0, 1]), int32(6), Buffer.from('unseen'));
const header = (typed_: string): Buffer =>
  typed(
    typed_,
    Buffer.from([0, 1]),
    Buffer.from('x\0'),
    int32(0),
    Buffer.from([0, 0]),
    int32(25),
    Buffer.from([255, 255]),
    int32(-1),
    Buffer.from([0, 0]),
  );

const say =
  (...bytes: readonly Buffer[]) =>
  (socket: Socket): void =>
    void socket.write(Buffer.concat(bytes));

/** As fast as the gateway takes it, until there was so much. */
const flood =
  (chunk: Buffer) =>
  (socket: Socket): void => {
    let left = FLOOD;
    const more = (): void => {
      while (left > 0) {
        left -= chunk.length;
        if (!socket.write(chunk)) {
          socket.once('drain', more);
          return;
        }
      }
    };
    more();
  };

/** What a server answers in place of a result; none of it may let a row through that belongs to nothing, and none may harm others. */
const LIES: Readonly<Record<string, (socket: Socket) => void>> = {
  'no-frames': say(Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 131 + 17) % 256))),
  'length-of-0': say(Buffer.concat([Buffer.from('D'), int32(0)])),
  'length-of-3': say(Buffer.concat([Buffer.from('T'), int32(3)])),
  'length-of-2-31': say(Buffer.concat([Buffer.from('D'), int32(0x8000_0000), Buffer.alloc(64)])),
  'length-of-4-gib': say(Buffer.concat([Buffer.from('E'), int32(0xffff_ffff), Buffer.alloc(64)])),
  'row-of-1-gib': say(header('T'), Buffer.concat([Buffer.from('D'), int32(0x4000_0000), Buffer.alloc(4_096)])),
  'row-without-header': say(row, complete, ready),
  'row-with-too-many-cells': say(header('T'), typed('D', Buffer.from([0xff, 0xff]), int32(-1)), complete, ready),
  'row-with-negative-length': say(header('T'), typed('D', Buffer.from([0, 1]), int32(-7)), complete, ready),
  'header-with-65535-columns': say(typed('T', Buffer.from([0xff, 0xff])), ready),
  'two-answers': say(header('T'), row, complete, ready, header('T'), row, complete, ready),
  'copy-both': say(typed('W', Buffer.from([0, 0, 0]))),
  'copy-in-unasked': say(typed('G', Buffer.from([0, 0, 0]))),
  'authentication-again': say(typed('R', int32(3)), ready),
  'another-encoding': say(typed('S', Buffer.from('client_encoding\0SJIS\0')), header('T'), row, complete, ready),
  'error-without-code': say(typed('E', Buffer.from('Mno code\0\0')), ready),
  'error-without-end': say(typed('E', Buffer.from('SERROR\0Mx'))),
  'message-of-a-client': say(typed('Q', Buffer.from('select 1\0')), ready),
  'half-a-message': (socket) => {
    socket.write(Buffer.concat([Buffer.from('T'), int32(200), Buffer.alloc(20)]));
    setTimeout(() => socket.destroy(), 50);
  },
  'many-notices': flood(typed('N', Buffer.from('SNOTICE\0C00000\0Mx\0\0'))),
  'many-parameters': flood(typed('S', Buffer.from('application_name\0x\0'))),
  'many-rows': flood(Buffer.concat([row, row, row, row])),
};

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('a hostile server', () => {
  let real: CorpusServer;
  let lying: LyingServer;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    real = await startCorpusServer();
    await real.create('crm', WORLD_A);
    lying = await startLyingServer(real.server, LIES);
    const server = { ...real, server: { ...real.server, port: lying.port } };
    gateway = await startGatewayProcess({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')] });
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await lying?.stop();
    await real?.stop();
  });

  const login = (): Promise<RawClient> =>
    RawClient.connect({ port: gateway.site.ports['crm'] ?? 0, user: 'ada', database: 'crm', password: gateway.site.token(['app']) });

  it.each(Object.keys(LIES))(
    '%s: the session ends or is in order, and nobody else is harmed',
    async (name) => {
      const bystander = await login();
      const client = await login();
      const before = client.messages.length;
      const residentBefore = gateway.residentBytes();
      client.send(typed('Q', Buffer.from(`select note from orders where note = 'lie:${name}'\0`)));
      await client.untilReady(1, 500).catch(() => undefined);
      await delay(50);
      const answer = client.messages.slice(before);
      const types = answer.map(({ type }) => type).join('');
      // Rows come behind their header, or not at all.
      if (types.includes('D')) expect(types.indexOf('T')).toBeGreaterThanOrEqual(0);
      if (types.includes('D')) expect(types.indexOf('T')).toBeLessThan(types.indexOf('D'));
      expect(types).not.toMatch(/[WGRQ]/);
      // One statement, one end.
      expect(types.split('Z').length - 1).toBeLessThanOrEqual(1);
      client.destroy();
      expect(gateway.running).toBe(true);
      expect((await bystander.query('select count(*) from orders')).map(({ type }) => type).join('')).toBe('TDCZ');
      expect(gateway.residentBytes() - residentBefore).toBeLessThan(200 * MEBIBYTE);
      await bystander.close();
    },
    120_000,
  );
});
