import { list, type OneOrMany } from './document.js';
import { type NamePattern, parsePattern } from './pattern.js';
import type { ProblemSink } from './policy-error.js';

/** The patterns that are well formed; the others become problems. */
export function compilePatterns(
  source: OneOrMany<string> | undefined,
  shape: string,
  path: readonly (string | number)[],
  sink: ProblemSink,
): NamePattern[] {
  return list(source).flatMap((text, at) => {
    const where = Array.isArray(source) ? [...path, at] : path;
    const pattern = sink.attempt(where, () => {
      try {
        return parsePattern(text, shape);
      } catch (error) {
        throw new SyntaxError(`"${text}" ${error instanceof Error ? error.message : 'is not a name pattern'}`);
      }
    });
    return pattern === undefined ? [] : [pattern];
  });
}
