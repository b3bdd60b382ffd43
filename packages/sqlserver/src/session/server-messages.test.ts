import { describe, expect, it } from '@jest/globals';
import { type AdmittedStatement, LimitReached, originByName, type RowAllowance, UnmaskableResult } from '@sqlwarden/core';
import { tdsTranscripts } from '@sqlwarden/testkit';
import { cellType, typeOf } from '../masking/index.js';
import type { CellValue } from '../protocol/cell-value.js';
import { readLogin7 } from '../protocol/login7.js';
import { MessageAssembler, type WireMessage } from '../protocol/message-assembler.js';
import { PACKET_TYPE } from '../protocol/packet.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { decodeUtf16 } from '../protocol/payload-reader.js';
import { encodeUtf16 } from '../protocol/payload-writer.js';
import { decodeRpcRequest } from '../protocol/rpc-request.js';
import { DONE_STATUS } from '../protocol/server-token.js';
import { type TdsVersion, versionLayout, versionOf } from '../protocol/tds-version.js';
import { CELL_SAMPLES } from '../testing/cell-samples.js';
import { column, INT, INTN, mask, NVARCHAR, NVARCHAR_MAX, PASSES, pieces, planned, readAsClient, Reply, Talk } from '../testing/replies.js';
import { ExpectedReply, newWork, type OpenCursor, type ReplyKind, type RpcReplies, type Work } from './expected-reply.js';

const { MORE, COUNT, ERROR, ATTENTION, RPC_IN_BATCH } = DONE_STATUS;
const HIDDEN = mask({ kind: 'redact', text: '[hidden]' });
const IDLE = { status: 'idle', ordinal: 1, hasEffects: false, stateChanged: false } as const;

function workOf(statements: readonly AdmittedStatement[], more: { readonly call?: RpcReplies; readonly branching?: boolean } = {}): Work {
  const work = newWork(7, statements, IDLE, [], more.branching);
  work.call = more.call;
  return work;
}

function expecting(talk: Talk, kind: ReplyKind, works: readonly Work[], clean = false): ExpectedReply {
  const reply = new ExpectedReply(kind, works, clean);
  talk.expected = reply;
  return reply;
}

const int = (value: number): CellValue => ({ bytes: new Uint8Array(Int32Array.of(value).buffer) });
const text = (value: string): CellValue => ({ bytes: encodeUtf16(value) });
const plp = (value: string, ...sizes: number[]): CellValue => ({
  bytes: encodeUtf16(value),
  plp: { total: undefined, sizes: sizes.length === 0 ? [2 * value.length] : sizes },
});
const shown = (hex: string | null | undefined): string | null =>
  hex === null || hex === undefined ? null : decodeUtf16(Buffer.from(hex, 'hex'));

const PEOPLE = [column('id', INT), column('name', NVARCHAR), column('ssn', NVARCHAR)];

function people(rows: number, version: TdsVersion = '7.4'): Reply {
  const reply = new Reply(version).columns(...PEOPLE);
  for (let row = 0; row < rows; row++) reply.row(int(row), text(`name ${row}`), text(`900-11-${row}`));
  return reply.done('DONE', COUNT, 0xc1, rows);
}

function allowance(rows: number): RowAllowance {
  let remaining = rows;
  return {
    get remaining() {
      return remaining;
    },
    take: (taken) => {
      if (taken > remaining) return false;
      remaining -= taken;
      return true;
    },
    refusal: () => ({ code: 'limit-exceeded', message: 'more rows than the limit', rule: 'few' }),
  };
}

describe('replies without masks', () => {
  it.each([1, 13, 997])('pass as they came, cut at random (%i)', (seed) => {
    const talk = new Talk();
    const bytes = people(500).bytes();
    expecting(talk, 'batch', [workOf([PASSES])]);
    for (const piece of pieces(bytes, seed)) talk.receive(piece);
    expect(Buffer.compare(talk.client, bytes)).toBe(0);
    expect(talk.outcomes).toMatchObject([
      { status: 'ok', work: { rowsReturned: 0, results: [{ command: 'SELECT', rowsReturned: 500, rowsAffected: null }] } },
    ]);
    expect(talk.replies).toBe(1);
    expect(talk.expected).toBeUndefined();
  });

  const conversations = tdsTranscripts().flatMap(({ name, conversations: all }) =>
    all.filter(({ encryption }) => encryption === 'none').map((conversation) => [name, conversation] as const),
  );

  it.each(conversations)('pass as a real server sent them: %s', (_, { reads }) => {
    const client = new PacketSplitter();
    const server = new PacketSplitter();
    const messages = new MessageAssembler(64 << 20);
    let talk = new Talk('7.4', 32_767);
    const wanted: Buffer[] = [];
    for (const { from, bytes } of reads) {
      if (from === 'client') {
        client.push(Uint8Array.from(bytes));
        while (client.next()) {
          const message = client.type === PACKET_TYPE.ATTENTION ? undefined : messages.add(client);
          if (client.type === PACKET_TYPE.ATTENTION) attention(talk);
          else if (message?.type === PACKET_TYPE.LOGIN7) talk = new Talk(versionOf(readLogin7(message.payload).tdsVersion), 32_767);
          else if (message !== undefined) asked(talk, message);
        }
        continue;
      }
      server.push(Uint8Array.from(bytes));
      while (server.next()) {
        const packet = Buffer.from(server.buffer.slice(server.start, server.end));
        if (talk.expected === undefined) continue;
        wanted.push(packet);
        for (const piece of pieces(packet, 5, 700)) talk.receive(piece);
      }
    }
    expect(wanted.length === 0 || talk.replies > 0).toBe(true);
    // A client may have left without waiting for its last answer.
    if (reads.at(-1)?.from === 'server') expect(talk.expected).toBeUndefined();
    expect(Buffer.compare(talk.client, Buffer.concat(wanted))).toBe(0);
  });
});

const KINDS: Readonly<Record<number, ReplyKind>> = {
  [PACKET_TYPE.SQL_BATCH]: 'batch',
  [PACKET_TYPE.RPC]: 'rpc',
  [PACKET_TYPE.TRANSACTION_MANAGER]: 'transaction-manager',
  [PACKET_TYPE.BULK_LOAD]: 'bulk',
};

function attention(talk: Talk): void {
  if (talk.expected === undefined) expecting(talk, 'attention', []);
  else talk.expected.attentionSent = true;
}

/** A message of the client is complete. */
function asked(talk: Talk, message: WireMessage): void {
  const kind = KINDS[message.type];
  if (kind === undefined) return;
  const work = workOf([PASSES]);
  if (kind === 'rpc') work.call = callOf(talk, message);
  expecting(talk, kind, [work]);
}

const cursors = new WeakMap<Talk, OpenCursor>();
const SP_CURSOROPEN = 2;
const SP_CURSORFETCH = 7;

function callOf(talk: Talk, { payload }: WireMessage): RpcReplies | undefined {
  const [call] = decodeRpcRequest(payload, versionLayout(versionOf(talk.tdsVersion))).calls;
  const id = call !== undefined && 'id' in call.procedure ? call.procedure.id : 0;
  if (id === SP_CURSOROPEN) return { ownOutputs: 5, cursorAt: 0, cursorOpened: (_, cursor) => void cursors.set(talk, cursor) };
  return id === SP_CURSORFETCH ? { ownOutputs: 4, cursor: cursors.get(talk) } : undefined;
}

describe('masked rows', () => {
  it.each([
    [1, 512],
    [13, 512],
    [997, 4096],
  ])('differ in nothing but their masked cells, cut at random (%i, packets of %i bytes)', (seed, packetSize) => {
    const talk = new Talk('7.4', packetSize);
    const bytes = people(300).bytes(packetSize);
    expecting(talk, 'batch', [workOf([planned([null, null, HIDDEN])])]);
    for (const piece of pieces(bytes, seed)) talk.receive(piece);
    const direct = readAsClient(bytes);
    const through = readAsClient(talk.client);
    expect(through.rows).toEqual(direct.rows.map(([id, name]) => [id, name, Buffer.from(encodeUtf16('[hidden]')).toString('hex')]));
    expect(through.tokens).toEqual(direct.tokens);
    expect(through.messages).toBe(1);
    expect(Buffer.from(talk.client).includes(Buffer.from(encodeUtf16('900-11')))).toBe(false);
    expect(talk.outcomes).toMatchObject([{ status: 'ok', work: { maskedCells: 300, results: [{ rowsReturned: 300 }] } }]);
  });

  it('go on in full packets, with ids one after the other', () => {
    const talk = new Talk('7.4', 512);
    expecting(talk, 'batch', [workOf([planned([null, null, HIDDEN])])]);
    talk.receive(people(300).bytes(512));
    const packets = new PacketSplitter(512);
    packets.push(talk.client);
    const seen: (readonly [number, number, boolean])[] = [];
    while (packets.next()) seen.push([packets.packetId, packets.end - packets.start, packets.isLast]);
    expect(seen.slice(0, -1).every(([, length, isLast]) => length === 512 && !isLast)).toBe(true);
    expect(seen.map(([id]) => id)).toEqual(seen.map((_, at) => (at + 1) & 0xff));
    expect(seen.at(-1)?.[2]).toBe(true);
  });

  const samples = Object.entries(CELL_SAMPLES).flatMap(([name, all]) => all.map((sample, at) => [`${name} ${at}`, sample] as const));

  describe.each([
    ['ROW', 'row', '7.4'],
    ['NBCROW', 'nbcRow', '7.4'],
    ['ROW', 'row', '7.1'],
  ] as const)('in %s (%s of TDS %s)', (_, write, version) => {
    const fitting = samples.filter(
      ([name, { type }]) => version === '7.4' || (!/^(DATE|TIME|DATETIME2|DATETIMEOFFSET)N|^UDT|^XML/.test(name) && type.form !== 'plp'),
    );

    it.each(fitting)('hide every value of %s, and leave its neighbours and its NULLs', (name, { type, values }) => {
      const reply = new Reply(version).columns(
        column('id', INT),
        column('secret', type, type.form === 'text-pointer' ? { tableName: ['t'] } : {}),
        column('more', NVARCHAR),
      );
      const cells = [...values, ...(type.form === 'fixed' ? [] : [null])];
      for (const [row, value] of cells.entries()) reply[write](int(row), value, text(`more ${row}`));
      const bytes = reply.done('DONE', COUNT, 0xc1, cells.length).bytes(512);
      for (const kind of ['default', 'null'] as const) {
        const talk = new Talk(version, 512);
        expecting(talk, 'batch', [workOf([planned([null, mask({ kind }), null])])]);
        const isUnmaskable = name.startsWith('NULL');
        const receive = (): void => pieces(bytes, cells.length + 3, 90).forEach((piece) => talk.receive(piece));
        if (isUnmaskable) {
          expect(receive).toThrow(UnmaskableResult);
          continue;
        }
        receive();
        const zero = cellType({ ...typeOf(type) }).zero('binary');
        const hidden = (kind === 'null' && type.form !== 'fixed') || zero === null ? null : Buffer.from(zero).toString('hex');
        const { rows } = readAsClient(talk.client, version);
        expect(rows).toEqual(
          cells.map((value, row) => [
            Buffer.from(Int32Array.of(row).buffer).toString('hex'),
            // An empty value of the old types is their NULL.
            value === null || value.bytes === null || (hidden === '' && type.form === 'byte-length') ? null : hidden,
            Buffer.from(encodeUtf16(`more ${row}`)).toString('hex'),
          ]),
        );
      }
    });
  });

  it('mask values that come in many chunks over many packets', () => {
    const long = 'x'.repeat(40_000);
    const reply = new Reply().columns(column('a', NVARCHAR_MAX), column('ssn', NVARCHAR_MAX), column('b', NVARCHAR_MAX));
    reply.row(plp(long, 7, 70_000, 9_993), plp(`secret ${long}`, 1, 8000, 72_013), plp('b'));
    const bytes = reply.done('DONE', COUNT, 0xc1, 1).bytes(512);
    for (const seed of [1, 5, 77]) {
      const talk = new Talk('7.4', 512);
      expecting(talk, 'batch', [workOf([planned([null, mask({ kind: 'partial', prefix: 2, suffix: 0, pad: '*' }), null])])]);
      for (const piece of pieces(bytes, seed, 700)) talk.receive(piece);
      const [row] = readAsClient(talk.client).rows;
      expect([shown(row?.[0]), shown(row?.[2])]).toEqual([long, 'b']);
      expect(shown(row?.[1])).toBe(`se${'*'.repeat(40_005)}`);
    }
  });

  it('mask and pass values whose chunks end anywhere in packets', () => {
    const sizes = Array.from({ length: 300 }, (_, at) => 2 * (1 + (at % 5)));
    const length = sizes.reduce((sum, size) => sum + size, 0) / 2;
    const reply = new Reply().columns(column('a', NVARCHAR_MAX), column('ssn', NVARCHAR_MAX), column('b', NVARCHAR));
    reply.row(plp('y'.repeat(length), ...sizes), plp('x'.repeat(length), ...sizes), text('b'));
    const bytes = reply.done('DONE', COUNT, 0xc1, 1).bytes(512);
    for (const seed of [1, 5, 77]) {
      const talk = new Talk('7.4', 512);
      expecting(talk, 'batch', [workOf([planned([null, mask({ kind: 'partial', prefix: 2, suffix: 0, pad: '*' }), null])])]);
      for (const piece of pieces(bytes, seed, 700)) talk.receive(piece);
      const [row] = readAsClient(talk.client).rows;
      expect(row?.map(shown)).toEqual(['y'.repeat(length), `xx${'*'.repeat(length - 2)}`, 'b']);
    }
  });

  it('are refused where a value is longer than what is held for a mask', () => {
    const talk = new Talk('7.4', 4096, 1000);
    expecting(talk, 'batch', [workOf([planned([HIDDEN])])]);
    const reply = new Reply().columns(column('ssn', NVARCHAR_MAX)).row(plp('x'.repeat(600)));
    expect(() => talk.receive(reply.done('DONE', COUNT, 0xc1, 1).bytes())).toThrow(UnmaskableResult);
  });

  it('are refused where the result has other columns than its plan', () => {
    const talk = new Talk();
    expecting(talk, 'batch', [workOf([planned([null, HIDDEN])])]);
    expect(() => talk.receive(people(1).bytes())).toThrow(UnmaskableResult);
    expect(talk.client.length).toBe(0);
  });

  it('are refused where no statement is left that returns rows', () => {
    const talk = new Talk();
    expecting(talk, 'batch', [workOf([planned([null, null, HIDDEN]), planned([])])]);
    const reply = new Reply()
      .columns(...PEOPLE)
      .done('DONE', MORE | COUNT, 0xc1, 0)
      .columns(...PEOPLE)
      .row(int(1), text('n'), text('900-11'));
    expect(() => talk.receive(reply.done('DONE', COUNT, 0xc1, 1).bytes())).toThrow(UnmaskableResult);
  });
});

describe('batches of several statements', () => {
  const one = (value: string, status: number): Reply =>
    new Reply()
      .columns(column('v', NVARCHAR))
      .row(text(value))
      .done('DONE', status | COUNT, 0xc1, 1);

  it('give each result the masks of its statement, whatever other statements complete between them', () => {
    const talk = new Talk();
    const set = { ...PASSES, plan: planned([]).plan, action: 'set' };
    const insert = { ...planned([]), action: 'insert' };
    expecting(talk, 'batch', [workOf([set, planned([HIDDEN]), insert, planned([null])])]);
    const reply = new Reply()
      .done('DONE', MORE, 0xbe)
      .columns(column('v', NVARCHAR))
      .row(text('900-11'))
      .done('DONE', MORE | COUNT, 0xc1, 1);
    reply
      .done('DONE', MORE | COUNT, 0xc3, 4)
      .columns(column('v', NVARCHAR))
      .row(text('Ana'))
      .done('DONE', COUNT, 0xc1, 1);
    talk.receive(reply.bytes());
    expect(readAsClient(talk.client).rows.map(([value]) => shown(value))).toEqual(['[hidden]', 'Ana']);
    const [outcome] = talk.outcomes;
    expect(outcome?.work?.results).toMatchObject([
      { command: 'SET', rowsReturned: 0, rowsAffected: null },
      { command: 'SELECT', rowsReturned: 1, rowsAffected: null },
      { command: 'INSERT', rowsReturned: 0, rowsAffected: 4 },
      { command: 'SELECT', rowsReturned: 1, rowsAffected: null },
    ]);
    expect(talk.told).toEqual(['set', 'select', 'insert', 'select'].flatMap((action) => [`touched ${action}`, `ended ${action}`]));
  });

  it('do not take a DONE without rows for the end of a statement that returns some', () => {
    const talk = new Talk();
    expecting(talk, 'batch', [workOf([planned([HIDDEN]), planned([null])])]);
    const reply = new Reply().done('DONE', MORE, 0xbe).done('DONE', MORE | COUNT, 0xc1, 1);
    reply.columns(column('v', NVARCHAR)).row(text('900-11')).done('DONE', COUNT, 0xc1, 1);
    talk.receive(reply.bytes());
    expect(readAsClient(talk.client).rows.map(([value]) => shown(value))).toEqual(['[hidden]']);
  });

  it('take the strictest masks once a statement has failed', () => {
    const talk = new Talk();
    expecting(talk, 'batch', [workOf([planned([null], { action: 'insert' }), planned([HIDDEN])])]);
    const reply = new Reply().error(2627, 'Violation').done('DONE', MORE | ERROR, 0xc3);
    reply.columns(column('v', NVARCHAR)).row(text('900-11')).done('DONE', COUNT, 0xc1, 1);
    talk.receive(reply.bytes());
    expect(readAsClient(talk.client).rows.map(([value]) => shown(value))).toEqual(['[hidden]']);
    expect(talk.outcomes).toMatchObject([{ status: 'error', work: { errorCode: '2627' } }]);
    expect(talk.told.slice(0, 2)).toEqual(['touched insert', 'failed 2627']);
  });

  it('take the strictest masks of all that fit where the order is not known', () => {
    const talk = new Talk();
    expecting(talk, 'batch', [workOf([planned([null]), planned([HIDDEN]), planned([null, null])], { branching: true })]);
    talk.receive(one('900-11', 0).bytes());
    expect(readAsClient(talk.client).rows.map(([value]) => shown(value))).toEqual(['[hidden]']);
  });

  it('keep what loops and procedures do in one result for each command', () => {
    const talk = new Talk();
    expecting(talk, 'batch', [workOf([{ ...PASSES, action: 'call' }], { branching: true })]);
    const reply = new Reply();
    for (let i = 0; i < 1000; i++) reply.done('DONEINPROC', MORE | COUNT, 0xc3, 2);
    talk.receive(reply.token({ kind: 'RETURNSTATUS', value: 0 }).done('DONEPROC', 0, 0xe0).bytes());
    expect(talk.outcomes[0]?.work?.results).toMatchObject([{ rowsAffected: 2000 }, { command: 'CALL', rowsAffected: null }]);
  });
});

describe('limits', () => {
  it('let rows through up to the limit, and end the message at the next one', () => {
    const talk = new Talk('7.4', 512);
    expecting(talk, 'batch', [workOf([planned([null, null, null], { returned: allowance(20) })])]);
    expect(() => talk.receive(people(300).bytes(512))).toThrow(LimitReached);
    expect(talk.messages.midMessage).toBe(true);
    expect(talk.messages.breakOff({ code: 'limit-exceeded', message: 'too many' })).toBe(true);
    talk.toClient.flush();
    const { rows, tokens, messages } = readAsClient(talk.client);
    expect(rows).toHaveLength(20);
    expect(messages).toBe(1);
    expect(tokens.slice(-2)).toMatchObject([
      { kind: 'ERROR', number: 50000, class: 16, message: 'sqlwarden: too many (code: limit-exceeded)' },
      { kind: 'DONE', status: ERROR },
    ]);
  });

  it('end the message in a packet that is neither full nor the last', () => {
    const talk = new Talk('7.4', 4096);
    expecting(talk, 'batch', [workOf([planned([null, null, HIDDEN], { returned: allowance(20) })])]);
    const packets = new PacketSplitter();
    packets.push(people(300).bytes(512));
    const receive = (): void => {
      while (packets.next()) talk.receive(packets.buffer.slice(packets.start, packets.end));
    };
    expect(receive).toThrow(LimitReached);
    expect(talk.messages.breakOff({ code: 'limit-exceeded', message: 'too many' })).toBe(true);
    talk.toClient.flush();
    expect(readAsClient(talk.client)).toMatchObject({ messages: 1, rows: { length: 20 } });
  });

  it('count masked rows, too', () => {
    const talk = new Talk('7.4', 512);
    expecting(talk, 'batch', [workOf([planned([null, null, HIDDEN], { returned: allowance(20) })])]);
    expect(() => talk.receive(people(300).bytes(512))).toThrow(LimitReached);
    expect(talk.messages.breakOff({ code: 'limit-exceeded', message: 'too many' })).toBe(true);
    talk.toClient.flush();
    expect(readAsClient(talk.client).rows).toHaveLength(20);
  });

  const update = (affected: RowAllowance): AdmittedStatement => planned([], { action: 'update', affected });

  it('count written rows as the server does', () => {
    const talk = new Talk();
    expecting(talk, 'batch', [workOf([update(allowance(5))])]);
    expect(() => talk.receive(new Reply().done('DONE', COUNT, 0xc5, 6).bytes())).toThrow(LimitReached);
    const within = new Talk();
    expecting(within, 'rpc', [workOf([update(allowance(5))])]);
    within.receive(
      new Reply()
        .done('DONEINPROC', MORE | COUNT, 0xc5, 5)
        .token({ kind: 'RETURNSTATUS', value: 0 })
        .done('DONEPROC', 0, 0xe0)
        .bytes(),
    );
    expect(within.outcomes).toMatchObject([{ status: 'ok', work: { results: [{ command: 'UPDATE', rowsAffected: 5 }] } }]);
  });

  it.each([
    ['batch', new Reply().done('DONE', 0, 0xc5, 6)],
    ['rpc', new Reply().token({ kind: 'RETURNSTATUS', value: 0 }).done('DONEPROC', 0, 0xe0)],
  ] as const)('do not let a %s write without a count (SET NOCOUNT ON)', (kind, reply) => {
    const talk = new Talk();
    expecting(talk, kind, [workOf([update(allowance(5))])]);
    expect(() => talk.receive(reply.bytes())).toThrow(LimitReached);
  });
});

describe('errors and messages', () => {
  const said = (reply: Reply, statements = [planned([])], clean = true): readonly unknown[] => {
    const talk = new Talk();
    expecting(talk, 'batch', [workOf(statements)], clean);
    talk.receive(reply.done('DONE', ERROR).bytes());
    return readAsClient(talk.client).tokens;
  };

  it('keep numbers and names, and no value', () => {
    const reply = new Reply().error(
      2627,
      "Violation of PRIMARY KEY constraint 'PK_people'. Cannot insert duplicate key in object 'dbo.people'. The duplicate key value is (900-11-0001).",
    );
    expect(said(reply)[0]).toMatchObject({
      number: 2627,
      state: 3,
      class: 16,
      message:
        "Violation of PRIMARY KEY constraint 'PK_people'. Cannot insert duplicate key in object 'dbo.people'. The duplicate key value is (***).",
    });
  });

  it('show no names where the unit may make up texts', () => {
    const reply = new Reply().error(208, "Invalid object name '900-11-0001'.");
    expect(said(reply, [planned([], { action: 'execute' })])[0]).toMatchObject({ number: 208, message: "Invalid object name '***'." });
  });

  it.each([
    [0, 'INFO', 0, 1, 0],
    [50_000, 'ERROR', 50_000, 1, 16],
    [900_110_001, 'ERROR', 50_000, 1, 16],
    [4711, 'ERROR', 4711, 3, 16],
  ] as const)('withhold what PRINT, RAISERROR and numbers that are not known say (%i)', (number, kind, shownNumber, state, severity) => {
    const [token] = said(new Reply().error(number, 'the number is 900-11-0001', kind));
    expect(token).toMatchObject({ number: shownNumber, state, class: severity, message: expect.stringContaining('withheld') });
  });

  it('pass as they are where nothing is protected', () => {
    expect(said(new Reply().error(50_001, 'mine'), [PASSES], false)[0]).toMatchObject({ number: 50_001, message: 'mine', state: 3 });
  });

  it('end the session where the server does', () => {
    const talk = new Talk();
    expecting(talk, 'batch', [workOf([PASSES])]);
    talk.receive(new Reply().error(596, 'killed', 'ERROR', 21).done('DONE', ERROR).bytes());
    expect(talk.messages.fatal).toBe(true);
    expect(talk.outcomes).toMatchObject([{ status: 'cancelled' }]);
  });

  it('are passed on unasked, cleaned', () => {
    const talk = new Talk();
    talk.receive(new Reply().error(6005, 'SHUTDOWN is in progress by 900-11-0001.').done('DONE', ERROR).bytes());
    expect(readAsClient(talk.client).tokens[0]).toMatchObject({ number: 6005, message: expect.stringContaining('withheld') });
    expect(talk.messages.fatal).toBe(true);
    expect(() => talk.receive(people(1).bytes())).toThrow('a reply to nothing');
  });
});

describe('remote procedure calls', () => {
  const status = { kind: 'RETURNSTATUS', value: 0 } as const;

  it('give the handle of what was prepared to who keeps it, and show it', () => {
    const talk = new Talk();
    const handles: number[] = [];
    const call: RpcReplies = {
      ownOutputs: 3,
      handleAt: 0,
      prepared: (handle) => void handles.push(handle),
      statement: { lastResult: undefined },
    };
    expecting(talk, 'rpc', [workOf([planned([null, null, HIDDEN])], { call })]);
    const reply = new Reply()
      .columns(...PEOPLE)
      .row(int(1), text('Ana'), text('900-11'))
      .done('DONEINPROC', MORE | COUNT, 0xc1, 1);
    talk.receive(reply.token(status).value(0, INTN, int(17)).done('DONEPROC', 0, 0xe0).bytes());
    const { rows, values } = readAsClient(talk.client);
    expect([shown(rows[0]?.[2]), values]).toEqual(['[hidden]', ['11000000']]);
    expect(handles).toEqual([17]);
    expect(call.statement?.lastResult?.columns).toHaveLength(3);
  });

  it('mask rows whose columns the client asked not to be told again', () => {
    const talk = new Talk();
    const statement = { lastResult: undefined };
    expecting(talk, 'rpc', [workOf([planned([null, null, HIDDEN])], { call: { statement } })]);
    talk.receive(
      new Reply()
        .columns(...PEOPLE)
        .done('DONEINPROC', MORE | COUNT)
        .token(status)
        .done('DONEPROC', 0)
        .bytes(),
    );
    expecting(talk, 'rpc', [workOf([planned([null, null, HIDDEN])], { call: { statement } })]);
    talk.shown.length = 0;
    // Rows are written with columns, whose COLMETADATA is then cut out.
    const full = new Reply()
      .columns(...PEOPLE)
      .row(int(1), text('Ana'), text('900-11'))
      .done('DONEINPROC', MORE | COUNT, 0xc1, 1)
      .token(status)
      .done('DONEPROC', 0)
      .bytes();
    const without = new Reply().token({ kind: 'COLMETADATA', columns: undefined }).bytes();
    const described = new Reply().columns(...PEOPLE).bytes().length - 8;
    const bytes = Buffer.concat([without, full.subarray(8 + described)]);
    bytes.writeUInt16BE(bytes.length, 2);
    talk.receive(bytes);
    const read = readAsClient(talk.client, '7.4', PEOPLE);
    expect(read.tokens[0]).toEqual({ kind: 'COLMETADATA', columns: undefined });
    expect(Buffer.from(talk.client).includes(Buffer.from(encodeUtf16('900-11')))).toBe(false);
    expect(Buffer.from(talk.client).includes(Buffer.from(encodeUtf16('[hidden]')))).toBe(true);
  });

  const outputs = { outputs: [null, HIDDEN, null], byOrigin: planned([]).plan?.byOrigin ?? new Map() };

  it('mask output parameters by their place in the call, whatever order they come in', () => {
    const talk = new Talk();
    expecting(talk, 'rpc', [workOf([planned([])], { call: { ownOutputs: 2, outputs, outputsAt: [2, 3, 5] } })]);
    const reply = new Reply().done('DONEINPROC', MORE, 0xc1).token(status);
    reply
      .value(2, NVARCHAR, text('a'))
      .value(5, NVARCHAR, text('c'))
      .value(3, NVARCHAR_MAX, plp('900-11-0001', 3, 19));
    const bytes = reply.done('DONEPROC', 0, 0xe0).bytes();
    for (const piece of pieces(bytes, 3, 9)) talk.receive(piece);
    expect(readAsClient(talk.client).values.map(shown)).toEqual(['a', 'c', '[hidden]']);
    expect(talk.outcomes).toMatchObject([{ work: { maskedCells: 1 } }]);
  });

  it('pass long ones that derive from nothing protected, wherever their chunks end', () => {
    const sizes = Array.from({ length: 300 }, (_, at) => 2 * (1 + (at % 5)));
    const long = 'y'.repeat(sizes.reduce((sum, size) => sum + size, 0) / 2);
    const plan = { ...outputs, outputs: [HIDDEN, null] };
    const reply = new Reply()
      .token(status)
      .value(0, NVARCHAR, text('900-11'))
      .value(1, NVARCHAR_MAX, plp(long, ...sizes));
    const bytes = reply.done('DONEPROC', 0, 0xe0).bytes(512);
    const talk = new Talk('7.4', 512);
    expecting(talk, 'rpc', [workOf([planned([])], { call: { outputs: plan, outputsAt: [0, 1] } })]);
    for (const piece of pieces(bytes, 3, 700)) talk.receive(piece);
    expect(readAsClient(talk.client).values.map(shown)).toEqual(['[hidden]', long]);
  });

  it('mask all of them where their places are not known', () => {
    const talk = new Talk();
    expecting(talk, 'rpc', [workOf([planned([])], { call: { outputs } })]);
    talk.receive(
      new Reply().token(status).value(0, NVARCHAR, text('a')).value(1, NVARCHAR, text('900-11')).done('DONEPROC', 0, 0xe0).bytes(),
    );
    expect(readAsClient(talk.client).values.map(shown)).toEqual(['[hidden]', '[hidden]']);
  });

  it('end where nothing is known of an output parameter', () => {
    const talk = new Talk();
    expecting(talk, 'rpc', [workOf([planned([])])]);
    expect(() => talk.receive(new Reply().token(status).value(0, NVARCHAR, text('900-11')).done('DONEPROC', 0, 0xe0).bytes())).toThrow(
      UnmaskableResult,
    );
  });

  it.each([
    ['0 where what it derives from is not known', 'rpc', {}, planned([]), 0],
    ['it where it derives from nothing protected', 'rpc', { hasOwnStatus: true }, planned([]), 900110001],
    ['it where nothing is protected', 'rpc', {}, PASSES, 900110001],
    ['it in a batch, whose analysis has judged it', 'batch', undefined, planned([]), 900110001],
  ] as const)('show for a RETURNSTATUS %s', (_, kind, call, statement, value) => {
    const talk = new Talk();
    expecting(talk, kind, [workOf([statement], call === undefined ? {} : { call })]);
    talk.receive(new Reply().token({ kind: 'RETURNSTATUS', value: 900110001 }).done('DONEPROC', 0, 0xe0).bytes());
    expect(readAsClient(talk.client).tokens[0]).toEqual({ kind: 'RETURNSTATUS', value });
  });

  it('take no row under the columns before an output parameter', () => {
    const talk = new Talk();
    expecting(talk, 'rpc', [workOf([planned([null, null, HIDDEN])], { call: { ownOutputs: 1 } })]);
    const reply = new Reply().columns(...PEOPLE).value(0, INTN, int(1));
    reply.row(int(1), text('Ana'), text('900-11'));
    expect(() => talk.receive(reply.done('DONEPROC', 0).bytes())).toThrow('a row comes without its columns');
  });

  it('of one message are settled one by one, and their results masked by the strictest of what is left', () => {
    const talk = new Talk();
    expecting(talk, 'rpc', [workOf([planned([null])]), workOf([planned([HIDDEN])]), workOf([planned([null])])]);
    const reply = new Reply();
    for (const [at, value] of ['a', '900-11', 'c'].entries())
      reply
        .columns(column('v', NVARCHAR))
        .row(text(value))
        .done('DONEINPROC', MORE | COUNT, 0xc1, 1)
        .token(status)
        .done('DONEPROC', at < 2 ? MORE | RPC_IN_BATCH : 0, 0xe0);
    talk.receive(reply.bytes());
    expect(readAsClient(talk.client).rows.map(([value]) => shown(value))).toEqual(['[hidden]', '[hidden]', 'c']);
    expect(talk.outcomes.map(({ status: each }) => each)).toEqual(['ok', 'ok', 'ok']);
  });

  it('mask rows of server cursors, whose ROWSTAT no header of a fetch tells of', () => {
    const talk = new Talk();
    const rowStat = column('ROWSTAT', INT);
    let opened: OpenCursor | undefined;
    const call: RpcReplies = {
      ownOutputs: 5,
      cursorAt: 0,
      cursorOpened: (handle, cursor) => void (opened = handle === 180 ? cursor : undefined),
    };
    expecting(talk, 'rpc', [workOf([planned([null, null, HIDDEN])], { call })]);
    const open = new Reply().columns(...PEOPLE, rowStat).token({ kind: 'TABNAME', tables: [['dbo', 'people']] });
    open.token({
      kind: 'COLINFO',
      columns: [
        { column: 1, table: 1, status: 0 },
        { column: 4, table: 0, status: 0x14 },
      ],
    });
    talk.receive(open.done('DONEINPROC', MORE, 0xc1).token(status).value(0, INTN, int(180)).done('DONEPROC', 0, 0xe0).bytes());
    expect(talk.outcomes).toMatchObject([{ status: 'ok', suspended: true }]);
    for (const isTold of [false, true]) {
      talk.shown.length = 0;
      expecting(talk, 'rpc', [workOf([planned([null, null, HIDDEN])], { call: { ownOutputs: 4, cursor: opened } })]);
      const rows = new Reply()
        .columns(...PEOPLE, rowStat)
        .row(int(1), text('Ana'), text('900-11'), int(1))
        .done('DONEINPROC', MORE | COUNT, 0xc1, 1)
        .token(status)
        .done('DONEPROC', 0)
        .bytes();
      const [short, full] = [new Reply().columns(...PEOPLE).bytes(), new Reply().columns(...PEOPLE, rowStat).bytes()];
      const bytes = isTold ? Buffer.from(rows) : Buffer.concat([short, rows.subarray(full.length)]);
      bytes.writeUInt16BE(bytes.length, 2);
      talk.receive(bytes);
      expect(Buffer.from(talk.client).includes(Buffer.from(encodeUtf16('900-11')))).toBe(false);
      expect(Buffer.from(talk.client).includes(Buffer.from(encodeUtf16('[hidden]')))).toBe(true);
      expect(talk.outcomes.at(-1)).toMatchObject({ status: 'ok', suspended: true, work: { maskedCells: 1 } });
    }
  });

  it('mask what the server says comes from a protected column, and tell of it', () => {
    const talk = new Talk();
    const byOrigin = new Map([[originByName('dbo', 'people', 'ssn'), HIDDEN]]);
    const statement = { ...PASSES, plan: { outputs: [null, null, null], byOrigin } };
    expecting(talk, 'rpc', [workOf([statement], { call: { ownOutputs: 5, cursorAt: 0 } })]);
    const reply = new Reply().columns(...PEOPLE).token({ kind: 'TABNAME', tables: [['dbo', 'people']] });
    reply
      .token({ kind: 'COLINFO', columns: [{ column: 3, table: 1, status: 0x20, name: 'ssn' }] })
      .row(int(1), text('Ana'), text('900-11'));
    talk.receive(
      reply
        .done('DONEINPROC', MORE | COUNT, 0xc1, 1)
        .done('DONEPROC', 0)
        .bytes(),
    );
    expect(shown(readAsClient(talk.client).rows[0]?.[2])).toBe('[hidden]');
    expect(talk.security).toMatchObject([{ kind: 'lineage-disagreement', columns: [{ position: 2 }] }]);
  });
});

describe('ATTENTION', () => {
  it.each([
    ['in the message that it interrupts', true],
    ['in a message of its own', false],
  ])('is acknowledged %s', (_, isSame) => {
    const talk = new Talk();
    const reply = expecting(talk, 'batch', [workOf([PASSES])]);
    reply.attentionSent = true;
    const rows = new Reply().columns(...PEOPLE).row(int(1), text('Ana'), text('900-11'));
    if (isSame) talk.receive(rows.done('DONE', ATTENTION, 0xc1, 1).bytes());
    else {
      talk.receive(rows.done('DONE', COUNT, 0xc1, 1).bytes());
      expect(talk.expected).toBe(reply);
      talk.receive(new Reply().done('DONE', ATTENTION, 0).bytes());
    }
    expect(talk.outcomes).toMatchObject([{ status: isSame ? 'cancelled' : 'ok', work: { results: [{ rowsReturned: 1 }] } }]);
    expect([talk.replies, talk.expected]).toEqual([1, undefined]);
    expect(readAsClient(talk.client).messages).toBe(isSame ? 1 : 2);
  });

  it('may interrupt a reply before its last DONE', () => {
    const talk = new Talk();
    expecting(talk, 'batch', [workOf([PASSES])]).attentionSent = true;
    talk.receive(
      new Reply()
        .columns(...PEOPLE)
        .row(int(1), text('Ana'), text('900-11'))
        .done('DONE', MORE | ERROR, 0xc1)
        .bytes(),
    );
    expect(talk.outcomes).toEqual([]);
    expect(() =>
      talk.receive(
        new Reply()
          .columns(...PEOPLE)
          .done('DONE', 0)
          .bytes(),
      ),
    ).toThrow('goes on after its last DONE');
    const again = new Talk();
    expecting(again, 'batch', [workOf([PASSES])]).attentionSent = true;
    again.receive(
      new Reply()
        .columns(...PEOPLE)
        .row(int(1), text('Ana'), text('900-11'))
        .done('DONE', MORE | ERROR, 0xc1)
        .bytes(),
    );
    again.receive(new Reply().done('DONE', ATTENTION, 0).bytes());
    expect(again.outcomes).toMatchObject([{ status: 'cancelled' }]);
    expect(again.replies).toBe(1);
  });

  it('is not acknowledged where none was sent', () => {
    const talk = new Talk();
    expecting(talk, 'batch', [workOf([PASSES])]);
    expect(() => talk.receive(new Reply().done('DONE', ATTENTION, 0).bytes())).toThrow('acknowledges what was not asked for');
  });

  it('is all that an ATTENTION behind a complete reply is answered with', () => {
    const talk = new Talk();
    expecting(talk, 'attention', []);
    talk.receive(new Reply().done('DONE', ATTENTION, 0).bytes());
    expect([talk.replies, talk.expected]).toEqual([1, undefined]);
  });
});

describe('requests of the gateway', () => {
  it('are answered as text, and nothing of it is shown', () => {
    const talk = new Talk();
    const answers: unknown[] = [];
    const reply = expecting(talk, 'batch', []);
    reply.injection = { rows: [], done: (result) => void answers.push(result) };
    const bytes = new Reply()
      .columns(column('a', INTN), column('b', NVARCHAR_MAX))
      .row(int(-5), plp('long text', 3, 15))
      .row(null, null);
    bytes.token({ kind: 'ENVCHANGE', type: 8, newBytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), oldBytes: new Uint8Array(0) });
    for (const piece of pieces(bytes.done('DONE', COUNT, 0xc1, 2).bytes(512), 3, 7)) talk.receive(piece);
    expect(answers).toEqual([
      {
        kind: 'rows',
        rows: [
          ['-5', 'long text'],
          [null, null],
        ],
      },
    ]);
    expect(talk.environment).toEqual([[8, '0102030405060708']]);
    expect(talk.client.length).toBe(0);
  });

  it('are answered with the first error', () => {
    const talk = new Talk();
    const answers: unknown[] = [];
    expecting(talk, 'batch', []).injection = { rows: [], done: (result) => void answers.push(result) };
    talk.receive(new Reply().error(208, 'no such').error(3621, 'terminated', 'INFO').done('DONE', ERROR).bytes());
    expect(answers).toEqual([{ kind: 'error', code: '208', message: 'no such' }]);
    expect([talk.client.length, talk.told]).toEqual([0, ['failed 208']]);
  });
});

describe('what breaks the protocol', () => {
  it.each([
    ['a reply without a last DONE', new Reply().done('DONE', MORE)],
    ['tokens behind the last DONE', new Reply().done('DONE', 0).error(1, 'x')],
    ['a token of the login', new Reply().token({ kind: 'SSPI', data: new Uint8Array(3) }).done('DONE', 0)],
    [
      'a route to another server',
      new Reply()
        .token({ kind: 'ENVCHANGE', type: 20, routing: { protocol: 0, port: 1, server: 'x' }, oldBytes: new Uint8Array(0) })
        .done('DONE', 0),
    ],
  ])('ends the session: %s', (_, reply) => {
    const talk = new Talk();
    expecting(talk, 'batch', [workOf([PASSES])]);
    expect(() => talk.receive(reply.bytes())).toThrow(ProtocolError);
  });
});
