import { randomBytes } from 'node:crypto';
import {
  type ApprovalDecision,
  type ApprovalProblem,
  type ApprovalRequest,
  type ApprovalRequirement,
  type ApprovalSubject,
  type Principal,
  type Refusal,
  type StatementFacts,
  approvalDigest,
  consume,
  decide,
  endRequest,
  partyKey,
} from '@sqlwarden/core';
import { nodeHash } from '../node-hash.js';

/** What a request is about, for the record. */
export interface ApprovalContext {
  readonly session: string;
  readonly facts: readonly StatementFacts[];
  readonly labels: readonly string[];
}

/** What has to be recorded. A recorder that throws keeps the thing from happening. */
export interface ApprovalRecorder {
  requested(request: ApprovalRequest, context: ApprovalContext): void;
  decided(request: ApprovalRequest, decision: ApprovalDecision): void;
  ended(request: ApprovalRequest, end: 'used' | 'rejected' | 'expired' | 'withdrawn' | 'void'): void;
}

export interface ApprovalStoreOptions {
  readonly now: () => number;
  readonly recorder: ApprovalRecorder;
  readonly maxPending: number;
  readonly maxPendingPerRequester: number;
  /** Bytes of texts and values that open requests may hold together. Default 64 MiB. */
  readonly maxPendingBytes?: number;
  /** Asks the stores of other workers to {@link ApprovalStore.giveUp} what has this digest. Never rejects. */
  readonly claimElsewhere?: (digest: string) => Promise<ApprovalRequest | undefined>;
  /** What an operator must hear of: an end that could not be recorded. Never holds a statement, a value or a token. */
  readonly onTrouble?: (error: Error) => void;
}

export type HoldEnd = { readonly kind: 'approved' } | { readonly kind: 'refused'; readonly refusal: Refusal };

export type HoldAnswer =
  /** Wait for `outcome`; it never rejects. `joined`: the request was there already, waiting for its requester. */
  | { readonly kind: 'pending'; readonly request: ApprovalRequest; wait(): Promise<HoldEnd> }
  /** Exactly this was approved already and has not been used. */
  | { readonly kind: 'approved'; readonly request: ApprovalRequest }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export type DecisionAnswer =
  | { readonly kind: 'decided'; readonly request: ApprovalRequest }
  | { readonly kind: 'refused'; readonly problem: ApprovalProblem | { readonly code: 'request-unknown'; readonly message: string } };

interface Entry {
  request: ApprovalRequest;
  waiter: ((end: HoldEnd) => void) | undefined;
  timer: NodeJS.Timeout | undefined;
  /** About what the request holds in memory. */
  readonly bytes: number;
  /** It came from another store, and its record with it: it goes to no third one. */
  readonly isAdopted: boolean;
}

/** Base32 without letters that look like digits. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const ID_LENGTH = 8;
const MAX_PENDING_BYTES = 64 * 1024 * 1024;
/** The longest delay that a timer takes; a longer one would fire at once. */
const MAX_TIMER_MS = 0x7fff_ffff;

/**
 * The requests of one process. A request lives until it is used, rejected, withdrawn or its time is up; the ledger remembers it for ever.
 * Everything is recorded before it takes effect.
 */
export class ApprovalStore {
  readonly #options: ApprovalStoreOptions;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #closed = false;

  constructor(options: ApprovalStoreOptions) {
    this.#options = options;
  }

  /**
   * {@link request}, after a look whether exactly this was approved in another worker, for a session that has gone since: the approval moves
   * here then, with its decisions and their proofs. Rejects when it cannot be recorded.
   */
  async requestAnywhere(subject: ApprovalSubject, requirement: ApprovalRequirement, context: ApprovalContext): Promise<HoldAnswer> {
    const { claimElsewhere } = this.#options;
    const digest = approvalDigest(subject, nodeHash);
    if (claimElsewhere !== undefined && this.#unusedWith(digest)?.request.state !== 'approved') {
      const found = await claimElsewhere(digest);
      if (found !== undefined) this.#adopt(found, digest, subject, context);
    }
    return this.request(subject, requirement, context);
  }

  /** Lets an approval go that nobody has used and nobody waits for, to the store that asks for it. It cannot be used here any more. */
  giveUp(digest: string): ApprovalRequest | undefined {
    const entry = this.#unusedWith(digest);
    if (entry?.request.state !== 'approved' || entry.isAdopted) return undefined;
    const { request } = entry;
    this.#close(entry, 'withdrawn', undefined);
    return request;
  }

  /** Asks for an approval, or finds that this very thing is approved or asked for already. Throws when it cannot be recorded. */
  request(subject: ApprovalSubject, requirement: ApprovalRequirement, context: ApprovalContext): HoldAnswer {
    const digest = approvalDigest(subject, nodeHash);
    const same = this.#unusedWith(digest);
    if (same?.request.state === 'approved') return { kind: 'approved', request: same.request };
    if (same !== undefined) return this.#pending(same);
    const bytes = sizeOf(subject);
    const refusal = this.#refusal(subject, requirement, bytes);
    if (refusal !== undefined) return { kind: 'refused', refusal };
    const now = this.#options.now();
    const request: ApprovalRequest = {
      id: this.#newId(),
      digest,
      subject,
      requirement,
      requestedAt: now,
      expiresAt: now + requirement.withinMs,
      state: 'pending',
      decisions: [],
    };
    this.#options.recorder.requested(request, context);
    return this.#pending(this.#keep({ request, waiter: undefined, timer: undefined, bytes, isAdopted: false }));
  }

  #keep(entry: Entry): Entry {
    this.#entries.set(entry.request.id, entry);
    this.#bytes += entry.bytes;
    this.#startTimer(entry);
    return entry;
  }

  #adopt(request: ApprovalRequest, digest: string, subject: ApprovalSubject, context: ApprovalContext): void {
    if (request.digest !== digest || this.#closed || this.#entries.has(request.id) || this.#options.now() >= request.expiresAt) return;
    // INVARIANT: the log that will have the intent has the request and its decisions, so that it can be verified by itself.
    this.#options.recorder.requested(request, context);
    for (const decision of request.decisions) this.#options.recorder.decided(request, decision);
    this.#keep({ request, waiter: undefined, timer: undefined, bytes: sizeOf(subject), isAdopted: true });
  }

  /** Requests that wait for a decision, oldest first. */
  pending(): readonly ApprovalRequest[] {
    return [...this.#entries.values()].map((entry) => entry.request).filter((request) => request.state === 'pending');
  }

  get(id: string): ApprovalRequest | undefined {
    return this.#entries.get(id)?.request;
  }

  /** One person's decision. Throws when it cannot be recorded; nothing has happened then. */
  decide(id: string, decision: ApprovalDecision): DecisionAnswer {
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      return {
        kind: 'refused',
        problem: { code: 'request-unknown', message: `there is no open request ${id}; it may have expired or been withdrawn` },
      };
    }
    const step = decide(entry.request, decision);
    if (step.kind === 'refused') return step;
    this.#options.recorder.decided(entry.request, decision);
    entry.request = step.request;
    if (step.request.state === 'rejected') {
      const { rule } = entry.request.requirement;
      this.#close(entry, 'rejected', {
        code: 'approval-rejected',
        message: `request ${id} was rejected by ${nameOf(decision)}`,
        request: id,
        rule,
      });
    } else if (step.request.state === 'approved') wake(entry, { kind: 'approved' });
    return { kind: 'decided', request: step.request };
  }

  /** Takes an approval for the one execution that it is for. A refusal when that cannot be; throws when it cannot be recorded. */
  use(id: string, digest: string): Refusal | undefined {
    const entry = this.#entries.get(id);
    const step = entry === undefined ? undefined : consume(entry.request, digest, this.#options.now());
    if (entry === undefined || (step?.kind === 'refused' && step.problem.code !== 'digest-mismatch')) {
      return {
        code: 'approval-expired',
        message: `the approval of request ${id} is no longer valid; run the statement again to ask anew`,
        request: id,
      };
    }
    if (step?.kind === 'refused') return this.void(id);
    this.#close(entry, 'used', undefined);
    return undefined;
  }

  /** What would run is not what was approved. */
  void(id: string): Refusal {
    const refusal: Refusal = {
      code: 'approval-void',
      request: id,
      message: `what request ${id} was approved for has changed since (schema, policy or session state); run the statement again to ask anew`,
    };
    const entry = this.#entries.get(id);
    if (entry !== undefined) this.#close(entry, 'void', refusal);
    return refusal;
  }

  /** The requester gave up. */
  withdraw(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#close(entry, 'withdrawn', { code: 'approval-void', message: `request ${id} was withdrawn by its requester`, request: id });
  }

  /** Ends what revoked people have asked for, and what one of them has had a hand in deciding. */
  revoke(isRevoked: (principal: Principal) => boolean): void {
    for (const entry of this.#entries.values()) {
      const { id, subject, decisions } = entry.request;
      if (isRevoked(subject.requester)) this.#close(entry, 'withdrawn', revokedRefusal(id, 'requester'));
      else if (decisions.some(({ approver }) => isRevoked(approver))) this.#close(entry, 'void', revokedRefusal(id, 'approver'));
    }
  }

  /** Nobody will decide any more. */
  close(): void {
    this.#closed = true;
    for (const entry of this.#entries.values()) {
      this.#close(entry, 'withdrawn', { code: 'shutting-down', message: 'the gateway is shutting down', request: entry.request.id });
    }
  }

  #pending(entry: Entry): HoldAnswer {
    return {
      kind: 'pending',
      request: entry.request,
      wait: () =>
        new Promise((resolve) => {
          // Decided or ended before anybody waited: there is nobody left to wake us.
          if (entry.request.state === 'approved') resolve({ kind: 'approved' });
          else if (entry.request.state === 'pending') entry.waiter = resolve;
          else
            resolve({
              kind: 'refused',
              refusal: { code: 'approval-void', message: `request ${entry.request.id} has ended`, request: entry.request.id },
            });
        }),
    };
  }

  /** A request for the same thing that nobody waits for: its requester was told to come back. */
  #unusedWith(digest: string): Entry | undefined {
    for (const entry of this.#entries.values()) {
      if (entry.request.digest !== digest || entry.waiter !== undefined || this.#options.now() >= entry.request.expiresAt) continue;
      if (entry.request.state === 'approved' || entry.request.state === 'pending') return entry;
    }
    return undefined;
  }

  #refusal(subject: ApprovalSubject, requirement: ApprovalRequirement, bytes: number): Refusal | undefined {
    const { rule, withinMs } = requirement;
    if (this.#closed) return { code: 'shutting-down', message: 'the gateway is shutting down', rule };
    if (!(withinMs > 0 && Number.isFinite(withinMs)))
      return { code: 'policy-error', message: 'the rule does not say how long to wait for an approval', rule };
    const who = partyKey(subject.requester.subject);
    let own = 0;
    for (const entry of this.#entries.values()) if (partyKey(entry.request.subject.requester.subject) === who) own++;
    const { maxPending, maxPendingPerRequester, maxPendingBytes = MAX_PENDING_BYTES } = this.#options;
    if (this.#entries.size < maxPending && own < maxPendingPerRequester && this.#bytes + bytes <= maxPendingBytes) return undefined;
    return { code: 'approval-unavailable', message: 'too many requests wait for approval; let some be decided first', rule };
  }

  #startTimer(entry: Entry): void {
    const left = entry.request.expiresAt - this.#options.now();
    entry.timer = setTimeout(() => this.#timeIsUp(entry), Math.min(Math.max(left, 1), MAX_TIMER_MS));
    entry.timer.unref();
  }

  #timeIsUp(entry: Entry): void {
    const left = entry.request.expiresAt - entry.request.requestedAt;
    // A wait that is longer than a timer goes on in another one.
    if (left > MAX_TIMER_MS && this.#options.now() < entry.request.expiresAt) this.#startTimer(entry);
    else this.#expire(entry.request.id);
  }

  #newId(): string {
    for (;;) {
      const id = newId();
      if (!this.#entries.has(id)) return id;
    }
  }

  #expire(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#close(entry, 'expired', {
      code: 'approval-expired',
      message: `nobody approved request ${id} in time; run the statement again to ask anew`,
      request: id,
    });
  }

  #close(entry: Entry, end: 'used' | 'rejected' | 'expired' | 'withdrawn' | 'void', refusal: Refusal | undefined): void {
    clearTimeout(entry.timer);
    // Another end came first; each request ends once.
    if (!this.#entries.delete(entry.request.id)) return;
    this.#bytes -= entry.bytes;
    if (end === 'expired' || end === 'withdrawn' || end === 'void') {
      const step = endRequest(entry.request, end);
      if (step.kind === 'changed') entry.request = step.request;
    }
    if (end === 'used') {
      this.#options.recorder.ended(entry.request, end);
      return;
    }
    try {
      this.#options.recorder.ended(entry.request, end);
    } catch (error) {
      // Nothing runs because of this end, and others still have to be told of theirs.
      this.#options.onTrouble?.(error instanceof Error ? error : new Error('the end of an approval request could not be recorded'));
    }
    if (refusal !== undefined) wake(entry, { kind: 'refused', refusal });
  }
}

function revokedRefusal(request: string, who: 'requester' | 'approver'): Refusal {
  const again = who === 'approver' ? '; run the statement again to ask anew' : '';
  return { code: 'approval-void', message: `the ${who} of request ${request} has been revoked${again}`, request };
}

function wake(entry: Entry, end: HoldEnd): void {
  const { waiter } = entry;
  entry.waiter = undefined;
  waiter?.(end);
}

/** The approver as the requester reads it: names come out of tokens and may hold anything. */
function nameOf(decision: ApprovalDecision): string {
  const { name, id } = decision.approver.subject;
  return [...(name ?? id).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '')].slice(0, 80).join('');
}

function sizeOf(subject: ApprovalSubject): number {
  let units = subject.text.length;
  for (const { value } of subject.parameters) units += value?.length ?? 0;
  return 2 * units;
}

function newId(): string {
  let id = '';
  // 31 letters do not divide 256: bytes beyond the last multiple are skipped, so that every letter is equally likely.
  while (id.length < ID_LENGTH) {
    for (const byte of randomBytes(16)) {
      if (byte < 248 && id.length < ID_LENGTH) id += ALPHABET[byte % ALPHABET.length];
    }
  }
  return id;
}
