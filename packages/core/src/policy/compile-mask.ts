import { partyKey } from '../identity/principal.js';
import type { MaskFunction } from '../masking/mask.js';
import type { CompilePattern } from '../ports.js';
import { partyConditions } from './compile-rule.js';
import type { CompiledMask, Exception } from './compiled.js';
import { type ExceptSource, list, type MaskFunctionSource, type MaskSource } from './document.js';
import type { ProblemSink } from './policy-error.js';

/** What redacted text shows where policy names no text of its own. */
export const REDACTED_TEXT = '[redacted]';

/** A mask of the policy with its defaults filled in; `undefined` when it has a problem. */
export function compileMask(
  source: MaskSource,
  path: readonly (string | number)[],
  sink: ProblemSink,
  compilePattern: CompilePattern,
): CompiledMask | undefined {
  const maskFunction = maskFunctionOf(source.with, source.label);
  if (maskFunction.kind === 'regex') {
    const checked = sink.attempt([...path, 'with', 'regex', 'pattern'], () => compilePattern(maskFunction.pattern, { ignoreCase: false }));
    if (checked === undefined) return undefined;
  }
  return {
    label: source.label,
    function: maskFunction,
    exceptions: list(source.except).map(exceptionOf),
    predicates: source.predicates ?? 'equality',
    derive: source.derive ?? 'redact',
    write: source.write ?? 'deny',
  };
}

/** The function that policy names. Tokens of one label join with each other wherever the label is used, unless a domain is given. */
export function maskFunctionOf(source: MaskFunctionSource, label: string): MaskFunction {
  if (source === null) return { kind: 'null' };
  if (typeof source === 'string') {
    if (source === 'redact') return { kind: 'redact', text: REDACTED_TEXT };
    if (source === 'token') return { kind: 'token', domain: label };
    return { kind: source };
  }
  if ('redact' in source) return { kind: 'redact', text: source.redact.text };
  if ('partial' in source) {
    const { prefix = 0, suffix = 0, pad = '*' } = source.partial;
    return { kind: 'partial', prefix, suffix, pad };
  }
  if ('token' in source) return { kind: 'token', domain: source.token.domain };
  if ('bucket' in source) return { kind: 'bucket', size: source.bucket.size };
  if ('noise' in source) return { kind: 'noise', ...source.noise };
  if ('round' in source) return { kind: 'round', to: source.round.to };
  if ('date_trunc' in source) return { kind: 'date_trunc', unit: source.date_trunc.unit };
  return { kind: 'regex', pattern: source.regex.pattern, replacement: source.regex.replacement ?? REDACTED_TEXT };
}

function exceptionOf(source: ExceptSource): Exception {
  return {
    conditions: partyConditions(source),
    subjects: source.subjects && new Set(source.subjects.map(partyKey)),
    everyParty: source.actors !== 'any',
  };
}
