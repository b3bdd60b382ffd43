import { describe, expect, it } from '@jest/globals';
import { assertedInComment, howToAssert } from './asserted-comment.js';

describe('a comment at the end of a batch', () => {
  it('says why it is run', () => {
    expect(assertedInComment("select 1 /*ticket='CHG-7'*/;")).toEqual({ ticket: { value: 'CHG-7', source: 'comment' } });
  });
});

describe('the hint of a refusal', () => {
  it('names every field that is missing, and every way to say it', () => {
    expect(howToAssert(['ticket'])).toContain("sp_set_session_context N'sqlwarden.ticket'");
    expect(howToAssert(['ticket'])).toContain("/*ticket='…'*/");
    expect(howToAssert(['ticket', 'purpose'])).toContain('(the same for purpose)');
  });
});
