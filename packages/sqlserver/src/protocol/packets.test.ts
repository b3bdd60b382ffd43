import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MessageAssembler } from './message-assembler.js';
import { encodeAttention, MAX_PACKET_SIZE, PACKET_HEADER, PACKET_STATUS, PACKET_TYPE } from './packet.js';
import { PacketSplitter } from './packet-splitter.js';
import { encodeMessage, PacketWriter } from './packet-writer.js';
import { ProtocolError } from './protocol-error.js';

const CAP = 1 << 20;

function cut(stream: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, i = 0; at < stream.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    chunks.push(stream.slice(at, at + size));
    at += size;
  }
  return chunks;
}

interface Read {
  readonly type: number;
  readonly status: number;
  readonly payload: Buffer;
  readonly packets: Buffer;
}

function read(chunks: readonly Uint8Array[], maxBytes = CAP): { messages: Read[]; splitter: PacketSplitter } {
  const splitter = new PacketSplitter();
  const assembler = new MessageAssembler(maxBytes);
  const messages: Read[] = [];
  for (const chunk of chunks) {
    splitter.push(chunk);
    while (splitter.next()) {
      const message = assembler.add(splitter);
      if (message === undefined) continue;
      const { type, status, payload, packets } = message;
      messages.push({ type, status, payload: Buffer.from(payload), packets: Buffer.concat(packets) });
    }
  }
  expect(assembler.midMessage).toBe(false);
  return { messages, splitter };
}

const message = fc.record({
  type: fc.constantFrom(PACKET_TYPE.SQL_BATCH, PACKET_TYPE.RPC, PACKET_TYPE.TABULAR_RESULT, PACKET_TYPE.BULK_LOAD),
  status: fc.constantFrom(0, PACKET_STATUS.RESET_CONNECTION, PACKET_STATUS.RESET_CONNECTION_SKIP_TRANSACTION),
  packetSize: fc.oneof(fc.constantFrom(512, 4096, 16_384, 32_767), fc.integer({ min: 512, max: 32_767 })),
  payload: fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ minLength: 400, maxLength: 12_000 })),
});
const anySizes = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1 });

describe('packets', () => {
  it('give the same messages however the bytes are cut, and lie in the stream as they were written', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), anySizes, (written, sizes) => {
        const stream = Buffer.concat(written.map(({ payload, ...header }) => encodeMessage(header, payload)));
        const { messages, splitter } = read(cut(stream, sizes));
        expect(messages.map(({ type, payload }) => ({ type, payload }))).toEqual(
          written.map(({ type, payload }) => ({ type, payload: Buffer.from(payload) })),
        );
        expect(messages.map(({ status }) => status & ~PACKET_STATUS.END_OF_MESSAGE)).toEqual(written.map(({ status }) => status));
        expect(Buffer.concat(messages.map(({ packets }) => packets))).toEqual(stream);
        expect(splitter.buffered).toBe(0);
      }),
    );
  });

  it('are as long as was agreed on, numbered from 1 on, and end with END_OF_MESSAGE', () => {
    const stream = encodeMessage({ type: PACKET_TYPE.RPC, packetSize: 512, status: PACKET_STATUS.RESET_CONNECTION }, new Uint8Array(1100));
    const splitter = new PacketSplitter(512);
    splitter.push(stream);
    const seen: number[][] = [];
    while (splitter.next()) seen.push([splitter.end - splitter.start, splitter.packetId, splitter.status]);
    expect(seen).toEqual([
      [512, 1, PACKET_STATUS.RESET_CONNECTION],
      [512, 2, 0],
      [100, 3, PACKET_STATUS.END_OF_MESSAGE],
    ]);
  });

  it('can be flushed before they are full', () => {
    const writer = new PacketWriter().begin({ type: PACKET_TYPE.TABULAR_RESULT, packetSize: 4096, spid: 51 });
    expect(writer.cut().take()).toHaveLength(0);
    expect(writer.bytes(Uint8Array.of(1, 2)).take()).toHaveLength(0);
    const first = writer.cut().take();
    const last = writer.bytes(Uint8Array.of(3)).end().take();
    expect([...first]).toEqual([4, 0, 0, PACKET_HEADER + 2, 0, 51, 1, 0, 1, 2]);
    expect([...last]).toEqual([4, 1, 0, PACKET_HEADER + 1, 0, 51, 2, 0, 3]);
    expect(read([first, last]).messages.map(({ payload }) => [...payload])).toEqual([[1, 2, 3]]);
  });

  it('hold an ATTENTION without a payload', () => {
    const { messages } = read([encodeAttention()]);
    expect(messages).toEqual([{ type: 6, status: 1, payload: Buffer.alloc(0), packets: Buffer.from([6, 1, 0, 8, 0, 0, 1, 0]) }]);
  });

  it('tell a message that the client gave up', () => {
    const assembler = new MessageAssembler(CAP);
    const splitter = new PacketSplitter();
    splitter.push(Uint8Array.of(1, 0, 0, 9, 0, 0, 1, 0, 65));
    splitter.push(Uint8Array.of(1, PACKET_STATUS.IGNORE | PACKET_STATUS.END_OF_MESSAGE, 0, 8, 0, 0, 2, 0));
    splitter.next();
    expect(assembler.add(splitter)).toBeUndefined();
    expect(assembler.midMessage).toBe(true);
    splitter.next();
    expect(assembler.add(splitter)?.isIgnored).toBe(true);
  });

  it('behind the one at hand can be taken away', () => {
    const splitter = new PacketSplitter();
    splitter.push(Uint8Array.of(0x12, 1, 0, 8, 0, 0, 1, 0, 0x16, 3));
    splitter.push(Uint8Array.of(1, 2));
    expect(splitter.next()).toBe(true);
    expect([...splitter.takeRest()]).toEqual([0x16, 3, 1, 2]);
    expect(splitter.buffered).toBe(0);
  });
});

describe('packets that no peer sends', () => {
  const codeOf = (work: () => void): string | undefined => {
    try {
      work();
    } catch (error) {
      if (error instanceof ProtocolError) return error.code;
      throw error;
    }
    return undefined;
  };

  it('are refused before anything of them is buffered, and the splitter stays failed', () => {
    const short = new PacketSplitter();
    short.push(Uint8Array.of(1, 1, 0, 7, 0, 0, 1, 0));
    expect(codeOf(() => short.next())).toBe('length');
    short.push(encodeAttention());
    expect(codeOf(() => short.next())).toBe('dead');
    expect(short.buffered).toBe(0);
    const long = new PacketSplitter(4096);
    long.push(Uint8Array.of(1, 1, 0x10, 0x01, 0, 0, 1, 0));
    expect(codeOf(() => long.next())).toBe('too-large');
  });

  it('are refused when they are more than the cap, or change their type on the way', () => {
    const stream = encodeMessage({ type: PACKET_TYPE.SQL_BATCH, packetSize: 512 }, new Uint8Array(2000));
    expect(codeOf(() => read([stream], 1999))).toBe('too-large');
    expect(read([stream], 2000).messages).toHaveLength(1);
    const changed = stream.slice();
    changed[512] = PACKET_TYPE.RPC;
    expect(codeOf(() => read([changed]))).toBe('unexpected-message');
  });

  it('end in messages or a protocol error, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), anySizes, (bytes, sizes) => {
        const splitter = new PacketSplitter(MAX_PACKET_SIZE);
        let failed = false;
        for (const chunk of cut(bytes, sizes)) {
          splitter.push(chunk);
          failed ||=
            codeOf(() => {
              while (splitter.next()) expect(splitter.end - splitter.start).toBeGreaterThanOrEqual(PACKET_HEADER);
            }) !== undefined;
        }
        expect(splitter.buffered).toBeLessThanOrEqual(failed ? 0 : bytes.length);
      }),
    );
  });
});
