import type { CompilePattern, LinearPattern } from '@sqlwarden/core';
import { RE2JS, RE2JSException } from 're2js';

/** Longest pattern; a longer one is a mistake. Bounds what compiling costs. */
const MAX_PATTERN_LENGTH = 1000;

/** Regular expressions in RE2 syntax: time linear in the text, no backtracking, no back-references or look-around. */
export const compilePattern: CompilePattern = (source, flags): LinearPattern => {
  if (source.length > MAX_PATTERN_LENGTH) throw new SyntaxError(`has more than ${MAX_PATTERN_LENGTH} characters; write a shorter one`);
  const pattern = compile(source, flags.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
  return {
    test: (text) => pattern.test(text),
    replaceAll: (text, replacement) => pattern.matcher(text).replaceAll(() => replacement),
  };
};

function compile(source: string, flags: number): RE2JS {
  try {
    return RE2JS.compile(source, flags);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new SyntaxError(
      `is not a regular expression in RE2 syntax (${error.message.replace(/^error parsing regexp: /, '')}); look-around and back-references do not exist in it`,
    );
  }
}
