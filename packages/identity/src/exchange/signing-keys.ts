import type { KeyObject } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { checkOwnDirectory, createKeyFile, type KeyFileOwner, publicJwk, publishKeySet, readKeyFile } from '../p256-key-file.js';

const OWNER: KeyFileOwner = { what: 'a key of the token exchange', code: 'exchange-key' };
const JWKS_FILE = 'jwks.json';
/** `key-<milliseconds since the epoch>.pem`: when it was made says when it signs, and when it is taken away. */
const KEY_FILE = /^key-(\d{13})\.pem$/;

/** How long a key is published before it signs: verifiers believe the keys that they have for 10 minutes. */
const AHEAD_MS = 15 * 60 * 1000;
/** How often the directory is looked at, at most. */
const LOOK_MS = 1_000;

export interface SigningKeysOptions {
  readonly directory: string;
  /** How old the newest key becomes before another one is made. */
  readonly rotateAfterMs: number;
  /** How long the last token of a key may live. */
  readonly maxTokenMs: number;
  readonly clock: () => number;
}

export interface SigningKey {
  readonly id: string;
  readonly key: KeyObject;
}

interface KeyOnDisk extends SigningKey {
  readonly file: string;
  readonly madeAt: number;
  readonly jwk: object;
}

/** Where the public keys are for verifiers on this machine. */
export function exchangeJwksPath(directory: string): string {
  return path.join(directory, JWKS_FILE);
}

/**
 * The keys (P-256, ES256) that a token exchange signs with, in files of mode 0600 in a directory of its own. A new one is made when the newest
 * is old; it is published at once, signs 15 minutes later, and the one before it stays published until its last token has ended. Several
 * processes may share the directory: what is done follows from the files and the time alone.
 */
export class SigningKeys {
  readonly #options: SigningKeysOptions;
  #keys: readonly KeyOnDisk[] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;

  /**
   * Makes the first key when there is none, and writes the public ones to `jwks.json`.
   *
   * @throws IdentityError `exchange-key`
   */
  constructor(options: SigningKeysOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    checkOwnDirectory(options.directory, OWNER);
    this.#look();
  }

  /** The key to sign with now. Throws an IdentityError `exchange-key`. */
  current(): SigningKey {
    this.#look();
    const signing = signingKey(this.#keys, this.#options.clock());
    if (signing === undefined) throw new Error('there is no signing key');
    return signing;
  }

  /** The JWK set to publish. Throws an IdentityError `exchange-key`. */
  jwks(): { readonly keys: readonly object[] } {
    this.#look();
    return { keys: this.#keys.map(({ jwk }) => jwk) };
  }

  #look(): void {
    const now = this.#options.clock();
    if (now - this.#lookedAt < LOOK_MS && now >= this.#lookedAt) return;
    let keys = this.#read();
    const newest = keys.at(-1);
    if (newest === undefined || now - newest.madeAt >= this.#options.rotateAfterMs) {
      createKeyFile(path.join(this.#options.directory, `key-${String(now).padStart(13, '0')}.pem`), OWNER);
      keys = this.#read();
    }
    this.#keys = this.#withoutEnded(keys, now);
    this.#publish();
    this.#lookedAt = now;
  }

  #read(): readonly KeyOnDisk[] {
    const { directory } = this.#options;
    const found = readdirSync(directory).flatMap((name): KeyOnDisk[] => {
      const madeAt = KEY_FILE.exec(name)?.[1];
      if (madeAt === undefined) return [];
      const file = path.join(directory, name);
      const known = this.#keys.find((key) => key.file === file);
      if (known !== undefined) return [known];
      const key = readKeyFile(file, OWNER);
      // Another process took it away meanwhile.
      if (key === undefined) return [];
      const jwk = publicJwk(key);
      return [{ file, madeAt: Number(madeAt), key, id: jwk.kid, jwk }];
    });
    return found.toSorted((one, other) => one.madeAt - other.madeAt);
  }

  /** A key whose successor has signed for longer than tokens live is of no more use to anybody but a thief. */
  #withoutEnded(keys: readonly KeyOnDisk[], now: number): readonly KeyOnDisk[] {
    return keys.filter(({ file }, at) => {
      const successor = keys[at + 1];
      if (successor === undefined || now < successor.madeAt + AHEAD_MS + this.#options.maxTokenMs + AHEAD_MS) return true;
      rmSync(file, { force: true });
      return false;
    });
  }

  /** Another process that saw fewer keys may have written the file since. */
  #publish(): void {
    publishKeySet(
      exchangeJwksPath(this.#options.directory),
      this.#keys.map(({ jwk }) => jwk),
      OWNER,
    );
  }
}

/** The newest that has been published for long enough; the oldest where none has. */
function signingKey(keys: readonly KeyOnDisk[], now: number): KeyOnDisk | undefined {
  return keys.findLast(({ madeAt }) => now - madeAt >= AHEAD_MS) ?? keys[0];
}
