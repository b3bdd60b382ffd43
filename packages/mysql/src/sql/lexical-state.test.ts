import { describe, expect, it } from '@jest/globals';
import { readLexicalState, withClientCharset, withSqlMode, type LexicalState } from './lexical-state.js';

const LEXICAL = { flavour: 'mariadb', sql_mode: 'STRICT_TRANS_TABLES', character_set_client: 'utf8mb4', lower_case_table_names: '1' };

function read(over: Record<string, string> = {}): LexicalState | undefined {
  const result = readLexicalState({ serverVersion: 101_119, lexical: { ...LEXICAL, ...over } });
  return result.ok ? result.state : undefined;
}

describe('readLexicalState', () => {
  it('reads what the server tells of itself and the session', () => {
    expect(read()).toMatchObject({
      flavour: 'mariadb',
      serverVersion: 101_119,
      ansiQuotes: false,
      lowerCaseTableNames: 1,
      wideNames: 'all',
    });
    expect(read({ sql_mode: 'ansi_quotes,NO_BACKSLASH_ESCAPES' })).toMatchObject({
      ansiQuotes: true,
      noBackslashEscapes: true,
      pipesAsConcat: false,
    });
    expect(read({ sql_mode: 'ANSI' })).toMatchObject({ ansiQuotes: true, pipesAsConcat: true, ignoreSpace: true });
  });

  it.each(['gbk', 'big5', 'sjis', 'cp932', 'gb18030', 'swe7', 'utf16', 'cp850', 'cp852', 'macce', 'unheard'])(
    'refuses character set %s, in which a quote may be half of a character or names are not known',
    (charset) => {
      expect(read({ character_set_client: charset })).toBeUndefined();
    },
  );

  it.each(['ORACLE', 'UNHEARD_OF', '4'])('refuses sql_mode %s, under which texts mean something else', (mode) => {
    expect(read({ sql_mode: mode })).toBeUndefined();
  });

  it.each(Object.keys(LEXICAL))('refuses to go on without %s', (key) => {
    const lexical = Object.fromEntries(Object.entries(LEXICAL).filter(([name]) => name !== key));
    expect(readLexicalState({ serverVersion: 101_119, lexical }).ok).toBe(false);
  });
});

describe('a state that is changed', () => {
  const state = read() as LexicalState;

  it('has the modes that were set and no others', () => {
    expect(withSqlMode({ ...state, ansiQuotes: true }, 'PIPES_AS_CONCAT')).toMatchObject({ ansiQuotes: false, pipesAsConcat: true });
    expect(withSqlMode(state, 'ORACLE')).toBeUndefined();
  });

  it('has the character set that was named', () => {
    expect(withClientCharset(state, 'LATIN1')).toMatchObject({ wideNames: 'latin1' });
    expect(withClientCharset(state, 'gbk')).toBeUndefined();
  });
});
