import { describe, expect, it } from '@jest/globals';
import { compilePattern } from './compile-pattern.js';

const plain = { ignoreCase: false };

describe('compilePattern', () => {
  it('finds anywhere in the text', () => {
    expect(compilePattern('b+', plain).test('abbc')).toBe(true);
    expect(compilePattern('^b', plain).test('abbc')).toBe(false);
    expect(compilePattern('B', { ignoreCase: true }).test('abc')).toBe(true);
    expect(compilePattern('B', plain).test('abc')).toBe(false);
  });
  it('takes replacements literally', () => {
    expect(compilePattern('([0-9]+)', plain).replaceAll('a1b22', '$1$&\\1')).toBe('a$1$&\\1b$1$&\\1');
    expect(compilePattern('x', plain).replaceAll('none', 'y')).toBe('none');
  });
  it('can be used again and again, in any order', () => {
    const pattern = compilePattern('a', plain);
    expect([pattern.test('a'), pattern.test('b'), pattern.test('a'), pattern.replaceAll('aa', 'b')]).toEqual([true, false, true, 'bb']);
  });
  it.each(['(', '(?=a)', '(?<!a)b', '(a)\\1', 'x'.repeat(1001)])('refuses %s', (source) => {
    expect(() => compilePattern(source, plain)).toThrow(SyntaxError);
  });
  it('takes linear time where backtracking takes exponential time', () => {
    const started = performance.now();
    expect(compilePattern('^(a+)+$', plain).test(`${'a'.repeat(20_000)}!`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});
