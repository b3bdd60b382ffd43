import { type CellMask, type MaskPlan, type MaskTools, type OutputMask, UnmaskableResult } from '@sqlwarden/core';
import type { ReturnValue } from '../protocol/server-token.js';
import type { Work } from './expected-reply.js';
import { resultColumn } from './result-binding.js';
import { isUnprotected, stricter } from './result-plans.js';
import { bindRows } from './result-rows.js';

/** What is done with a RETURNVALUE ([MS-TDS] section 2.2.7.19). `own`: a number of the server's own (a handle, a count). */
export type ReturnValueUse = { readonly kind: 'passes' } | { readonly kind: 'own' } | { readonly kind: 'masked'; readonly mask: CellMask };

const PASSES: ReturnValueUse = Object.freeze({ kind: 'passes' });
const OWN: ReturnValueUse = Object.freeze({ kind: 'own' });
/** Handles and counts are integers. */
const MAX_OWN_BYTES = 8;

/**
 * `works`: the calls that the value may be of, the one at hand first; servers do not all say where the answer to one ends. Throws {@link UnmaskableResult} where
 * nothing says what the parameter derives from.
 */
export function returnValueUse(works: readonly Work[], value: ReturnValue, tools: MaskTools): ReturnValueUse {
  const [first] = works;
  if (first === undefined) return PASSES;
  const isOwn = works.map(({ call }) => value.ordinal < (call?.ownOutputs ?? 0));
  if (isOwn.includes(true) && (isOwn.every(Boolean) || works.every(isUnprotected))) {
    if (value.type.maxLength === undefined || value.type.maxLength > MAX_OWN_BYTES) throw new UnmaskableResult('a handle is not a number');
    return isOwn[0] === true ? OWN : PASSES;
  }
  const mask = works.map((work) => maskOf(work, value)).reduce<OutputMask | null>(stricter, null);
  if (mask === null) return PASSES;
  const bound = bindRows([{ outputs: [mask], byOrigin: NO_ORIGINS }], [resultColumn(value)], tools);
  if (bound.kind === 'unbindable') throw new UnmaskableResult(bound.reason);
  const cell = bound.rows.cells?.[0];
  return cell === undefined || cell === null ? PASSES : { kind: 'masked', mask: cell };
}

function maskOf(work: Work, { ordinal }: ReturnValue): OutputMask | null {
  const outputs = work.call?.outputs?.outputs;
  if (outputs === undefined) {
    if (isUnprotected(work)) return null;
    throw new UnmaskableResult('what an output parameter derives from is not known');
  }
  const at = work.call?.outputsAt?.indexOf(ordinal) ?? -1;
  if (at >= 0) return outputs[at] ?? null;
  return outputs.reduce<OutputMask | null>(stricter, null);
}

const NO_ORIGINS: MaskPlan['byOrigin'] = new Map();
