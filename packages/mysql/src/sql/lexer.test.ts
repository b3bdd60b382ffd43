import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Lexer } from './lexer.js';
import { readLexicalState, type LexicalState } from './lexical-state.js';
import type { Token } from './tokens.js';

function state(over: Record<string, string> = {}, serverVersion = 80_036): LexicalState {
  const lexical = { flavour: 'mysql', sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '0', ...over };
  const result = readLexicalState({ serverVersion, lexical });
  if (!result.ok) throw new Error(result.message);
  return result.state;
}

const MYSQL = state();
const MARIADB = state({ flavour: 'mariadb' }, 101_119);

function tokens(text: string, under = MYSQL): Token[] {
  const lexer = new Lexer(text, under);
  const found: Token[] = [];
  for (;;) {
    const token = lexer.read();
    if (token.kind === 'end') return found;
    found.push(token);
    if (token.kind === 'broken' || token.kind === 'unreadable') return found;
  }
}

/** `kind:text` of every token. */
function read(text: string, under = MYSQL): string {
  return tokens(text, under)
    .map((token) => (token.kind === 'operator' ? token.text : `${token.kind}:${token.text}`))
    .join(' ');
}

function lastKind(text: string, under = MYSQL): string | undefined {
  return tokens(text, under).at(-1)?.kind;
}

describe('comments', () => {
  it.each([
    ['1 # x\n2', 'integer:1 integer:2'],
    ['1 -- x\n2', 'integer:1 integer:2'],
    ['1 --\t2', 'integer:1'],
    ['1 --', 'integer:1'],
    ['5--1', 'integer:5 - - integer:1'],
    ['5--/**/1', 'integer:5 - - integer:1'],
    ['1 -- x\r2', 'integer:1'],
    ['1 /* x */ 2', 'integer:1 integer:2'],
    ['1 /* /* x */ 2', 'integer:1 integer:2'],
    ['1 /*+ NO_ICP(t) */ 2', 'integer:1 integer:2'],
    ['1 /*/ x */ 2', 'integer:1 integer:2'],
    ['1/2', 'integer:1 / integer:2'],
    ['2 * / 3', 'integer:2 * / integer:3'],
  ])('%j is read as the server reads it', (text, expected) => {
    expect(read(text)).toBe(expected);
    expect(read(text, MARIADB)).toBe(expected);
  });

  it.each(["/*+ SET_VAR(a='*/ 1 -- ') */ b", '/*+ QB_NAME(`*/ 1 -- `) */ b', '/*+ QB_NAME("*/ 1 -- ") */ b', "/*+ '\\' */ '"])(
    '%j is not read, as hints may end elsewhere',
    (text) => {
      expect(lastKind(text)).toBe('unreadable');
    },
  );

  it('reads hints with quotes that are closed', () => {
    expect(read("/*+ SET_VAR(a='b') QB_NAME(`c`) */ 1")).toBe('integer:1');
    expect(read("/* it's */ 1")).toBe('integer:1');
  });

  it.each(['1 /* x', '1 /*', '1 /*! 2', '1 /*!99999 2', '1 /*!99999 /* 2 */', '1 /*!99999 /*/ 2 */', '1 /*/'])(
    '%j is not closed',
    (text) => {
      expect(lastKind(text)).toBe('broken');
      expect(lastKind(text, MARIADB)).toBe('broken');
    },
  );
});

describe('comments with code', () => {
  it.each([
    ['1 /*! 2 */ 3', 'integer:1 integer:2 integer:3', 'integer:1 integer:2 integer:3'],
    ['1 /*!2*/', 'integer:1 integer:2', 'integer:1 integer:2'],
    ['1 /*!5003 */', 'integer:1 integer:5003', 'integer:1 integer:5003'],
    ['1 /*!50003 2 */', 'integer:1 integer:2', 'integer:1 integer:2'],
    ['1 /*!500032*/', 'integer:1 integer:2', 'integer:1'],
    ['1 /*!80035 2 */', 'integer:1 integer:2', 'integer:1'],
    ['1 /*!80037 2 */', 'integer:1', 'integer:1'],
    ['1 /*!50700 2 */', 'integer:1 integer:2', 'integer:1'],
    ['1 /*!50699 2 */', 'integer:1 integer:2', 'integer:1 integer:2'],
    ['1 /*!99999 2 */ 3', 'integer:1 integer:3', 'integer:1 integer:3'],
    ['1 /*M! 2 */', 'integer:1', 'integer:1 integer:2'],
    ['1 /*M!100500 2 */', 'integer:1', 'integer:1 integer:2'],
    ['1 /*M!50701 2 */', 'integer:1', 'integer:1 integer:2'],
    ['1 /*M!110000 2 */', 'integer:1', 'integer:1'],
    ['1 /*m! 2 */', 'integer:1', 'integer:1'],
    ['1 /*!99999 /* x */ 2 */ 3', 'integer:1 integer:3', 'integer:1 integer:3'],
    ['1 /*!99999 /*/*/ 2 */ 3', 'integer:1 integer:3', 'integer:1 integer:3'],
    ["1 /*!99999 /*/ '*/ */ 2 -- '", 'integer:1 integer:2', 'integer:1 integer:2'],
    ['1 /*!50000 /* x */ 2 */ 3', 'integer:1 integer:2 integer:3', 'integer:1 integer:2 integer:3'],
    ['1 /*!50000 /*!99999 x */ 2 */ 3', 'integer:1 integer:2 integer:3', 'integer:1 integer:2 integer:3'],
    ['1 /*!50000 -- x */ \n 2 */ 3', 'integer:1 integer:2 integer:3', 'integer:1 integer:2 integer:3'],
    ["1 /*!50000 '*/' */ 3", 'integer:1 string:*/ integer:3', 'integer:1 string:*/ integer:3'],
    ['1 /*!50000 /*! 2 */ * / 3', 'integer:1 integer:2 * / integer:3', 'integer:1 integer:2 * / integer:3'],
  ])('%j by server and version', (text, mysql, mariadb) => {
    expect(read(text)).toBe(mysql);
    expect(read(text, MARIADB)).toBe(mariadb);
  });

  it('takes six digits in MySQL since 8.1, when a space follows', () => {
    expect(read('/*!080100 1 */', state({}, 80_400))).toBe('integer:1');
    expect(read('/*!0801001 */', state({}, 80_400))).toBe('integer:01');
    expect(lastKind('/*!080100 1 */', state({}, 80_036))).toBe('unreadable');
    expect(read('/*!080100 1 */', state({}, 50_744))).toBe('integer:0 integer:1');
  });

  it('refuses the number that is code on nodes of a cluster only', () => {
    expect(lastKind('/*!99997 1 */', MARIADB)).toBe('unreadable');
    expect(read('/*!99997 1 */')).toBe('');
  });
});

describe('strings', () => {
  it.each([
    ["'a'", 'string:a'],
    ["'it''s'", "string:it's"],
    [String.raw`'it\'s'`, "string:it's"],
    [String.raw`'a\\'`, 'string:a\\'],
    [String.raw`'\n\t\0\Z\x'`, 'string:\n\t\0\x1ax'],
    [String.raw`'100\%\_'`, String.raw`string:100\%\_`],
    ['"a""b"', 'string:a"b'],
    ['"it\'s"', "string:it's"],
    ["N'a'", 'string:a'],
    ["n'a'", 'string:a'],
    ["N 'a'", 'word:n string:a'],
    ["_utf8mb4'a'", 'word:_utf8mb4 string:a'],
    ["''", 'string:'],
    ["'--' -- '", 'string:--'],
  ])('%j', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it('has no escapes under NO_BACKSLASH_ESCAPES', () => {
    const plain = state({ sql_mode: 'NO_BACKSLASH_ESCAPES' });
    expect(read(String.raw`'\' , b`, plain)).toBe('string:\\ , word:b');
    expect(lastKind(String.raw`'\' , b`)).toBe('broken');
  });

  it('has names between double quotes under ANSI_QUOTES', () => {
    const ansi = state({ sql_mode: 'ANSI_QUOTES' });
    expect(read('"a""b"', ansi)).toBe('name:a"b');
    expect(read(String.raw`"\", b`, ansi)).toBe('name:\\ , word:b');
    expect(read(`@"a" 'b'`, ansi)).toBe('variable:a string:b');
  });

  it.each(["'a", '"a', '`a', "'a''", String.raw`'a\'`, "N'a", "@'a"])('%j is not closed', (text) => {
    expect(lastKind(text)).toBe('broken');
  });
});

describe('numbers', () => {
  it.each([
    ['1', 'integer:1'],
    ['1.5', 'decimal:1.5'],
    ['1.', 'decimal:1.'],
    ['.5', 'decimal:.5'],
    ['1e5', 'float:1e5'],
    ['1E+5', 'float:1E+5'],
    ['1.5e-5', 'float:1.5e-5'],
    ['1e5x', 'float:1e5 word:x'],
    ['1ex', 'name:1ex'],
    ['1e+x', 'name:1e + word:x'],
    ['1a', 'name:1a'],
    ['0x1F', 'hexadecimal:0x1F'],
    ['0X1F', 'name:0X1F'],
    ['0x', 'name:0x'],
    ['0x1g', 'name:0x1g'],
    ['0b01', 'bits:0b01'],
    ['0b02', 'name:0b02'],
    ["x'4D'", "hexadecimal:x'4D'"],
    ["X'4D'", "hexadecimal:X'4D'"],
    ["b'01'", "bits:b'01'"],
    ['1.a', 'decimal:1. word:a'],
  ])('%j', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it.each(["x'4'", "x'4g'", "b'2'"])('%j is malformed', (text) => {
    expect(lastKind(text)).toBe('broken');
  });

  it.each(['1.e', '1.e(a)', '.5e+', '1.5e x'])('%j has an exponent without digits, which servers have dropped in silence', (text) => {
    expect(lastKind(text)).toBe('unreadable');
  });

  it('has ranges in MariaDB', () => {
    expect(read('1..10', MARIADB)).toBe('integer:1 .. integer:10');
    expect(read('1..10')).toBe('decimal:1. decimal:.10');
  });
});

describe('names', () => {
  it.each([
    ['Select', 'word:select'],
    ['select.a', 'name:select . name:a'],
    ['a.select', 'name:a . name:select'],
    ['a . select', 'word:a . word:select'],
    ['a.1b', 'name:a . name:1b'],
    ['a.1', 'name:a . name:1'],
    ['a .1', 'word:a decimal:.1'],
    ['a.b.c', 'name:a . name:b . name:c'],
    ['.a', '. name:a'],
    ['a.`b`', 'word:a . name:b'],
    ['`a`.b', 'name:a . name:b'],
    ['`a`.1b', 'name:a decimal:.1 word:b'],
    ['`a``b`', 'name:a`b'],
    ['a.*', 'word:a . *'],
    ['a$b_1', 'word:a$b_1'],
    ['$a', 'word:$a'],
    ['prénom', 'name:prénom'],
    ['a\u00a0b', 'name:a\u00a0b'],
  ])('%j', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it('are limited by the character set of the client', () => {
    const latin1 = state({ character_set_client: 'latin1' });
    expect(read('prénom', latin1)).toBe('name:prénom');
    expect(lastKind('a\u00a0b', latin1)).toBe('unreadable');
    expect(lastKind('prénom', state({ character_set_client: 'cp1251' }))).toBe('unreadable');
    expect(lastKind('smile😀')).toBe('unreadable');
    expect(read("'😀'")).toBe('string:😀');
  });

  it('refuses dollar-quoted texts, which only newer versions have', () => {
    expect(lastKind('$$ select 1 $$')).toBe('unreadable');
    expect(lastKind('$tag$ 1')).toBe('unreadable');
    expect(read('$a, $b')).toBe('word:$a , word:$b');
    expect(read('$a$', MARIADB)).toBe('word:$a$');
  });

  it('ends at NUL, wherever it stands outside of strings', () => {
    for (const text of ['1\0', '-- \0\n1', '`a\0b`', '# \0']) expect(['broken', 'unreadable']).toContain(lastKind(text));
    expect(read("'\0'")).toBe('string:\0');
    expect(read('/* \0 */ 1')).toBe('integer:1');
  });
});

describe('variables and operators', () => {
  it.each([
    ['@a', 'variable:a'],
    ['@a.b$c', 'variable:a.b$c'],
    ['@`a b`', 'variable:a b'],
    ["@'a b'", 'variable:a b'],
    ['@"a b"', 'variable:a b'],
    ['@ a', 'variable: word:a'],
    ["'u'@'h'", 'string:u variable:h'],
    ['@@a', '@@ word:a'],
    ['@@global.a', '@@ word:global . name:a'],
    ['@@select', '@@ word:select'],
    ['@@`a`', '@@ name:a'],
    ['@a:=1', 'variable:a := integer:1'],
    ['a<=>b', 'word:a <=> word:b'],
    ['a<>b!=c', 'word:a <> word:b != word:c'],
    ['a<<b>>c', 'word:a << word:b >> word:c'],
    ['a||b&&c|d&e', 'word:a || word:b && word:c | word:d & word:e'],
    ['SELECT-1', 'word:select - integer:1'],
    ["{d '2020-01-01'}", '{ word:d string:2020-01-01 }'],
    ['a=-1', 'word:a = - integer:1'],
    ['a>=-1', 'word:a >= - integer:1'],
  ])('%j', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it('has JSON arrows in MySQL only', () => {
    expect(read("a->'$'")).toBe('word:a -> string:$');
    expect(read("a->>'$'")).toBe('word:a ->> string:$');
    expect(read("a->'$'", MARIADB)).toBe('word:a - > string:$');
  });

  it('takes operators apart in MariaDB, and refuses in MySQL what it makes of them', () => {
    expect(read('a=!b', MARIADB)).toBe('word:a = ! word:b');
    expect(read('a==b', MARIADB)).toBe('word:a = = word:b');
    expect(lastKind('a=!b')).toBe('unreadable');
    expect(lastKind('a==b')).toBe('unreadable');
    expect(lastKind('a<=!b')).toBe('unreadable');
  });

  it('has \\N for NULL where the server has', () => {
    expect(read('\\N', MARIADB)).toBe('word:null');
    expect(read('\\N', state({}, 50_744))).toBe('word:null');
    expect(lastKind('\\N')).toBe('broken');
  });

  it.each(['?a', '@@ a', '\x1a', '\\x', '['])('%j is nothing', (text) => {
    expect(lastKind(text)).toBe('broken');
  });
});

describe('any text', () => {
  const piece = fc.constantFrom(
    "'",
    '"',
    '`',
    '/*',
    '*/',
    '/*!',
    '/*!50000',
    '--',
    ' ',
    '\n',
    '#',
    '@',
    '@@',
    '.',
    '1',
    'e',
    'x',
    '0x',
    '\\',
    'a',
    '=',
    '<',
    '!',
    '$',
    ';',
  );

  it('becomes tokens that stand in order and do not overlap', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.boolean(), (pieces, isMaria) => {
        const text = pieces.join('');
        let end = 0;
        for (const token of tokens(text, isMaria ? MARIADB : MYSQL)) {
          expect(token.start).toBeGreaterThanOrEqual(end);
          expect(token.end).toBeGreaterThanOrEqual(token.start);
          expect(token.end).toBeLessThanOrEqual(text.length);
          end = token.end;
        }
      }),
    );
  });
});
