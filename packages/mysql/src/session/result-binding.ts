import { type MaskPlan, type MaskTools, type RowAllowance, UnmaskableResult } from '@sqlwarden/core';
import type { ExpectedReply } from './expected-reply.js';
import { HeaderReader, type ResultHeader } from './origins.js';
import { nextResultSet } from './result-plans.js';
import { messageRows } from './message-rows.js';
import { type BoundRows, bindRows, PASSING } from './result-rows.js';

/**
 * Binds the masks of result sets to their columns: the plans are chosen by the first packet of a result, the column definitions added one by one. What was
 * bound last is used again while definitions and plan are the same. Throws {@link UnmaskableResult}. One instance per session.
 */
export class ResultBinding {
  readonly #tools: MaskTools;
  readonly #header = new HeaderReader();
  // Of COM_QUERY: the last header under a plan, and the masks bound to it. Plans are shared by equal decisions, so that they come again.
  readonly #lastHeaders = new WeakMap<MaskPlan, ResultHeader>();
  readonly #lastRows = new WeakMap<MaskPlan, { readonly columns: ResultHeader['columns']; readonly rows: BoundRows }>();
  #plans: readonly MaskPlan[] = [];
  #areMessages = false;

  constructor(tools: MaskTools) {
    this.#tools = tools;
  }

  /** A result set of so many columns begins in the reply. Returns what its rows draw from. */
  begin({ work, statement, kind, clean }: ExpectedReply, columns: number): RowAllowance | undefined {
    const next = work === undefined ? undefined : nextResultSet(work, columns);
    if (next === undefined) throw new UnmaskableResult('the result belongs to no statement that was analysed');
    this.#plans = next.plans;
    const [plan] = next.plans;
    this.#areMessages = clean && next.areMessages;
    if (this.#areMessages && plan === undefined) throw new UnmaskableResult('the columns of messages are not known');
    const known = statement !== undefined || plan === undefined ? statement?.lastHeader : this.#lastHeaders.get(plan);
    if (plan !== undefined) this.#header.begin(known, kind === 'execute' ? 'binary' : 'text');
    return next.returned;
  }

  /** The next column definition is `buffer[bodyStart, end)`. Throws a `ProtocolError`. */
  add(buffer: Uint8Array, bodyStart: number, end: number): void {
    if (this.#plans.length > 0) this.#header.add(buffer, bodyStart, end);
  }

  /** All column definitions were added. */
  bound({ statement }: ExpectedReply, columns: number): BoundRows {
    const [plan] = this.#plans;
    if (plan === undefined) return PASSING;
    const header = this.#header.end(columns);
    if (this.#areMessages) return messageRows(header.columns);
    const last = statement === undefined ? this.#lastRows.get(plan) : statement.lastBinding;
    if (statement === undefined) this.#lastHeaders.set(plan, header);
    else statement.lastHeader = header;
    const isKnown = this.#plans.length === 1 && last?.columns === header.columns && (!('plan' in last) || last.plan === plan);
    if (isKnown) return last.rows;
    const bound = bindRows(this.#plans, header.columns, this.#tools);
    if (bound.kind === 'unbindable') throw new UnmaskableResult(bound.reason);
    const { rows } = bound;
    if (this.#plans.length > 1) return rows;
    if (statement === undefined) this.#lastRows.set(plan, { columns: header.columns, rows });
    else statement.lastBinding = { plan, columns: header.columns, rows };
    return rows;
  }
}
