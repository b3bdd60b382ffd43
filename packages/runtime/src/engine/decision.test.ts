import { describe, expect, it } from '@jest/globals';
import { type Decision, DecisionCache } from './decision.js';

const decision = (epoch: number): Decision => ({ epoch }) as Decision;

describe('DecisionCache', () => {
  it('keeps decisions apart by exact text and by key', () => {
    const cache = new DecisionCache({ maxTexts: 10, maxCharacters: 1000 });
    cache.set('set role a', '1', decision(1));
    cache.set('set role b', '1', decision(2));
    cache.set('set role a', '2', decision(3));
    expect(cache.get('set role a', '1')?.epoch).toBe(1);
    expect(cache.get('set role b', '1')?.epoch).toBe(2);
    expect(cache.get('set role a', '2')?.epoch).toBe(3);
    expect(cache.get('set role a', '3')).toBeUndefined();
  });

  it('drops the least recently used text when there are too many', () => {
    const cache = new DecisionCache({ maxTexts: 3, maxCharacters: 1000 });
    for (const text of ['a', 'b', 'c']) cache.set(text, '1', decision(1));
    cache.get('a', '1');
    cache.set('d', '1', decision(1));
    expect(cache.get('b', '1')).toBeUndefined();
    expect(cache.get('a', '1')).toBeDefined();
  });

  it('is bounded by characters and never keeps a text that would fill it', () => {
    const cache = new DecisionCache({ maxTexts: 100, maxCharacters: 80 });
    cache.set('x'.repeat(11), '1', decision(1));
    expect(cache.get('x'.repeat(11), '1')).toBeUndefined();
    for (let i = 0; i < 50; i++) cache.set(`text ${i}`, '1', decision(i));
    expect(cache.get('text 0', '1')).toBeUndefined();
    expect(cache.get('text 49', '1')).toBeDefined();
  });
});
