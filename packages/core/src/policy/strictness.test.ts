import { describe, expect, it } from '@jest/globals';
import type { MaskFunction } from '../masking/mask.js';
import { durationMs } from './duration.js';
import { nearest } from './nearest.js';
import { compareStrictness } from '../masking/strictness.js';

describe('compareStrictness', () => {
  it('orders functions from those that hide all to those that let most through', () => {
    const ordered: readonly MaskFunction[] = [
      { kind: 'block' },
      { kind: 'null' },
      { kind: 'default' },
      { kind: 'redact', text: 'x' },
      { kind: 'hash' },
      { kind: 'token', domain: 'd' },
      { kind: 'email' },
      { kind: 'last4' },
      { kind: 'partial', prefix: 0, suffix: 1, pad: '*' },
      { kind: 'partial', prefix: 2, suffix: 2, pad: '*' },
      { kind: 'date_trunc', unit: 'year' },
      { kind: 'date_trunc', unit: 'hour' },
      { kind: 'bucket', size: 100 },
      { kind: 'bucket', size: 10 },
      { kind: 'noise', ratio: 0.5 },
      { kind: 'noise', ratio: 0.1 },
      { kind: 'regex', pattern: 'a', replacement: '' },
    ];
    const shuffled: readonly MaskFunction[] = [...ordered].reverse().sort(compareStrictness);
    expect(shuffled).toEqual(ordered);
  });
  it('takes equal functions for equal', () => {
    expect(compareStrictness({ kind: 'redact', text: 'a' }, { kind: 'redact', text: 'b' })).toBe(0);
  });
});

describe('durationMs', () => {
  it.each([
    ['1ms', 1],
    ['90s', 90_000],
    ['15m', 900_000],
    ['4h', 14_400_000],
    ['1d', 86_400_000],
    ['0s', undefined],
    ['15', undefined],
    ['-1s', undefined],
    ['1.5h', undefined],
    ['1 h', undefined],
    ['9999999s', undefined],
  ])('%s is %s', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });
});

describe('nearest', () => {
  it.each([
    ['subjct', ['subject', 'object'], 'subject'],
    ['SUBJECT', ['subject'], 'subject'],
    ['snn', ['ssn', 'id'], 'ssn'],
    ['reed', ['write', 'read'], 'read'],
    ['xyz', ['subject'], undefined],
    ['a', [], undefined],
    ['x'.repeat(101), ['x'.repeat(101)], undefined],
  ])('of %s in %j is %s', (word, candidates, want) => {
    expect(nearest(word, candidates)).toBe(want);
  });
});
