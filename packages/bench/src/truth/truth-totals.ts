import type { OpaqueReason, StatementFacts } from '@sqlwarden/core';
import type { CanaryResult } from './canary.js';
import type { StatementTruth } from './statement-truth.js';
import { reasonText } from './statement-truth.js';

/** Figures of one group of statements. */
export class TruthTotals {
  rejected = 0;
  other = 0;
  unparsed: { readonly id: string; readonly detail: string }[] = [];
  judged = 0;
  understood = 0;
  confirmed = 0;
  readonly missing: { readonly id: string; readonly position: number; readonly column: string }[] = [];
  readonly headers: { readonly id: string; readonly difference: string }[] = [];
  /** Ids of the statements by the reason that they are opaque for. */
  readonly reasons = new Map<string, string[]>();
  readonly canary = { statements: 0, cells: 0, changes: 0, claims: 0, idleClaims: 0, unclaimed: [] as string[] };

  add(id: string, truth: StatementTruth): void {
    switch (truth.kind) {
      case 'rejected':
        this.rejected += 1;
        return;
      case 'other':
        this.other += 1;
        return;
      case 'unparsed':
        this.judged += 1;
        this.unparsed.push({ id, detail: truth.detail });
        return;
      case 'judged':
        this.#addJudged(id, truth);
    }
  }

  /** A statement of which there is no server's description: only whether it is understood is counted. */
  addUnderstood(id: string, facts: StatementFacts): void {
    const understood = facts.opaque.length === 0 && facts.outputs !== 'unknown';
    this.judged += 1;
    if (understood) this.understood += 1;
    this.#addReasons(id, facts.opaque);
  }

  #addJudged(id: string, { judgement }: Extract<StatementTruth, { kind: 'judged' }>): void {
    this.judged += 1;
    this.confirmed += judgement.confirmed;
    if (judgement.understood) this.understood += 1;
    if (judgement.headerDifference !== undefined) this.headers.push({ id, difference: judgement.headerDifference });
    for (const { position, column } of judgement.missing) this.missing.push({ id, position, column });
    this.#addReasons(id, judgement.reasons);
  }

  #addReasons(id: string, reasons: readonly OpaqueReason[]): void {
    for (const text of new Set(reasons.map(reasonText))) {
      const ids = this.reasons.get(text) ?? [];
      ids.push(id);
      this.reasons.set(text, ids);
    }
  }

  addCanaries(id: string, { cells, changes, claims, idleClaims, unclaimed }: CanaryResult): void {
    this.canary.statements += 1;
    this.canary.cells += cells;
    this.canary.changes += changes;
    this.canary.claims += claims;
    this.canary.idleClaims += idleClaims;
    this.canary.unclaimed.push(...unclaimed.map((output) => `${id} ${output}`));
  }

  get understoodRatio(): number {
    return this.judged === 0 ? 1 : this.understood / this.judged;
  }
}
