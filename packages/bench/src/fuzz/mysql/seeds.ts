import type { Direction, Input } from '../input.js';
import { MASKED_CANARY } from '../server-frames.js';
import * as client from './client-packets.js';
import { VARIANT } from './client-packets.js';
import { int1, packet } from './packets.js';
import * as server from './server-packets.js';

/** Texts of the model's language, each with something of its own. `copy-in` is a LOAD DATA LOCAL of which the server asks for the file. */
const TEXTS = [
  'select 1',
  'select 3 masked',
  'select 30 masked later',
  'select 2 planned',
  'select 2 inject',
  'insert 1',
  'insert 1 clean',
  'insert 3 limited',
  'insert 9 limited',
  'select 9 limited masked',
  'begin; insert 9 limited',
  'begin',
  'commit',
  'rollback',
  'set x',
  'copy-in 1',
  'fail',
  'fail clean',
  'select 1 refuse',
  'select 1 refuse-bind',
  'select 1 refuse-execute',
  'select 1 refuse later',
  'select 2 masked; insert 1; select 1',
  'begin; insert 1; commit',
  'begin; fail; select 1',
  'no such thing',
  '',
] as const;

/** Programs of well-behaved clients that between them use every command and every text. Statements get the ids 1, 2, … in their order. */
function programs(attributes: boolean): (readonly Buffer[])[] {
  const query = (text: string): Buffer => client.query(text, attributes);
  const execute = (
    id: number,
    values: readonly (string | number | null)[] = [],
    options: { again?: boolean; flags?: number; sent?: readonly number[] } = {},
  ): Buffer => client.execute(id, values, { attributes, ...options });
  const cursor = attributes ? 9 : 1;
  return [
    ...TEXTS.map((text) => [query(text), query('select 1')]),
    ...TEXTS.map((text) => [client.prepare(text), execute(1), client.close(1), query('select 1')]),
    [
      client.prepare('select 3 masked ? ?'),
      execute(1, ['a', 7]),
      execute(1, [null, 8], { again: true }),
      client.reset(1),
      execute(1, ['a', 'b']),
      client.close(1),
    ],
    [
      client.prepare('select 9 masked'),
      execute(1, [], { flags: cursor }),
      client.fetch(1, 4),
      client.fetch(1, 4),
      client.fetch(1, 4),
      client.close(1),
    ],
    [
      client.prepare('select 2 ?'),
      client.longData(1, 0, 'abc'),
      client.longData(1, 0, 'def'),
      execute(1, ['x'], { sent: [0] }),
      execute(1, ['y']),
    ],
    [
      client.prepare('select 2 refuse-bind ?'),
      client.longData(1, 0, 'abc'),
      execute(1, ['x'], { sent: [0] }),
      execute(1, ['y'], { again: true }),
    ],
    [client.prepare('select 1'), client.prepare('insert 1 ?'), execute(2, [3]), execute(1), client.close(2), execute(2, [3]), execute(1)],
    [client.prepare('select 1 later ?'), execute(1, [1]), client.prepare('select 1 inject'), execute(2)],
    [
      client.query('select 1', attributes, attributes ? 'a report' : undefined),
      client.initDb('crm'),
      client.initDb('refuse'),
      client.fieldList('t'),
      query('select 1'),
    ],
    [
      query('begin'),
      query('insert 9 limited'),
      query('insert 1'),
      query('commit'),
      client.prepare('insert 9 limited'),
      execute(1),
      execute(1),
    ],
    [
      client.ping(),
      client.statistics(),
      client.setOption(0),
      client.setOption(7),
      client.resetConnection(),
      query('select 2 masked'),
      client.kill(9),
    ],
    [
      query('begin'),
      query('insert 1'),
      client.resetConnection(),
      query('select 2 masked'),
      client.prepare('select 1'),
      client.resetConnection(),
      execute(1),
    ],
    [
      client.other(client.COMMANDS.changeUser, Buffer.from('ada\0\0crm\0')),
      client.other(0x12),
      client.other(0xfa),
      client.other(0x77),
      query('select 1'),
    ],
    [execute(9), client.fetch(9, 1), client.reset(9), client.close(9), client.longData(9, 0, 'x'), query('select 1')],
    Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? client.prepare(`select ${at}`) : execute((at + 1) / 2))),
    [query('select 1'), client.quit(), query('select 1')],
  ];
}

const VARIANTS = [0, VARIANT.deprecateEof | VARIANT.sessionTrack, VARIANT.queryAttributes | VARIANT.deprecateEof | VARIANT.sessionTrack];

export function seedInputs(): Input[] {
  return VARIANTS.flatMap((variant) =>
    programs((variant & VARIANT.queryAttributes) !== 0).map((program) => ({
      program,
      edits: [],
      events: [],
      pieces: 0,
      pace: 0,
      answersRefused: false,
      variant,
    })),
  );
}

/** Frames that mutations insert and splice with, of each direction. */
export const DICTIONARY: Readonly<Record<Direction, readonly Buffer[]>> = {
  client: [
    ...TEXTS.flatMap((text) => [client.query(text, false), client.query(text, true), client.prepare(text)]),
    client.prepare('select 3 masked ? ?'),
    client.execute(1, ['a', 7], { attributes: false }),
    client.execute(1, ['a', 7], { attributes: true }),
    client.execute(1, [], { attributes: false, flags: 1 }),
    client.execute(2, [], { attributes: true, flags: 9 }),
    client.fetch(1, 3),
    client.longData(1, 0, 'abc'),
    client.reset(1),
    client.close(1),
    client.initDb('crm'),
    client.fieldList('t'),
    client.kill(4711),
    client.ping(),
    client.statistics(),
    client.setOption(1),
    client.resetConnection(),
    client.quit(),
    client.handshakeResponse(0),
    client.password(),
    packet(0),
    packet(7, int1(3)),
    server.hugeLength(0),
  ],
  server: [
    server.handshake(),
    server.authSwitch(2, 'mysql_native_password'),
    server.authSwitch(2, 'mysql_clear_password'),
    server.authSwitch(2, 'sha256_password'),
    packet(2, int1(0xfe)),
    server.authMoreData(2, 3),
    server.authMoreData(2, 4),
    ...[1, 2, 3, 4, 5, 6].flatMap((id) => [
      server.ok(id, 0, { status: server.STATUS.autocommit }),
      server.end(id, 0, server.STATUS.autocommit),
      server.end(id, VARIANT.deprecateEof, server.STATUS.moreResults),
      server.err(id, 1062, '23000', `Duplicate entry '${MASKED_CANARY}' for key`),
      server.column(id, 'second'),
      server.textRow(id, ['a', 'b']),
      server.binaryRow(id, ['a', null]),
    ]),
    server.columnCount(1, 2),
    server.columnCount(1, 0xffff),
    packet(1, int1(0)),
    server.prepareOk(1, 1, 2, 1),
    server.prepareOk(1, 9, 0xffff, 0xffff),
    server.localInfile(1),
    server.statistics(1),
    server.err(0, 4031, 'HY000', 'the client was disconnected by the server because of inactivity'),
    server.ok(1, VARIANT.sessionTrack, { status: 2, schema: 'other' }),
    server.hugeLength(1),
    packet(1),
  ],
};
