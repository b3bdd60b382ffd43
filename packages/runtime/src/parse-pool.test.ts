import { afterEach, describe, expect, it } from '@jest/globals';
import { ParsePool } from './parse-pool.js';

/** Stands in for an adapter's parser: a real worker whose behaviour the text chooses. */
const ENTRY = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ id, text }) => {
      if (text === 'hang') for (;;);
      if (text === 'die') process.exit(1);
      if (text === 'throw') throw new Error('parser bug');
      if (text === 'broken') return parentPort.postMessage({ id, result: { ok: false, failure: { kind: 'internal', message: 'wasm trap' } } });
      parentPort.postMessage({ id, result: { ok: true, unit: { statements: [text] } } });
    });`)}`,
);
const context = { serverVersion: 180004, lexical: {} };

let pool: ParsePool | undefined;
const make = (maxWaiting = 100): ParsePool => {
  pool = new ParsePool({ entry: ENTRY, deadlineMs: 300, maxWaiting });
  return pool;
};
afterEach(async () => pool?.close());

describe('ParsePool', () => {
  it('parses in order', async () => {
    const parser = make();
    const results = await Promise.all(['a', 'b', 'c'].map((text) => parser.parse(text, context)));
    expect(results).toEqual(['a', 'b', 'c'].map((text) => ({ ok: true, unit: { statements: [text] } })));
  });

  it.each([
    ['hang', 'limit'],
    ['die', 'internal'],
    ['throw', 'internal'],
    ['broken', 'internal'],
  ])('gives a failure for a text that makes the parser %s, and goes on with a new worker', async (text, kind) => {
    const parser = make();
    const [bad, good] = await Promise.all([parser.parse(text, context), parser.parse('after', context)]);
    expect(bad).toMatchObject({ ok: false, failure: { kind } });
    expect(good).toMatchObject({ ok: true });
  });

  it('refuses at once when too many wait', async () => {
    const parser = make(1);
    const first = parser.parse('a', context);
    const second = parser.parse('b', context);
    expect(await parser.parse('c', context)).toMatchObject({ ok: false, failure: { kind: 'limit' } });
    expect(await Promise.all([first, second])).toHaveLength(2);
  });

  it('answers what waits when it is closed', async () => {
    const parser = make();
    const waiting = [parser.parse('hang', context), parser.parse('b', context)];
    await parser.close();
    expect((await Promise.all(waiting)).every((result) => !result.ok)).toBe(true);
    expect(await parser.parse('c', context)).toMatchObject({ ok: false });
  });
});
