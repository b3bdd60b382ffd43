import { describe, expect, it } from '@jest/globals';
import { readTriggerRights } from './trigger-rights.js';

const EXACT = { relations: false };

describe('readTriggerRights', () => {
  it('shows nothing without a right', () => expect(readTriggerRights([], EXACT)('a', 't')).toBe(false));

  it('shows everything with a right on everything', () => expect(readTriggerRights([[null, null, '1']], EXACT)('a', 't')).toBe(true));

  it('takes schemas for patterns', () => {
    const sees = readTriggerRights(
      [
        ['app\\_1', null, '1'],
        ['log_', null, '1'],
        ['x%', null, '1'],
        ['p.q', null, '1'],
      ],
      EXACT,
    );
    expect(sees('app_1', 't')).toBe(true);
    expect(sees('appx1', 't')).toBe(false);
    expect(sees('logs', 't')).toBe(true);
    expect(sees('log', 't')).toBe(false);
    expect(sees('xyz', 't')).toBe(true);
    expect(sees('pxq', 't')).toBe(false);
    expect(sees('p.q', 't')).toBe(true);
  });

  it('does not count a pattern where a narrower one is without the right', () => {
    const sees = readTriggerRights(
      [
        [null, null, '0'],
        ['app', null, '0'],
        ['a%', null, '1'],
      ],
      EXACT,
    );
    expect(sees('app', 't')).toBe(false);
    expect(sees('apple', 't')).toBe(true);
  });

  it('shows one relation where the right is on it', () => {
    const sees = readTriggerRights([['a', 'T', '1']], EXACT);
    expect(sees('a', 'T')).toBe(true);
    expect(sees('a', 't')).toBe(false);
    expect(readTriggerRights([['A', 'T', '1']], { relations: true })('a', 't')).toBe(true);
  });
});
