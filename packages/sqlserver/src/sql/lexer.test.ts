import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Lexer } from './lexer.js';
import { ParseError } from './parse-error.js';
import type { Token } from './tokens.js';

function tokens(text: string, quotedIdentifier = true): Token[] {
  const lexer = new Lexer(text, quotedIdentifier);
  const all: Token[] = [];
  for (let token = lexer.next(); token.kind !== 'end'; token = lexer.next()) all.push(token);
  return all;
}

function read(text: string, quotedIdentifier = true): string[] {
  return tokens(text, quotedIdentifier).map((token) => `${token.kind} ${token.text}`);
}

function refusal(text: string, quotedIdentifier = true): ParseError {
  try {
    tokens(text, quotedIdentifier);
  } catch (error) {
    if (error instanceof ParseError) return error;
    throw error;
  }
  throw new Error('the text was read');
}

describe('Lexer', () => {
  it.each<[string, string[]]>([
    ['SELECT Name', ['word select', 'word name']],
    ['_a@b#c$d', ['word _a@b#c$d']],
    ['#Temp ##Shared', ['word #temp', 'word ##shared']],
    ['@Local @@ROWCOUNT', ['variable @local', 'variable @@rowcount']],
    ['straße Ελλάδα 名前', ['word straße', 'word ελλάδα', 'word 名前']],
    ['nº', ['word nº']],
    ['$action $IDENTITY', ['word $action', 'word $identity']],
  ])('reads the words of %s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each<[string, string[]]>([
    ['1 007', ['integer 1', 'integer 007']],
    ['1. .5 1.5', ['decimal 1.', 'decimal .5', 'decimal 1.5']],
    ['1e 1e5 1.5E-3 .5e+', ['float 1e', 'float 1e5', 'float 1.5E-3', 'float .5e+']],
    ['0x 0xAbC 0xG', ['binary 0x', 'binary 0xAbC', 'binary 0x', 'word g']],
    ['0xAB\\\nCD\\\r\nEF', ['binary 0xABCDEF']],
    ['$1.50 $  2 €3 $ a', ['money $1.50', 'money $  2', 'money €3', 'money $', 'word a']],
    ['1a', ['integer 1', 'word a']],
  ])('reads the numbers of %s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each<[string, string]>([
    [`'it''s'`, `string it's`],
    [`''`, 'string '],
    [`N'x'`, 'national x'],
    [`'a\\'`, `string a\\`],
    [`'a\\\nb'`, 'string ab'],
    [`'a\\\r\nb'`, 'string ab'],
    [`'/* -- "'`, `string /* -- "`],
    ['[a]]b]', 'quoted a]b'],
    ['[select]', 'quoted select'],
    ['"a""b"', 'quoted a"b'],
  ])('reads %s as one token', (text, expected) => {
    expect(read(text)).toEqual([expected]);
  });

  it('does not end a string at a backslash and a quote', () => {
    expect(read(`'a\\' , b --'`)).toEqual([`string a\\`, 'symbol ,', 'word b']);
  });

  it('takes double quotes for strings under QUOTED_IDENTIFIER OFF', () => {
    expect(read(`"it's" N"x"`, false)).toEqual([`string it's`, 'national x']);
    expect(read(`N"x"`, true)).toEqual(['word n', 'quoted x']);
  });

  it('skips comments, nested ones too', () => {
    expect(read('a -- b\nc /* d /* e */ f */ g --')).toEqual(['word a', 'word c', 'word g']);
    expect(read('a -- /*\nb -- */')).toEqual(['word a', 'word b']);
    expect(read('5--1')).toEqual(['integer 5']);
    expect(read('a -- b\r\nc -- d\r')).toEqual(['word a', 'word c']);
  });

  it.each<[string, string]>([
    ['what follows a lone carriage return in a comment', 'a -- b\rc'],
    ['what follows a line separator in a comment', 'a -- b\u2028c'],
    ['a NUL', `a '\0'`],
    ['a no-break space', 'a\u00a0b'],
    ['a zero-width space', 'a\u200bb'],
    ['a byte order mark', '\ufeffa'],
    ['a word behind a currency symbol', 'SELECT $from t'],
    ['a control character', 'a\u0001b'],
    ['a lone backslash', 'a \\ b'],
    ['fullwidth letters', 'ＳＥＬＥＣＴ'],
    ['the Kelvin sign', '\u212aill'],
    ['a surrogate outside of quotes', 'a \u{1d400}'],
    ['an exponent that may be a sum', '1e+ssn'],
  ])('refuses %s as a limit', (_what, text) => {
    expect(refusal(text).code).toBe('limit');
  });

  it.each(["'a", '[a', '"a', '/* /* */', '[]', '""', 'SELECT 1\nGO\nSELECT 2', 'go 5', 'a\r\n  GO -- x'])(
    'takes %j for a syntax error',
    (text) => {
      expect(refusal(text).code).toBe('syntax');
    },
  );

  it('takes GO for a name where it does not stand alone on its line', () => {
    expect(read('a go, go b\n[GO]')).toEqual(['word a', 'word go', 'symbol ,', 'word go', 'word b', 'quoted GO']);
  });

  it('never quotes the text in an error', () => {
    expect(refusal(`SELECT 'secret`).message).not.toContain('secret');
    expect(refusal('/* secret').message).not.toContain('secret');
  });

  it('covers the text without overlap, whatever it is', () => {
    const pieces = fc.constantFrom(
      "'",
      '"',
      '[',
      ']',
      '-',
      '--',
      '/*',
      '*/',
      '\\',
      '\n',
      ' ',
      'a',
      '1',
      '.',
      '$',
      '@',
      '#',
      '0x',
      'e',
      "N'",
      '\r',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), fc.boolean(), (parts, quotedIdentifier) => {
        try {
          let end = 0;
          for (const token of tokens(parts.join(''), quotedIdentifier)) {
            expect(token.start).toBeGreaterThanOrEqual(end);
            expect(token.end).toBeGreaterThan(token.start);
            ({ end } = token);
          }
        } catch (error) {
          if (!(error instanceof ParseError)) throw error;
        }
      }),
    );
  });
});
