import type { CompilePattern } from '../ports.js';
import { MAX_INTENT_LENGTH, isIntentValue } from '../session/asserted-intent.js';
import type { CompiledRequirement } from './compiled.js';
import { compileMatch } from './compile-rule.js';
import { list, type RequirementSource } from './document.js';
import type { ProblemSink } from './policy-error.js';

type Path = readonly (string | number)[];

/** A requirement of the policy made ready. Problems go to `sink`. */
export function compileRequirement(
  source: RequirementSource,
  path: Path,
  sink: ProblemSink,
  compilePattern: CompilePattern,
): CompiledRequirement {
  const { id, message, ticket, purpose, traceparent } = source;
  if (ticket === undefined && purpose === undefined && traceparent === undefined)
    sink.add(path, `"${id}" requires nothing; write ticket, purpose or traceparent`);
  for (const [at, value] of list(purpose).entries()) {
    if (!isIntentValue('purpose', value))
      sink.add(
        [...path, 'purpose', ...(Array.isArray(purpose) ? [at] : [])],
        `is nothing that can be given: a purpose has 1 to ${MAX_INTENT_LENGTH} characters and no control characters`,
      );
  }
  return {
    id,
    message,
    ticket: ticket === undefined ? undefined : wholePattern(ticket, [...path, 'ticket'], sink, compilePattern),
    purposes: purpose === undefined ? undefined : list(purpose),
    traceparent: traceparent === true,
    ...compileMatch(source.match ?? {}, [...path, 'match'], sink),
  };
}

/** `CHG-[0-9]+` must not be met by a sentence with such a number in it. */
function wholePattern(source: string, path: Path, sink: ProblemSink, compilePattern: CompilePattern): CompiledRequirement['ticket'] {
  return sink.attempt(path, () => {
    try {
      // By itself first: the parentheses must not close one of its own.
      compilePattern(source, { ignoreCase: false });
      return { source, pattern: compilePattern(`\\A(?:${source})\\z`, { ignoreCase: false }) };
    } catch (error) {
      throw new SyntaxError(`"${source}" ${error instanceof Error ? error.message : 'is not a regular expression'}`);
    }
  });
}
