import { type CompiledPolicy, type MaskPlan, type Principal, rightsKey, originMasks } from '@sqlwarden/core';
import type { ApprovalStore } from '../approval/store.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import { Turn } from '../transport/turn.js';
import { BudgetBook, type Use } from './budgets.js';
import type { Recorder } from './recorder.js';
import type { Snapshot, Upstream } from './upstream.js';

export interface EngineOptions {
  readonly environment: string;
  /** Characters of one statement text; longer ones are refused. */
  readonly maxTextLength: number;
  readonly policy: CompiledPolicy;
  readonly policyDigest: string;
  readonly recorder: Recorder;
  /** Reads, too, must be on the disk before they are forwarded. */
  readonly durableReads: boolean;
  readonly approvals: ApprovalStore;
  readonly now: () => number;
  /** Tells other processes with the same policy what was used of its budgets. */
  readonly tellUses?: (uses: readonly Use[]) => void;
  /** What is counted and traced; absent: nothing. */
  readonly telemetry?: Telemetry | undefined;
  /** What an operator must hear of: never a statement, a value or a token. */
  readonly onTrouble: (error: Error) => void;
}

/** A policy, and what names it. */
export interface PolicyInForce {
  readonly policy: CompiledPolicy;
  readonly digest: string;
}

/** What all connections share: policy, ledger, approvals. */
export class Engine {
  readonly options: EngineOptions;
  /** In which all connections send. */
  readonly turn: Turn;
  /** What identities have used of the limits of the policy. */
  readonly budgets: BudgetBook;
  readonly #originMasks = new WeakMap<Snapshot, Map<string, MaskPlan['byOrigin']>>();
  readonly #lastIntent = new WeakMap<Upstream, number>();
  #inForce: PolicyInForce;

  constructor(options: EngineOptions) {
    this.options = options;
    this.#inForce = { policy: options.policy, digest: options.policyDigest };
    const { now, tellUses } = options;
    this.budgets = new BudgetBook({ now, ...(tellUses === undefined ? {} : { tellOthers: tellUses }) });
    this.turn = new Turn(() => options.recorder.flush(), options.onTrouble);
  }

  get policy(): CompiledPolicy {
    return this.#inForce.policy;
  }

  /** Another object whenever another policy holds: what was decided, or derived from a policy, holds for one of them. */
  get inForce(): PolicyInForce {
    return this.#inForce;
  }

  /** From now on this policy holds, for every unit that has not been let through. */
  enforce(inForce: PolicyInForce, upstreams: readonly Upstream[]): void {
    this.#inForce = inForce;
    for (const upstream of upstreams) upstream.enforce(inForce.policy);
  }

  get recorder(): Recorder {
    return this.options.recorder;
  }

  get approvals(): ApprovalStore {
    return this.options.approvals;
  }

  now(): number {
    return this.options.now();
  }

  /** Equal for principals that policy cannot tell apart. */
  rightsKey(principal: Principal): string {
    return rightsKey(this.policy, principal);
  }

  /** What this principal's masks do to each protected column of a schema, by the server's numbers. */
  originMasks(principal: Principal, snapshot: Snapshot): MaskPlan['byOrigin'] {
    let byRights = this.#originMasks.get(snapshot);
    if (byRights === undefined) {
      byRights = new Map();
      this.#originMasks.set(snapshot, byRights);
    }
    const key = this.rightsKey(principal);
    let masks = byRights.get(key);
    if (masks === undefined) {
      masks = originMasks(this.policy, principal, snapshot.resolved.catalogue, snapshot.protection);
      byRights.set(key, masks);
    }
    return masks;
  }

  /** A statement of ours may have changed the committed schema of an upstream. */
  schemaSuspect(upstream: Upstream, intent: number | undefined): void {
    if (intent !== undefined) this.#lastIntent.set(upstream, intent);
    upstream.suspect();
  }

  /** The intent that most likely changed the schema, if it was one of ours; asked once per change. */
  takeLastIntent(upstream: Upstream): number | undefined {
    const intent = this.#lastIntent.get(upstream);
    this.#lastIntent.delete(upstream);
    return intent;
  }

  trouble(error: Error): void {
    this.options.onTrouble(error);
  }
}
