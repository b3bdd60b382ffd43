import type { AdmittedStatement, CopyToClient, MaskPlan, Refusal, ResultColumn } from '@sqlwarden/core';
import { type CopyFormat, type CopyMasker, createCopyMasker } from '../masking/index.js';
import type { Conversation } from './conversation.js';
import { takeRows } from './portal-rows.js';
import type { Proceed } from './prepared.js';
import { bindRows } from './result-rows.js';
import type { Work } from './expected-reply.js';

/** What a unit's copies to the client need before it may go on. */
export type CopyReadiness =
  | { readonly kind: 'ready'; readonly maskers: ReadonlyMap<number, CopyMasker> | undefined }
  | { readonly kind: 'wait' }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

interface PlannedCopy {
  readonly index: number;
  readonly plan: MaskPlan;
  readonly copy: CopyToClient;
}

/**
 * Makes the maskers of one unit's copies: the protocol does not describe the columns of a COPY, so a query with the same columns is described
 * first, one after another. One instance per unit.
 */
export class CopyMasks {
  readonly admission: Proceed;
  readonly #columns = new Map<number, readonly ResultColumn[]>();
  #waiting = false;
  #failed = false;

  constructor(admission: Proceed) {
    this.admission = admission;
  }

  /** Call again with the same work when the session has moved on, until it is not `wait`. */
  readiness(talk: Conversation, work: Work): CopyReadiness {
    if (this.#failed) return NOT_DESCRIBED;
    if (this.#waiting) return WAIT;
    const copies: PlannedCopy[] = [];
    for (const [index, statement] of this.admission.statements.entries()) {
      const { plan, copy } = statement;
      if (!isCopy(statement) || plan === undefined) continue;
      if (copy !== undefined) copies.push({ index, plan, copy });
      else if (plan.outputs.some((output) => output !== null)) return NOT_DESCRIBED;
    }
    if (copies.length === 0) return UNMASKED;
    // Nothing can be described any more, and nothing would be copied.
    if (talk.forecast.snapshot().status === 'failed') return TRANSACTION_FAILED;
    const next = copies.find(({ index }) => !this.#columns.has(index));
    if (next === undefined) return makeMaskers(copies, this.#columns, talk, work);
    this.#describe(talk, next);
    return WAIT;
  }

  #describe(talk: Conversation, { index, copy }: PlannedCopy): void {
    this.#waiting = true;
    talk.describe(copy.describe, (columns) => {
      this.#waiting = false;
      if (columns === undefined || columns === null) this.#failed = true;
      else this.#columns.set(index, inCopyFormat(columns, copy));
    });
  }
}

/** What the statement returns are no rows, but COPY data. */
export function isCopy(statement: AdmittedStatement | undefined): boolean {
  return statement?.mayCopy === true && statement.action !== 'unknown';
}

const WAIT: CopyReadiness = { kind: 'wait' };
const UNMASKED: CopyReadiness = { kind: 'ready', maskers: undefined };
const NOT_DESCRIBED = refused('COPY cannot mask these columns, select them instead');

const TRANSACTION_FAILED: CopyReadiness = {
  kind: 'refuse',
  refusal: { code: 'transaction-failed', message: 'the transaction has failed; roll it back' },
};

function refused(message: string): CopyReadiness {
  return { kind: 'refuse', refusal: { code: 'mask-unbindable', message } };
}

function inCopyFormat(columns: readonly ResultColumn[], copy: CopyToClient): readonly ResultColumn[] {
  return columns.map((column) => ({ ...column, format: copy.format === 'binary' ? 'binary' : 'text' }));
}

function makeMaskers(
  copies: readonly PlannedCopy[],
  columns: ReadonlyMap<number, readonly ResultColumn[]>,
  talk: Conversation,
  work: Work,
): CopyReadiness {
  const maskers = new Map<number, CopyMasker>();
  for (const { index, plan, copy } of copies) {
    const bound = bindRows([plan], columns.get(index) ?? [], talk.tools);
    if (bound.kind === 'unbindable') return refused(bound.reason);
    takeRows(work, bound.rows, talk);
    work.rows = undefined;
    if (bound.rows.cells === undefined) continue;
    const answer = createCopyMasker(formatOf(copy), bound.rows.cells, talk.maxRowBytes);
    if (answer.kind === 'unmaskable') return refused(answer.reason);
    maskers.set(index, answer.masker);
  }
  return { kind: 'ready', maskers };
}

function formatOf(copy: CopyToClient): CopyFormat {
  if (copy.format === 'binary') return { format: 'binary' };
  const { describe: _describe, format, ...rest } = copy;
  return { format, ...rest };
}
