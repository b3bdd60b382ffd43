import type { Direction, Input } from '../input.js';
import { MASKED_CANARY } from '../server-frames.js';
import { int1, int2, int4, message, packet, TYPE } from './packets.js';
import * as give from './replies.js';
import * as client from './requests.js';
import { PROCEDURES, VARIANT } from './requests.js';

/** Texts of the model's language, each with something of its own. */
const TEXTS = [
  'select 1',
  'select 3 masked',
  'select 30 masked later',
  'select 4',
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

const OPEN = [{ out: true }] as const;

/** Programs of well-behaved clients that between them use every request and every text. Handles and cursors get the ids 1, 2, … in their order. */
function programs(variant: number): (readonly Buffer[])[] {
  const batch = (text: string, status = 0): Buffer[] => client.batch(variant, text, status);
  const rpc = (procedure: number | string, values: readonly client.Argument[]): Buffer[] => client.rpc(variant, procedure, values);
  const run = (text: string, values: readonly client.Argument[] = []): Buffer[] => client.executesql(variant, text, values);
  const after = batch('select 1');
  const is71 = (variant & VARIANT.tds71) !== 0;
  return [
    ...TEXTS.map((text) => [...batch(text), ...after]),
    ...TEXTS.map((text) => [...run(text), ...after]),
    ...TEXTS.map((text) => [
      ...rpc(PROCEDURES.prepexec, [{ out: true }, '', text]),
      ...rpc(PROCEDURES.execute, [1]),
      ...rpc(PROCEDURES.unprepare, [1]),
      ...after,
    ]),
    [...run('select 2 masked', [7, 'a', null]), ...run('select 1', [8])],
    [
      ...rpc(PROCEDURES.prepare, [{ out: true }, '@a int', 'select 3 masked', 1]),
      ...rpc(PROCEDURES.execute, [1, 7]),
      ...rpc(PROCEDURES.execute, [1, 'b']),
      ...rpc(PROCEDURES.execute, [9, 7]),
      ...rpc(PROCEDURES.unprepare, [1]),
      ...rpc(PROCEDURES.execute, [1, 7]),
    ],
    ...['select 9 masked', 'select 7', 'insert 1', 'select 5 refuse-execute'].map((text) => [
      ...rpc(PROCEDURES.cursoropen, [...OPEN, text, 8, 1, 1]),
      ...rpc(PROCEDURES.cursorfetch, [1, 2, 0, 3]),
      ...rpc(PROCEDURES.cursorfetch, [1, 2, 0, 3]),
      ...rpc(PROCEDURES.cursorclose, [1]),
      ...after,
    ]),
    [
      ...rpc('sp_executesql', ['select 1']),
      ...rpc('sys.sp_prepexec', [{ out: true }, '', 'select 1']),
      ...rpc('dbo.refund', [1, 'a']),
      ...rpc('refuse', []),
    ],
    is71
      ? after
      : [
          ...client.executesql(variant, { long: `select 2 masked ${'x '.repeat(3000)}` }),
          ...client.executesql(variant, { long: 'select 1 refuse' }),
        ],
    [
      ...client.rpcs(variant, [
        [PROCEDURES.executesql, ['select 1']],
        [PROCEDURES.executesql, ['select 2 masked']],
      ]),
      ...after,
    ],
    [
      ...client.rpcs(variant, [
        [PROCEDURES.executesql, ['select 1']],
        [PROCEDURES.executesql, ['select 2 refuse']],
      ]),
      ...after,
    ],
    is71
      ? after
      : (['begin', 'save', 'commit', 'begin', 'rollback', 'promote'] as const).flatMap((request) => client.transaction(variant, request)),
    [...batch('begin'), ...batch('insert 9 limited'), ...batch('select 1 refuse'), ...batch('commit'), ...batch('insert 9 limited')],
    [...batch('select 30 masked later'), client.attention(), ...after, client.attention(), ...after],
    [...batch('select 2', 8), ...run('select 2 masked'), ...batch('begin', 16), ...rpc(PROCEDURES.execute, [1])],
    [...batch(`select 1 ${'x '.repeat(9000)}`), ...after],
    [...batch('copy-in 1'), ...bulkLoad(variant), ...after],
    [...batch('copy-in 1 refuse'), ...bulkLoad(variant), ...after],
    [...batch('copy-in 1'), ...after, ...bulkLoad(variant), ...after],
    [...batch('copy-in 1; insert 1'), ...after],
    [packet(TYPE.bulk, give.done(variant, give.DONE.final)), ...after],
    [packet(TYPE.batch, Buffer.from('ab'), 0), packet(TYPE.batch, Buffer.alloc(0), 3, 2), ...after],
  ];
}

function bulkLoad(variant: number): Buffer[] {
  return message(
    TYPE.bulk,
    Buffer.concat([
      give.columns(variant),
      give.row(variant, ['a', null]),
      give.row(variant, ['b', 'c']),
      give.done(variant, give.DONE.final),
    ]),
  );
}

export function seedInputs(): Input[] {
  const variants = [0, VARIANT.tds71];
  return variants.flatMap((variant) =>
    programs(variant).map((program) => ({ program, edits: [], events: [], pieces: 0, pace: 0, answersRefused: false, variant })),
  );
}

/** Packets that mutations insert and splice with. */
export const DICTIONARY: Readonly<Record<Direction, readonly Buffer[]>> = {
  client: [
    ...['select 1', 'select 2 masked', 'select 1 refuse', 'insert 9 limited', ''].flatMap((text) => [
      ...client.batch(0, text),
      ...client.executesql(0, text),
    ]),
    ...client.rpc(0, PROCEDURES.prepexec, [{ out: true }, '', 'select 2 masked']),
    ...client.rpc(0, PROCEDURES.execute, [1]),
    ...client.rpc(0, PROCEDURES.cursoropen, [...OPEN, 'select 9 masked', 8, 1, 1]),
    ...client.rpc(0, PROCEDURES.cursorfetch, [1, 2, 0, 3]),
    ...client.rpc(0, 14, [{ out: true }, 'refund', 7]),
    ...client.rpc(0, 'sp_executesql', ['select 1 refuse']),
    ...client.rpc(0, 1, [1, 1, 0, 'people']),
    ...client.transaction(0, 'begin'),
    ...client.transaction(0, 'promote'),
    client.attention(),
    client.prelogin(),
    client.login(0),
    packet(TYPE.batch, Buffer.alloc(0), 3),
    packet(TYPE.batch, Buffer.alloc(0), 0),
    packet(8, int4(0)),
    packet(17, int1(3)),
    Buffer.from([1, 1, 0, 7, 0, 0, 1, 0]),
    Buffer.from([1, 1, 0xff, 0xff, 0, 0, 1, 0]),
  ],
  server: [
    give.prelogin(),
    ...give.loginReply(0),
    ...[0, VARIANT.tds71].flatMap((variant) => [
      ...give.reply(give.done(variant, give.DONE.final)),
      ...give.reply(give.done(variant, give.DONE.attention)),
      ...give.reply(
        give.columns(variant),
        give.row(variant, [MASKED_CANARY, null]),
        give.nullRow(variant, [MASKED_CANARY, null]),
        give.done(variant, give.DONE.count, 2),
      ),
      ...give.reply(
        give.columns(variant, give.COLUMN_NAMES, true),
        give.row(variant, [MASKED_CANARY, MASKED_CANARY], true),
        give.done(variant, give.DONE.more),
      ),
      ...give.reply(give.failure(variant, 2627, `Violation: ${MASKED_CANARY}`), give.done(variant, give.DONE.error)),
      ...give.reply(give.returnStatus(0), give.returnValue(variant, 0, 1), give.done(variant, give.DONE.final, 0, 0xfe)),
    ]),
    ...give.reply(give.noColumns(), give.row(0, ['a', 'b']), give.done(0, give.DONE.final)),
    ...give.reply(give.order(), give.tableName(), give.columnInfo(), give.done(0, give.DONE.final, 0, 0xff)),
    ...give.reply(
      give.envBytes(8, [1, 0, 0, 0, 0, 0, 0, 1], []),
      give.envBytes(18, [], []),
      give.envText(1, 'other', 'crm'),
      give.done(0, give.DONE.final),
    ),
    packet(TYPE.reply, Buffer.concat([int1(0x81), int2(9), int4(0)]), 0),
    packet(TYPE.reply, int1(0xd1), 0),
    packet(TYPE.reply, Buffer.concat([int1(0xe4), int4(0x7fff_ffff)]), 0),
    packet(TYPE.reply, Buffer.alloc(0), 0),
    packet(TYPE.reply, Buffer.alloc(0)),
    packet(TYPE.prelogin, Buffer.from([0x16, 3, 1])),
  ],
};
