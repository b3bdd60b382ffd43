import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseStrictJson } from './strict-json.js';

describe('strict json', () => {
  it('reads whatever JSON.stringify writes as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' }), fc.constantFrom(undefined, 2), (value, space) => {
        const text = JSON.stringify(value, undefined, space);
        expect(parseStrictJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('finds a name that is there twice, wherever it is and however it is spelled', () => {
    const names = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(names, fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme' }), fc.boolean(), (name, between, escaped) => {
        const units = Array.from({ length: name.length }, (_, at) => name.charCodeAt(at).toString(16).padStart(4, '0'));
        const again = escaped ? `"${units.map((unit) => `\\u${unit}`).join('')}"` : JSON.stringify(name);
        const text = `[{"":{${JSON.stringify(name)}:${JSON.stringify(between)} , ${again} :0}}]`;
        expect(() => parseStrictJson(text)).toThrow('json names a member twice');
      }),
    );
  });

  it('lets the same name stand at different levels, and in values', () => {
    expect(parseStrictJson('{"a":{"a":["a","a",{"a":"a"}]},"b":"a"}')).toEqual({ a: { a: ['a', 'a', { a: 'a' }] }, b: 'a' });
  });

  it('has nothing of the text in its messages', () => {
    expect(() => parseStrictJson('{"secret": ')).toThrow(/^not valid json$/);
  });
});
