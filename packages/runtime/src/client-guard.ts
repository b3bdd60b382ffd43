import type { Principal, Refusal } from '@sqlwarden/core';

/** What a host that counts clients says of one of them. All of it may be asked once. */
export interface ClientGuard {
  /** The client is over a limit already: it is told so after its start-up message, before it is asked who it is. */
  readonly refusal: Refusal | undefined;
  /** The client has proven who it is. A refusal keeps it out. Never rejects. */
  identified(principal: Principal): Refusal | undefined | Promise<Refusal | undefined>;
  /** The client is gone. */
  closed(): void;
}
