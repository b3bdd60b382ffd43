import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { assertedInComment, howToAssert } from './asserted-comment.js';

const TRACE = '00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01';
const values = (text: string): Record<string, string> =>
  Object.fromEntries(Object.entries(assertedInComment(text) ?? {}).map(([field, { value }]) => [field, value]));

describe('a comment at the end of a statement', () => {
  it.each([
    [
      'as the specification has it',
      `select 1 /*controller='index',framework='spring',traceparent='${TRACE}',tracestate='congo%3D1'*/`,
      { traceparent: TRACE },
    ],
    ['before a semicolon', "select 1 /*ticket='CHG-7'*/;\n", { ticket: 'CHG-7' }],
    ['over lines, with blanks', "select 1 /* purpose='support',\n  ticket = 'CHG-7' */", { purpose: 'support', ticket: 'CHG-7' }],
    ['values that are url-encoded', "select 1 /*purpose='fraud%20review%2C%20Q3'*/", { purpose: 'fraud review, Q3' }],
    ['keys that are url-encoded', "select 1 /*tic%6Bet='CHG-7'*/", { ticket: 'CHG-7' }],
    ['quotes behind a backslash', String.raw`select 1 /*purpose='ada\'s'*/`, { purpose: "ada's" }],
    ['the last of two', "select /*ticket='CHG-1'*/ 1 /*ticket='CHG-2'*/", { ticket: 'CHG-2' }],
    ['one only, in front', "/*ticket='CHG-1'*/ select 1", {}],
    ['of words', 'select 1 /* see ticket CHG-7 */', {}],
    ['of an open quote', "select 1 /*ticket='CHG-7*/", {}],
    ['of more behind the pairs', "select 1 /*ticket='CHG-7' and so on*/", {}],
    ['a key twice', "select 1 /*ticket='CHG-1',ticket='CHG-2',purpose='support'*/", { purpose: 'support' }],
    ['a value that is no encoding', "select 1 /*ticket='%zz',purpose='support'*/", { purpose: 'support' }],
    ['a value with a line break in it', "select 1 /*ticket='CHG%0A7'*/", {}],
    ['a trace context that is none', "select 1 /*traceparent='nope'*/", {}],
    ['inside of another', "select 1 /* a /*ticket='CHG-7'*/ */", {}],
    ['nothing in it', 'select 1 /**/', {}],
    ['only its end', '*/', {}],
    ['none', 'select 1', {}],
    ['an empty text', '', {}],
    ['too long', `select 1 /*ticket='CHG-7',x='${'x'.repeat(9000)}'*/`, {}],
  ])('%s', (_, text, expected) => {
    expect(values(text)).toEqual(expected);
  });

  it('is marked as what it is', () => {
    expect(assertedInComment("select 1 /*ticket='CHG-7'*/")).toEqual({ ticket: { value: 'CHG-7', source: 'comment' } });
  });

  it('gives back whatever was written into it', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."aZ09 -_.~!*'(),=/\\%äß€"), minLength: 1, maxLength: 80 }), (value) => {
        const encoded = encodeURIComponent(value).replaceAll("'", "\\'");
        expect(values(`select 1 /*ticket='${encoded}'*/`)).toEqual({ ticket: value });
      }),
    );
  });

  it('is never an error, and takes time in proportion to the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'/*\'"=,\\% t;'), maxLength: 200 }), (text) => void assertedInComment(text)),
    );
    const started = performance.now();
    for (const text of ['/*'.repeat(500_000), "'\\".repeat(500_000), ' ;'.repeat(500_000), `select /*${"a='".repeat(2_000)}*/`])
      assertedInComment(text);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('the hint of a refusal', () => {
  it('names every field that is missing', () => {
    expect(howToAssert(['ticket'])).toContain('SET sqlwarden.ticket =');
    expect(howToAssert(['ticket', 'purpose'])).toContain('(the same for purpose)');
  });
});
