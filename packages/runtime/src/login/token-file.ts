import { closeSync, openSync, readSync } from 'node:fs';
import { MAX_TOKEN_BYTES, type Verification, type Verifier } from '@sqlwarden/identity';

/**
 * The token of the workload that the gateway stands beside, in a file that something else renews: a Kubernetes projected service-account token
 * ("Configure Service Accounts for Pods" of its documentation), or one of a token exchange. Read and verified at each use, so that what is there now
 * counts, and nothing that was there before.
 */
export class TokenFile {
  readonly #file: string;
  readonly #verifier: Pick<Verifier, 'verify'>;
  readonly #onTrouble: (error: Error) => void;
  #told = '';

  constructor(file: string, verifier: Pick<Verifier, 'verify'>, onTrouble: (error: Error) => void) {
    this.#file = file;
    this.#verifier = verifier;
    this.#onTrouble = onTrouble;
  }

  /** Whose token is in the file now; `undefined` when it cannot be read, which the operator is told. Never rejects. */
  async verify(): Promise<Verification | undefined> {
    const token = this.#read();
    if (token === undefined) return undefined;
    const verified = await this.#verifier.verify(token);
    this.#tell(verified.ok ? '' : `the token of the workload in ${this.#file} is not accepted: ${verified.message}`);
    return verified;
  }

  #read(): string | undefined {
    try {
      const token = readShort(this.#file).replace(/\r?\n$/, '');
      if (token !== '') return token;
      this.#tell(`the token of the workload is not there yet: ${this.#file} is empty`);
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code ?? 'unknown';
      this.#tell(`the token of the workload cannot be read: ${this.#file} (${why})`);
    }
    return undefined;
  }

  /** Each trouble once, until it is another one. */
  #tell(trouble: string): void {
    if (trouble !== '' && trouble !== this.#told) this.#onTrouble(new Error(trouble));
    this.#told = trouble;
  }
}

/** A file's text, cut off where it is longer than any token: the verifier says so then. */
function readShort(file: string): string {
  const bytes = Buffer.alloc(MAX_TOKEN_BYTES + 3);
  const descriptor = openSync(file, 'r');
  try {
    return bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(descriptor);
  }
}
