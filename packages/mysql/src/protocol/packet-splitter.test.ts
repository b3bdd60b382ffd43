import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_PAYLOAD, PACKET_HEADER, PacketSplitter } from './packet-splitter.js';
import { encodePacket, PacketWriter } from './packet-writer.js';

const CAP = 1 << 25;

function packets(payloads: readonly Uint8Array[], first = 0): Uint8Array {
  const writer = new PacketWriter();
  let id = first;
  for (const payload of payloads) id = writer.begin(id).bytes(payload).end().sequenceId;
  return writer.take();
}

function cut(stream: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, i = 0; at < stream.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    chunks.push(stream.slice(at, at + size));
    at += size;
  }
  return chunks;
}

/** All payloads, with or without taking rows in runs; and all bytes as they would go on with `shift` added to their ids. */
function split(chunks: readonly Uint8Array[], options: { shift?: number; runs?: boolean; maxBytes?: number; first?: number } = {}) {
  const splitter = new PacketSplitter('server', options.maxBytes ?? CAP);
  splitter.expected = options.first ?? 0;
  const payloads: Buffer[] = [];
  const bytes: Uint8Array[] = [];
  let rows = 0;
  const shift = options.shift ?? 0;
  const take = (): void => {
    bytes.push(splitter.buffer.slice(splitter.start, splitter.end));
  };
  for (const chunk of chunks) {
    splitter.push(chunk);
    for (;;) {
      const begun = options.runs === true ? splitter.run(Number.POSITIVE_INFINITY, shift) : -1;
      if (begun >= 0) {
        rows += begun;
        take();
      } else if (!splitter.midPacket && splitter.next()) {
        payloads.push(Buffer.from(splitter.buffer.subarray(splitter.bodyStart, splitter.end)));
        const parts = Math.floor((splitter.end - splitter.bodyStart) / MAX_PAYLOAD);
        splitter.renumber(splitter.sequenceId - parts + shift);
        take();
      } else break;
    }
  }
  return { payloads, bytes: Buffer.concat(bytes), rows, splitter };
}

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.uint8Array({ maxLength: 20_000 }),
  fc.constantFrom(Uint8Array.of(0xff, 1, 2), Uint8Array.of(0xfe, 0, 0, 2, 0), Uint8Array.of(0xfb)),
);
const anySizes = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1 });

describe('the packet splitter', () => {
  it('gives the same packets however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 8 }), anySizes, (payloads, cuts) => {
        const stream = packets(payloads);
        const { payloads: found, bytes, splitter } = split(cut(stream, cuts));
        expect(found).toEqual(payloads.map((given) => Buffer.from(given)));
        expect(bytes).toEqual(Buffer.from(stream));
        expect(splitter.buffered).toBe(0);
      }),
    );
  });

  it('passes the same bytes in runs as packet by packet, with the sequence ids moved', () => {
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 8 }), anySizes, fc.integer({ min: 0, max: 255 }), (payloads, cuts, shift) => {
        const runs = split(cut(packets(payloads), cuts), { runs: true, shift });
        expect(runs.bytes).toEqual(Buffer.from(packets(payloads, shift)));
        expect(runs.rows + runs.payloads.length).toBe(payloads.length);
        expect(runs.splitter.buffered).toBe(0);
      }),
    );
  });

  it('leaves ERR, EOF and the OK in its place to next()', () => {
    const ends = [Uint8Array.of(0xff, 0x28, 4), Uint8Array.of(0xfe, 0, 0, 2, 0), new Uint8Array(60_000).fill(0xfe), new Uint8Array(0)];
    for (const end of ends) {
      const { rows, payloads } = split([packets([Uint8Array.of(1, 0x61), end])], { runs: true });
      expect([rows, payloads.length]).toEqual([1, 1]);
    }
  });

  it('begins no more rows than are wanted', () => {
    const splitter = new PacketSplitter('server', CAP);
    const row = Uint8Array.of(1, 0x61);
    splitter.push(packets([row, row, row]));
    expect(splitter.run(2, 0)).toBe(2);
    expect(splitter.end - splitter.start).toBe(2 * (PACKET_HEADER + row.length));
    expect(splitter.run(0, 0)).toBe(-1);
    expect(splitter.next()).toBe(true);
  });

  it('gives a view, not a copy, of a packet that lies within one chunk', () => {
    const splitter = new PacketSplitter('client', CAP);
    const chunk = encodePacket(0, (writer) => writer.text('\x03select 1'));
    splitter.push(chunk);
    expect(splitter.next()).toBe(true);
    expect(splitter.buffer).toBe(chunk);
    expect(splitter.firstByte).toBe(3);
  });

  it.each([
    ['16 MiB - 2', MAX_PAYLOAD - 1, 1],
    ['16 MiB - 1', MAX_PAYLOAD, 2],
    ['16 MiB', MAX_PAYLOAD + 1, 2],
  ])('joins and splits a payload of %s bytes', (_name, length, count) => {
    const large = new Uint8Array(length).fill(0x61);
    const stream = packets([large, Uint8Array.of(2)], 254);
    expect(stream.length).toBe(length + count * PACKET_HEADER + PACKET_HEADER + 1);
    for (const runs of [false, true]) {
      const found = split(cut(stream, [3_000_001]), { runs, first: 254, shift: 3 });
      expect(found.rows + found.payloads.length).toBe(2);
      expect(found.bytes.equals(packets([large, Uint8Array.of(2)], 257))).toBe(true);
    }
  });

  it('passes a payload that goes on in another packet when the second header is cut anywhere', () => {
    const large = new Uint8Array(MAX_PAYLOAD + 5).fill(0x61);
    const stream = packets([large]);
    const header = PACKET_HEADER + MAX_PAYLOAD;
    for (const cuts of [[1], [1, 1, 1, 1], [2, 2], [3]]) {
      const chunks = [stream.slice(0, header), ...cutAt(stream.slice(header), cuts)];
      expect(split(chunks, { runs: true, shift: 1 }).bytes.equals(packets([large], 1))).toBe(true);
    }
  });

  it('takes a header of a payload that goes on when several chunks wait', () => {
    const stream = packets([new Uint8Array(MAX_PAYLOAD + 5).fill(0x61)]);
    const header = PACKET_HEADER + MAX_PAYLOAD;
    const splitter = new PacketSplitter('server', CAP);
    for (const chunk of [stream.slice(0, header + 1), stream.slice(header + 1, header + 2), stream.slice(header + 2)]) splitter.push(chunk);
    let bytes = 0;
    while (splitter.run(1, 0) >= 0) bytes += splitter.end - splitter.start;
    expect(bytes).toBe(stream.length);
    expect(splitter.midPacket).toBe(false);
    expect(splitter.buffered).toBe(0);
  });

  it('refuses a length over the cap before anything is buffered, in one packet or several', () => {
    const splitter = new PacketSplitter('client', 100);
    splitter.push(Uint8Array.of(101, 0, 0, 0));
    expect(() => splitter.next()).toThrow(expect.objectContaining({ code: 'too-large' }));
    expect(splitter.buffered).toBe(0);
    const large = packets([new Uint8Array(MAX_PAYLOAD + 10)]);
    for (const runs of [false, true])
      expect(() => split([large], { maxBytes: MAX_PAYLOAD + 5, runs })).toThrow(expect.objectContaining({ code: 'too-large' }));
  });

  it('refuses sequence ids out of order', () => {
    for (const runs of [false, true]) {
      const stream = Buffer.concat([packets([Uint8Array.of(1)]), packets([Uint8Array.of(1)], 2)]);
      expect(() => split([stream], { runs })).toThrow(expect.objectContaining({ code: 'sequence' }));
      expect(() => split(cut(stream, [3]), { runs })).toThrow(expect.objectContaining({ code: 'sequence' }));
    }
    const continued = packets([new Uint8Array(MAX_PAYLOAD).fill(1)]);
    continued[PACKET_HEADER + MAX_PAYLOAD + 3] = 7;
    for (const runs of [false, true]) expect(() => split([continued], { runs })).toThrow(expect.objectContaining({ code: 'sequence' }));
  });

  it('lets in an ERR that a server says unasked, and nothing else with that id', () => {
    const err = encodePacket(0, (writer) => writer.int1(0xff).int2(4031));
    for (const size of [1, 5, 100]) {
      expect(split(cut(err, [size]), { first: 1 }).payloads).toHaveLength(1);
      const row = encodePacket(0, (writer) => writer.int1(0x01).int2(4031));
      expect(() => split(cut(row, [size]), { first: 1 })).toThrow(expect.objectContaining({ code: 'sequence' }));
      const client = new PacketSplitter('client', CAP);
      client.expected = 1;
      client.push(err.slice());
      expect(() => client.next()).toThrow(expect.objectContaining({ code: 'sequence' }));
    }
    expect(() =>
      split(
        cut(
          encodePacket(0, () => undefined),
          [2],
        ),
        { first: 1 },
      ),
    ).toThrow(expect.objectContaining({ code: 'sequence' }));
  });

  it('stays failed', () => {
    const splitter = new PacketSplitter('client', 10);
    splitter.push(Uint8Array.of(11, 0, 0, 0));
    expect(() => splitter.next()).toThrow();
    splitter.push(Uint8Array.of(1, 0, 0, 0, 1));
    expect(() => splitter.next()).toThrow(expect.objectContaining({ code: 'dead' }));
    expect(splitter.run(1, 0)).toBe(-1);
  });

  it('counts what is buffered until a packet is complete', () => {
    const splitter = new PacketSplitter('server', CAP);
    const packet = packets([new Uint8Array(100)]);
    for (let i = 0; i < packet.length - 1; i++) {
      splitter.push(packet.subarray(i, i + 1));
      expect(splitter.next()).toBe(false);
      expect(splitter.buffered).toBe(i + 1);
    }
    splitter.push(packet.subarray(packet.length - 1));
    expect(splitter.next()).toBe(true);
    expect(splitter.buffered).toBe(0);
  });

  it('gives what is buffered behind a packet, however much of it was looked at', () => {
    const behind = Uint8Array.of(0x16, 3, 1, 0, 5, 9, 9, 9);
    for (let size = 1; size <= behind.length; size++) {
      const splitter = new PacketSplitter('client', CAP);
      splitter.push(packets([new Uint8Array(32)]));
      expect(splitter.next()).toBe(true);
      for (const chunk of cut(behind, [size])) splitter.push(chunk);
      splitter.expected = 0;
      expect(Buffer.from(splitter.takeRest())).toEqual(Buffer.from(behind));
      expect(splitter.buffered).toBe(0);
    }
  });

  it('does not set memory aside for a length that was only announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    const all: PacketSplitter[] = [];
    for (let i = 0; i < 50; i++) {
      const splitter = new PacketSplitter('server', 64 << 20);
      splitter.push(Uint8Array.of(0xfe, 0xff, 0xff, 0));
      expect(splitter.next()).toBe(false);
      all.push(splitter);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
    expect(all.length).toBe(50);
  });

  it('ends in packets or a protocol error, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), fc.boolean(), (chunks, runs) => {
        try {
          split(chunks, { runs, maxBytes: 60_000 });
        } catch (error) {
          expect(error).toHaveProperty('name', 'ProtocolError');
        }
      }),
    );
  });
});

function cutAt(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(bytes.slice(at, at + size));
    at += size;
  }
  return [...chunks, bytes.slice(at)];
}
