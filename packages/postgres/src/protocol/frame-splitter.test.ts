import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeFrontend } from './frontend-message.js';
import { FrameSplitter } from './frame-splitter.js';
import { FRONTEND, FRONTEND_LIMIT_TABLE } from './message-types.js';

const CAP = 1 << 20;

function split(chunks: readonly Uint8Array[], maxBytes = CAP): Uint8Array[] {
  const frames = new FrameSplitter(FRONTEND_LIMIT_TABLE, maxBytes, true);
  const found: Uint8Array[] = [];
  for (const chunk of chunks) {
    frames.push(chunk);
    while (frames.next()) found.push(frames.buffer.slice(frames.start, frames.end));
  }
  return found;
}

function header(type: number, length: number): Uint8Array {
  return Uint8Array.of(type, length >>> 24, length >>> 16, length >>> 8, length);
}

describe('the frame splitter', () => {
  it('gives the same messages however the bytes are cut', () => {
    const message = fc.oneof(
      fc.string({ maxLength: 300 }).map((text) => encodeFrontend({ kind: 'Query', text: text.replaceAll('\0', '') })),
      fc.uint8Array({ maxLength: 20_000 }).map((data) => encodeFrontend({ kind: 'CopyData', data })),
      fc.constant(encodeFrontend({ kind: 'Sync' })),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1 }), (messages, cuts) => {
        const stream = Buffer.concat(messages);
        const chunks: Uint8Array[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = cuts[i % cuts.length] ?? 1;
          chunks.push(stream.subarray(at, at + size));
          at += size;
        }
        expect(split(chunks).map((bytes) => Buffer.from(bytes))).toEqual(messages.map((bytes) => Buffer.from(bytes)));
      }),
    );
  });

  it('gives a view, not a copy, of a message that lies within one chunk', () => {
    const frames = new FrameSplitter(FRONTEND_LIMIT_TABLE, CAP, true);
    const chunk = encodeFrontend({ kind: 'Query', text: 'select 1' });
    frames.push(chunk);
    expect(frames.next()).toBe(true);
    expect(frames.buffer).toBe(chunk);
  });

  it.each([
    ['0', 0, 'length'],
    ['3', 3, 'length'],
    ['over the cap', CAP + 1, 'too-large'],
    ['2³¹ - 1', 0x7fff_ffff, 'length'],
    ['2³¹', 0x8000_0000, 'length'],
    ['2³² - 1', 0xffff_ffff, 'length'],
  ])('refuses a length of %s before anything is buffered', (_name, length, code) => {
    expect(() => split([header(FRONTEND.Query, length)])).toThrow(expect.objectContaining({ code }));
  });

  it('refuses a length that its type cannot have', () => {
    expect(() => split([header(FRONTEND.Sync, 5)])).toThrow(expect.objectContaining({ code: 'length' }));
  });

  it('refuses an unknown type by its first byte', () => {
    expect(() => split([Uint8Array.of(0x7a)])).toThrow(
      expect.objectContaining({ code: 'unknown-message', message: expect.stringContaining('0x7a') }),
    );
    expect(() => split([Uint8Array.of(FRONTEND.Sync), Uint8Array.of(0, 0, 0, 4, 0x21)])).toThrow(
      expect.objectContaining({ code: 'unknown-message' }),
    );
  });

  it('stays failed', () => {
    const frames = new FrameSplitter(FRONTEND_LIMIT_TABLE, CAP, true);
    frames.push(header(FRONTEND.Query, 0));
    expect(() => frames.next()).toThrow();
    frames.push(encodeFrontend({ kind: 'Sync' }));
    expect(() => frames.next()).toThrow(expect.objectContaining({ code: 'dead' }));
    expect(frames.buffered).toBe(0);
  });

  it('counts what is buffered until a message is complete', () => {
    const frames = new FrameSplitter(FRONTEND_LIMIT_TABLE, CAP, true);
    const message = encodeFrontend({ kind: 'CopyData', data: new Uint8Array(100) });
    for (let i = 0; i < message.length - 1; i++) {
      frames.push(message.subarray(i, i + 1));
      expect(frames.next()).toBe(false);
      expect(frames.buffered).toBe(i + 1);
    }
    frames.push(message.subarray(message.length - 1));
    expect(frames.next()).toBe(true);
    expect(frames.buffered).toBe(0);
  });

  it('does not set memory aside for a length that was only announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    const all: FrameSplitter[] = [];
    for (let i = 0; i < 50; i++) {
      const frames = new FrameSplitter(FRONTEND_LIMIT_TABLE, 64 << 20, true);
      frames.push(header(FRONTEND.CopyData, 64 << 20));
      expect(frames.next()).toBe(false);
      all.push(frames);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
    expect(all.length).toBe(50);
  });

  it('copies a long message that comes in small pieces in linear time', () => {
    const message = encodeFrontend({ kind: 'CopyData', data: new Uint8Array(CAP - 100) });
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < message.length; at += 16) chunks.push(message.subarray(at, at + 16));
    const started = performance.now();
    expect(split(chunks)).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('gives a run what lies in front of a bad length before it fails', () => {
    const frames = new FrameSplitter(FRONTEND_LIMIT_TABLE, CAP, true);
    const whole = encodeFrontend({ kind: 'CopyData', data: new Uint8Array(16) });
    frames.push(whole.subarray(0, 9));
    expect(frames.run(FRONTEND.CopyData, 10)).toBe(1);
    frames.push(Buffer.concat([whole.subarray(9), whole, header(FRONTEND.CopyData, 0x4000_0000)]));
    expect(frames.run(FRONTEND.CopyData, 10)).toBe(1);
    expect(frames.end - frames.start).toBe(2 * whole.length - 9);
    expect(frames.midMessage).toBe(false);
    expect(() => frames.run(FRONTEND.CopyData, 10)).toThrow('longer than the limit');
  });
});
