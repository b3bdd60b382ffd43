import { spawn } from 'node:child_process';
import { decodeBase64, equalBytes, verifierKey, type VerifierKey } from '@sqlwarden/core';
import { FileKeys } from './file-keys.js';
import { LedgerError } from './ledger-error.js';
import { sha256 } from './node-crypto.js';
import type { Keyring, Signer } from './signer.js';

/**
 * Keys behind a command: a key management service, a hardware module, another user of the machine. It is run without a shell, with one more argument:
 * - `public-key`: prints the 32 bytes of the Ed25519 public key (RFC 8032 section 5.1.5) in base64
 * - `sign`: reads the message from standard input to its end, prints the 64 bytes of the signature (section 5.1.6) in base64
 * and ends with status 0. What it writes to standard error is not looked at.
 */
export interface CommandKeysOptions {
  /** The program and its first arguments. */
  readonly command: readonly string[];
  /** The one that signed before, so that its key can name that of `command` as its successor. */
  readonly previousCommand?: readonly string[];
  /** The public key of `command`, in base64: then it is not asked for it. */
  readonly publicKey?: string;
  /** How long a run may take. Default 10,000. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** More than either answer, with a newline. */
const MAX_ANSWER = 1024;

/** A key that was in a file before signs until it has named that of the command as its successor. */
export class CommandKeys implements Keyring {
  readonly #options: CommandKeysOptions;
  readonly #files: FileKeys;
  readonly #name: string;

  /** `name` is the log's origin. */
  constructor(directory: string, name: string, options: CommandKeysOptions) {
    this.#options = options;
    this.#name = name;
    this.#files = new FileKeys(directory, name);
  }

  async signerOf(key: VerifierKey | undefined): Promise<Signer> {
    const signer = await this.#commandSigner();
    if (key === undefined || equalBytes(key.publicKey, signer.key.publicKey)) return signer;
    const { previousCommand, timeoutMs } = this.#options;
    const previous = previousCommand === undefined ? undefined : await commandSigner(previousCommand, this.#name, undefined, timeoutMs);
    if (previous !== undefined && equalBytes(key.publicKey, previous.key.publicKey)) return previous;
    const file = await this.#files.find(key);
    if (file !== undefined) return file;
    throw new LedgerError(
      'bad-key',
      'the command of ledger.keys gives another key than the one that signs this log: name the command of that one as previousCommand, and run "sqlwarden ledger rotate-key" once',
    );
  }

  async successorOf(current: VerifierKey): Promise<Signer> {
    const signer = await this.#commandSigner();
    if (!equalBytes(signer.key.publicKey, current.publicKey)) return signer;
    throw new LedgerError(
      'bad-key',
      'the command of ledger.keys gives the key that signs already: name one with a new key, and the present one as previousCommand',
    );
  }

  async retire(previous: VerifierKey, next: VerifierKey): Promise<void> {
    if ((await this.#files.find(previous)) !== undefined) await this.#files.retire(previous, next);
  }

  #commandSigner(): Promise<Signer> {
    const { command, publicKey, timeoutMs } = this.#options;
    return commandSigner(command, this.#name, publicKey, timeoutMs);
  }
}

async function commandSigner(
  command: readonly string[],
  name: string,
  publicKey: string | undefined,
  timeoutMs = TIMEOUT_MS,
): Promise<Signer> {
  const bytes =
    publicKey === undefined
      ? await run([...command, 'public-key'], new Uint8Array(0), PUBLIC_KEY_BYTES, timeoutMs)
      : decodeBase64(publicKey);
  if (bytes?.length !== PUBLIC_KEY_BYTES)
    throw new LedgerError(
      'bad-key',
      `ledger.keys.publicKey is not ${PUBLIC_KEY_BYTES} bytes in base64: copy what the command prints for "public-key"`,
    );
  return {
    key: verifierKey(sha256, name, bytes),
    sign: (message) => run([...command, 'sign'], message, SIGNATURE_BYTES, timeoutMs),
  };
}

/** Runs a command and reads its answer of `length` bytes. */
function run(command: readonly string[], input: Uint8Array, length: number, timeoutMs: number): Promise<Uint8Array> {
  const [program = '', ...args] = command;
  const what = args.at(-1) ?? '';
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: Error): void =>
      reject(
        new LedgerError(
          'bad-key',
          `the command of ledger.keys ${why} when asked to ${what}: run it by hand to see why`,
          cause && { cause },
        ),
      );
    // In a group of its own, so that what it has started ends with it.
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
    const tooLate = setTimeout(() => {
      if (child.pid !== undefined) killGroup(child.pid);
      child.stdout.destroy();
      fail(`did not answer within ${timeoutMs} ms`);
    }, timeoutMs);
    let answer = '';
    child.once('error', (error) => {
      clearTimeout(tooLate);
      fail('cannot be run', error);
    });
    // It may end without having read everything; its status says whether that is right.
    child.stdin.on('error', () => undefined);
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      if (answer.length <= MAX_ANSWER) answer += text;
    });
    child.once('close', (status, signal) => {
      clearTimeout(tooLate);
      if (signal !== null) return fail(`was ended by ${signal}`);
      if (status !== 0) return fail(`ended with status ${status}`);
      const bytes = decodeBase64(answer.trim());
      if (bytes?.length === length) resolve(bytes);
      else fail(`did not print ${length} bytes in base64`);
    });
    child.stdin.end(input);
  });
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
