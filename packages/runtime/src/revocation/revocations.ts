import { randomBytes } from 'node:crypto';
import {
  isRevocationOver,
  isRevokedBy,
  type NewLedgerEvent,
  type Principal,
  type Refusal,
  type Revocation,
  type RevocationTarget,
} from '@sqlwarden/core';
import { FileStamps } from '../login/file-stamps.js';
import { loadRevocations, type RevocationsFile } from './revocations-file.js';
import type { RevocationStore } from './revocation-store.js';

export interface RevocationsOptions {
  /** The configured file, which people write. */
  readonly file: string | undefined;
  /** Of those that were made by command. */
  readonly store: RevocationStore;
  readonly now: () => number;
  /** Writes down what changed; throws when it cannot. */
  readonly record: (event: Extract<NewLedgerEvent, { type: 'revocations.changed' }>) => void;
  /** Others hold from now on: who is in may have to leave. */
  readonly onChange: () => void;
  readonly onTrouble: (error: Error) => void;
}

/** What somebody asks to be revoked. */
export interface RevocationOrder extends RevocationTarget {
  readonly until?: number;
  readonly reason?: string;
}

/** How often the files are looked at while nobody asks. */
const LOOK_MS = 500;

/**
 * Who is not let in any more: by the configured file, and by command. Both are read again when they change. A file that cannot be read any more
 * changes nothing and is told of: letting revoked identities in again by a slip of the keyboard helps nobody.
 */
export class Revocations {
  readonly #options: RevocationsOptions;
  readonly #stamps: FileStamps;
  readonly #timer: NodeJS.Timeout;
  #written: readonly Revocation[] = [];
  #ordered: readonly Revocation[] = [];

  /** Throws a `ConfigError`, or an `Error` when what was kept cannot be read. */
  constructor(options: RevocationsOptions) {
    const { file, store, now } = options;
    this.#options = options;
    this.#stamps = new FileStamps([...(file === undefined ? [] : [file]), store.file], now);
    this.#ordered = store.read();
    this.#readFile(file === undefined ? undefined : loadRevocations(file));
    this.#timer = setInterval(() => this.look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Those that hold now. */
  get inForce(): readonly Revocation[] {
    const now = this.#options.now();
    return [...this.#written, ...this.#ordered].filter((revocation) => !isRevocationOver(revocation, now));
  }

  /** The refusal for somebody who is revoked. */
  refusal(principal: Principal): Refusal | undefined {
    if (this.#written.length === 0 && this.#ordered.length === 0) return undefined;
    const found = this.inForce.find((revocation) => isRevokedBy(principal, revocation));
    if (found === undefined) return undefined;
    return { code: 'identity-revoked', message: `this identity has been revoked (${found.id}); ask who runs the gateway` };
  }

  /** Revokes by command. Throws when it cannot be recorded or kept; nothing has changed then. */
  revoke(order: RevocationOrder, by: Principal): Revocation {
    const { store, record } = this.#options;
    const revocation: Revocation = { id: randomBytes(4).toString('hex'), ...order };
    const kept = store.read();
    record({ type: 'revocations.changed', source: 'command', added: [revocation], lifted: [], by });
    try {
      store.write([...kept.filter((one) => !isRevocationOver(one, this.#options.now())), revocation]);
    } catch (error) {
      // The ledger may not go on saying that somebody is kept out who is not.
      record({ type: 'revocations.changed', source: 'command', added: [], lifted: [revocation], by });
      throw error;
    }
    this.#ordered = store.read();
    this.#options.onChange();
    return revocation;
  }

  /** Takes back what was revoked by command; `undefined` when there is no such thing. Throws as {@link revoke} does. */
  lift(id: string, by: Principal): Revocation | undefined {
    const { store, record } = this.#options;
    const kept = store.read();
    const lifted = kept.find((one) => one.id === id);
    if (lifted === undefined) return undefined;
    record({ type: 'revocations.changed', source: 'command', added: [], lifted: [lifted], by });
    store.write(kept.filter((one) => one !== lifted));
    this.#ordered = store.read();
    return lifted;
  }

  /** Reads the files again if they have changed; `now`: without asking whether they have. */
  look(now = false): void {
    if (!this.#stamps.changed() && !now) return;
    this.#keep(() => {
      this.#ordered = this.#options.store.read();
    });
    this.#keep(() => {
      const { file } = this.#options;
      this.#readFile(file === undefined ? undefined : loadRevocations(file));
    });
    this.#options.onChange();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #keep(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#options.onTrouble(new Error(`the revocations stay as they were: ${(error as Error).message}`, { cause: error }));
    }
  }

  #readFile(file: RevocationsFile | undefined): void {
    if (file === undefined) return;
    const before = new Map(this.#written.map((revocation) => [revocation.id, revocation]));
    const after = new Map(file.revocations.map((revocation) => [revocation.id, revocation]));
    const added = [...after.values()].filter(({ id }) => !before.has(id));
    const lifted = [...before.values()].filter(({ id }) => !after.has(id));
    if (added.length > 0 || lifted.length > 0)
      this.#options.record({ type: 'revocations.changed', source: 'file', added, lifted, sha256: file.sha256 });
    this.#written = [...after.values()];
  }
}
