import type { JsonPath } from '../masking/mask.js';
import { parsePointer } from '../sql/names.js';
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
  return compileEach(source, path, sink, (text) => parsePattern(text, shape));
}

/** A pattern over columns, with the part of their JSON documents that it means. */
export interface ColumnPattern {
  readonly pattern: NamePattern;
  readonly path?: JsonPath;
}

/** The same for columns: a JSON Pointer may follow (`crm.public.events.payload#/user/email`). */
export function compileColumnPatterns(source: OneOrMany<string>, path: readonly (string | number)[], sink: ProblemSink): ColumnPattern[] {
  return compileEach(source, path, sink, (text) => {
    const at = text.indexOf('#/');
    const pattern = parsePattern(at < 0 ? text : text.slice(0, at), 'upstream.schema.relation.column');
    if (at < 0) return { pattern };
    const pointer = parsePointer(text.slice(at + 1));
    if (pointer === undefined) throw new SyntaxError('has a path that is no JSON Pointer; write one like #/user/email');
    return { pattern, path: pointer };
  });
}

function compileEach<T>(
  source: OneOrMany<string> | undefined,
  path: readonly (string | number)[],
  sink: ProblemSink,
  parse: (text: string) => T,
): T[] {
  return list(source).flatMap((text, at) => {
    const where = Array.isArray(source) ? [...path, at] : path;
    const pattern = sink.attempt(where, () => {
      try {
        return parse(text);
      } catch (error) {
        throw new SyntaxError(`"${text}" ${error instanceof Error ? error.message : 'is not a name pattern'}`);
      }
    });
    return pattern === undefined ? [] : [pattern];
  });
}
