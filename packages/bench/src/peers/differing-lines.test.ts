import { describe, expect, it } from '@jest/globals';
import { causesOf, readHunks } from './differing-lines.js';

const hunk = (direct: readonly string[], through: readonly string[]) => ({ direct, through });

describe('differing lines', () => {
  it('reads what diff writes', () => {
    expect(readHunks('52c52\n< a\n---\n> b\n54a55,56\n> c\n> d\n\\ No newline at end of file\n')).toEqual([
      hunk(['a'], ['b']),
      hunk([], ['c', 'd']),
    ]);
  });

  it('takes a syntax error of the gateway in the place of one of the server for what it is', () => {
    const hunks = [
      hunk(['ERROR:  syntax error at or near "from"'], ['ERROR:  sqlwarden: syntax error at character 28']),
      hunk([], ['DETAIL:  code: statement-unparsed']),
    ];
    expect(causesOf(hunks)).toEqual(['syntax-error', 'syntax-error']);
  });

  it('does not explain a syntax error in the place of a result', () => {
    expect(causesOf([hunk([' a ', '---', ' 1'], ['ERROR:  sqlwarden: syntax error at character 28'])])).toEqual(['unexplained']);
  });

  it('does not explain an error that is missing', () => {
    expect(causesOf([hunk(['ERROR:  cannot do that'], [])])).toEqual(['unexplained']);
  });

  it('explains what is missing behind a refusal, and nothing before it', () => {
    const missing = hunk([' 1'], []);
    const refused = hunk(['CREATE'], ['ERROR:  sqlwarden: the statement could not be judged; see the log of the gateway']);
    expect(causesOf([missing, refused, missing])).toEqual(['unexplained', 'refused', 'follows']);
  });
});
