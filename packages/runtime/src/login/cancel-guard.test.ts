import { describe, expect, it } from '@jest/globals';
import { CancelGuard } from './cancel-guard.js';

describe('who tries cancel keys', () => {
  let now = 0;
  let told: [string, number][] = [];
  function guard(): CancelGuard {
    now = 0;
    told = [];
    return new CancelGuard(
      () => now,
      (address, misses) => void told.push([address, misses]),
    );
  }

  it('is not heard after too many, whatever the next one is, until some time has passed', () => {
    const keys = guard();
    for (let i = 0; i < 50; i++) {
      expect(keys.hears('10.0.0.1')).toBe(true);
      keys.missed('10.0.0.1');
    }
    expect(keys.hears('10.0.0.1')).toBe(false);
    expect(keys.hears('10.0.0.1')).toBe(false);
    expect(told).toEqual([['10.0.0.1', 50]]);
    expect(keys.hears('10.0.0.2')).toBe(true);
    now = 10_000;
    expect(keys.hears('10.0.0.1')).toBe(true);
  });

  it('is not heard from anywhere when all together try too many', () => {
    const keys = guard();
    for (let i = 0; i < 1_000; i++) keys.missed(`10.0.${i >> 8}.${i & 255}`);
    expect(keys.hears('10.9.9.9')).toBe(false);
    expect(told).toEqual([['all addresses', 1_000]]);
    now = 10_000;
    expect(keys.hears('10.9.9.9')).toBe(true);
  });

  it('cannot make the gateway remember more than so many addresses', () => {
    const keys = guard();
    for (let i = 0; i < 30_000; i++) {
      if (i % 900 === 0) now += 10_000;
      keys.missed(`address ${i}`);
    }
    expect(keys.remembered).toBeLessThanOrEqual(10_000);
  });
});
