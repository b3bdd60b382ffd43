import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LedgerError } from './ledger-error.js';
import { begunLine, decodeFrames, entryLine, entryOf, forEachLeaf, FrameEncoder, leafInputOf } from './write-ahead.js';

/** What four flushes write: entries, and reads that were begun. */
const turns = [
  [entryLine('{"a":1}')],
  [begunLine('{"read":1}'), entryLine(`{"long":"${'x'.repeat(300)}"}`), begunLine('{"read":2}')],
  [entryLine('{"umlaut":"ä"}'), entryLine('{}')],
  [begunLine('{"read":3}')],
];
const encoder = new FrameEncoder();
const frames = turns.map((lines) => Buffer.from(encoder.encode(lines.join(''))));
const file = Buffer.concat(frames);
const entriesOf = (turn: readonly string[]): string[] => turn.filter((line) => line.startsWith('\0')).map((line) => line.slice(1, -1));
const texts = (leaves: readonly Buffer[]): string[] => leaves.map((leaf) => entryOf(leaf).toString());

describe('the write-ahead file', () => {
  it('reads back what was written', () => {
    const decoded = decodeFrames(file, 'wal');
    expect(texts(decoded.leaves)).toEqual(turns.flatMap(entriesOf));
    expect(decoded.begun.map(String)).toEqual(['{"read":1}', '{"read":2}', '{"read":3}']);
    expect(decoded).toMatchObject({ end: file.length, torn: 0 });
    expect(decoded.leaves[0]).toEqual(Buffer.from(leafInputOf(Buffer.from('{"a":1}'))));
  });

  it('shows the leaves of frames without reading them as a file', () => {
    const leaves: string[] = [];
    forEachLeaf(file, (all, start, end) => leaves.push(all.toString('utf8', start + 1, end)));
    expect(leaves).toEqual(turns.flatMap(entriesOf));
  });

  it('takes a frame that is larger than a piece of memory', () => {
    const large = entryLine(`"${'y'.repeat(2 ** 21)}"`);
    expect(texts(decodeFrames(new FrameEncoder().encode(large), 'wal').leaves)[0]).toHaveLength(2 ** 21 + 2);
  });

  it('puts frames one behind the other, and over one that was not kept', () => {
    const fresh = new FrameEncoder();
    fresh.encode(entryLine('"never written"'));
    const kept = turns.map((lines) => {
      fresh.encode(lines.join(''));
      return fresh.keep();
    });
    expect(new Set(kept.map(({ memory }) => memory)).size).toBe(1);
    expect(Buffer.from(kept[0]!.memory, 0, kept.at(-1)!.end)).toEqual(file);
  });

  it('uses memory again that was given back, and no other', () => {
    const fresh = new FrameEncoder();
    const halves = Array.from({ length: 4 }, (_, n) => {
      fresh.encode(entryLine(`"${String(n).repeat(500_000)}"`));
      return fresh.keep();
    });
    const [first, , second] = halves;
    expect(second!.memory).not.toBe(first!.memory);
    fresh.reuse(first!.memory);
    const before = Buffer.from(Buffer.from(second!.memory));
    fresh.encode(entryLine(`"${'x'.repeat(500_000)}"`));
    expect(fresh.keep()).toMatchObject({ memory: first!.memory, start: 0 });
    expect(Buffer.from(second!.memory).equals(before)).toBe(true);
  });

  it('takes a cut at any byte as a frame that was not finished, and keeps all before it', () => {
    for (let length = 0; length <= file.length; length++) {
      const { leaves, end, torn } = decodeFrames(file.subarray(0, length), 'wal');
      let whole = 0;
      for (let sum = 0; whole < frames.length && sum + frames[whole]!.length <= length; whole++) sum += frames[whole]!.length;
      expect(texts(leaves)).toEqual(turns.slice(0, whole).flatMap(entriesOf));
      expect(end).toBe(frames.slice(0, whole).reduce((sum, frame) => sum + frame.length, 0));
      expect(end + torn).toBe(length);
    }
  });

  it('takes blocks that the disk never got as a frame that was not finished', () => {
    for (let length = 0; length < file.length; length += 7) {
      const zeros = Buffer.concat([file.subarray(0, length), Buffer.alloc(600)]);
      expect(decodeFrames(zeros, 'wal').end).toBe(decodeFrames(file.subarray(0, length), 'wal').end);
    }
  });

  it('never takes a flipped bit as the end of the file', () => {
    for (let bit = 0; bit < file.length * 8; bit++) {
      const flipped = Buffer.from(file);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      let outcome: unknown;
      try {
        outcome = decodeFrames(flipped, 'wal');
      } catch (error) {
        outcome = error instanceof LedgerError ? error.code : error;
      }
      expect([bit, outcome]).toEqual([bit, 'corrupt']);
    }
  });

  it('ends on arbitrary bytes with frames or a ledger error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeFrames(Buffer.from(bytes), 'wal');
        } catch (error) {
          expect(error).toBeInstanceOf(LedgerError);
        }
      }),
    );
  });

  it('is corrupt when a line is neither an entry nor the beginning of a read', () => {
    for (const body of ['\u0002x\n', '\0{}', 'x'])
      expect(() => decodeFrames(new FrameEncoder().encode(body), 'wal')).toThrow(expect.objectContaining({ code: 'corrupt' }));
  });
});
