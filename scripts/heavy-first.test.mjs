import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const scripts = import.meta.dirname;
const HeavyFirst = createRequire(import.meta.url)('./heavy-first.cjs');

/** The test files that it names, in their order. */
function named() {
  const source = readFileSync(path.join(scripts, 'heavy-first.cjs'), 'utf8');
  return [...source.matchAll(/^ {2}'(.+\.test\.ts)',$/gm)].map(([, name]) => path.join(scripts, '..', 'packages', name));
}

describe('the order of test files', () => {
  it('names files that are there', () => {
    expect(named().length).toBeGreaterThan(5);
    expect(named().filter((file) => !existsSync(file))).toEqual([]);
  });

  it('begins with the heavy ones, in their order, whatever jest knows of the others', () => {
    const others = ['/a/x.test.ts', '/a/y.test.ts'];
    const context = { config: { rootDir: '/a', id: 'a', cacheDirectory: '/none' }, hasteFS: { getSize: () => 1 } };
    const tests = [...others, ...named().toReversed()].map((file) => ({ path: file, context, duration: 1 }));
    const sequencer = new HeavyFirst({ contexts: [context], globalConfig: {} });
    const sorted = sequencer.sort(tests).map((test) => test.path);
    expect(sorted.slice(0, named().length)).toEqual(named());
    expect(sorted).toHaveLength(tests.length);
  });
});
