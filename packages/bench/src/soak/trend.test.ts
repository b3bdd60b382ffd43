import { describe, expect, it } from '@jest/globals';
import { lastThird } from './trend.js';

const MEBIBYTE = 1 << 20;
const over = (seconds: number, at: (second: number) => number): { seconds: number; bytes: number }[] =>
  Array.from({ length: seconds }, (_, second) => ({ seconds: second, bytes: at(second) * MEBIBYTE }));

describe('the trend of the last third', () => {
  it('is flat where only garbage comes and goes', () => {
    expect(lastThird(over(600, (second) => 100 + ((second * 37) % 60)))?.isRising).toBe(false);
  });

  it('does not mind what happened before', () => {
    expect(lastThird(over(600, (second) => Math.min(100 + second, 300)))?.isRising).toBe(false);
  });

  it('finds a leak under garbage', () => {
    const trend = lastThird(over(600, (second) => 100 + second * 0.1 + ((second * 37) % 60)));
    expect(trend?.isRising).toBe(true);
    expect((trend?.bytesPerHour ?? 0) / MEBIBYTE).toBeGreaterThan(300);
    expect((trend?.bytesPerHour ?? 0) / MEBIBYTE).toBeLessThan(420);
  });

  it('says nothing of too little', () => {
    expect(lastThird(over(20, () => 100))).toBeUndefined();
  });
});
