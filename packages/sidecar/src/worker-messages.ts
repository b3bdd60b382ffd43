import type { ApprovalRequest, CancelKey, Refusal } from '@sqlwarden/core';
import type {
  AdminAnswer,
  AdminRequest,
  BudgetUse,
  Gateway,
  KillRequest,
  MetricReading,
  TokenAnswer,
  TokenRequest,
} from '@sqlwarden/runtime';

/** What the primary process and its workers tell each other, over the channel that only they have. Plain data. */

export type PolicyAnnouncement = Awaited<ReturnType<Gateway['announcePolicy']>>;

/** What a worker is asked and answers. */
export interface WorkerState {
  readonly ready: boolean;
  /** Why not. */
  readonly reasons: readonly string[];
  readonly decisions: { readonly found: number; readonly made: number };
  readonly metrics?: readonly MetricReading[] | undefined;
}

/** What a worker may have other workers asked. */
export type WorkerQuestion =
  | { readonly about: 'cancel'; readonly cancel: PlainCancel }
  /** Ends a session of the same identity, or what it runs. */
  | { readonly about: 'kill'; readonly kill: KillRequest }
  /** Gives up the approval of this digest. */
  | { readonly about: 'approval'; readonly digest: string };
export type Question =
  | WorkerQuestion
  | { readonly about: 'state' }
  | { readonly about: 'admin'; readonly request: AdminRequest }
  | { readonly about: 'exchange'; readonly request: TokenRequest }
  /** They were changed by another worker: looks at them at once. */
  | { readonly about: 'revocations' }
  /** Reads the files again that may change. */
  | { readonly about: 'reload' };

export type WorkerAnswer =
  | { readonly about: 'cancel'; readonly isCancelled: boolean }
  | { readonly about: 'kill'; readonly isKilled: boolean }
  | { readonly about: 'approval'; readonly approval?: ApprovalRequest };
export type Answer =
  | WorkerAnswer
  | { readonly about: 'state'; readonly state: WorkerState }
  | { readonly about: 'admin'; readonly answer: AdminAnswer }
  | { readonly about: 'exchange'; readonly answer: TokenAnswer }
  | { readonly about: 'revocations' }
  | { readonly about: 'reload'; readonly problem?: string };

/** A cancel request's key; the secret in base64. */
export interface PlainCancel {
  readonly upstream: string;
  readonly processId: number;
  readonly secret: string;
}

export type ToWorker =
  | { readonly kind: 'start'; readonly configFile: string; readonly worker: number }
  /** Comes with the client's socket. */
  | { readonly kind: 'client'; readonly client: number; readonly upstream: string; readonly refusal?: Refusal }
  | { readonly kind: 'identity-answer'; readonly client: number; readonly refusal?: Refusal }
  | { readonly kind: 'question'; readonly call: number; readonly question: Question }
  | { readonly kind: 'stop'; readonly drainMs: number }
  | { readonly kind: 'used-elsewhere'; readonly uses: readonly BudgetUse[] }
  /** Absent: no other worker could help. */
  | { readonly kind: 'others-answer'; readonly call: number; readonly answer?: WorkerAnswer };

export type FromWorker =
  | { readonly kind: 'started'; readonly policy: PolicyAnnouncement }
  | { readonly kind: 'failed'; readonly name: string; readonly message: string }
  | { readonly kind: 'identified'; readonly client: number; readonly identity: string }
  | { readonly kind: 'left'; readonly client: number }
  | { readonly kind: 'used'; readonly uses: readonly BudgetUse[] }
  | { readonly kind: 'answer'; readonly call: number; readonly answer: Answer }
  | { readonly kind: 'trouble'; readonly name: string; readonly message: string }
  /** The ledger is closed, or could not be: then `problem` says why. */
  | { readonly kind: 'stopped'; readonly problem?: string }
  | { readonly kind: 'ask-others'; readonly call: number; readonly question: WorkerQuestion };

export function plainKey({ processId, secret }: CancelKey): { readonly processId: number; readonly secret: string } {
  return { processId, secret: Buffer.from(secret).toString('base64') };
}

export function keyOf({ processId, secret }: { readonly processId: number; readonly secret: string }): CancelKey {
  return { processId, secret: new Uint8Array(Buffer.from(secret, 'base64')) };
}
