import { type Refusal, UnmaskableResult } from '@sqlwarden/core';
import { refusalPacket } from '../refusal.js';
import type { Work } from './expected-reply.js';

/** A reply whose rest is not shown to the client, which gets an error in its place when the server is through with it. */
export class WithheldReply {
  readonly #error: UnmaskableResult;
  /** Of the error that the client gets. */
  readonly sequence: number;
  /** Rows of the result at hand. */
  rows = 0;

  constructor(error: UnmaskableResult, sequence: number) {
    this.#error = error;
    this.sequence = sequence;
  }

  /** The error as a packet; `work` is told of it. */
  err(work: Work): Uint8Array {
    const message = `${this.#error.message}; the statement has run, and its result is not shown`;
    const refusal: Refusal = { code: 'mask-unbindable', message };
    work.errorCode = refusal.code;
    return refusalPacket(refusal, this.sequence);
  }
}

/** What the parameters of a CALL that go out derive from is not known: no mask can be chosen for them. */
export const OUT_PARAMETERS = new UnmaskableResult(
  'parameters of a CALL that go out cannot be masked: give it user variables (CALL p(@name)) in their place',
);

/** `error` where it is one that a reply can be withheld for; throws it where it is not. */
export function unmaskable(error: unknown): UnmaskableResult {
  if (error instanceof UnmaskableResult) return error;
  throw error;
}
