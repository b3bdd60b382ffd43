import { execFile, type ExecFileException } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { PasswordConfig } from '../config/gateway-config.js';

/** Where the password of an upstream comes from, for each login anew. */
export interface PasswordSource {
  /** Rejects with an `Error` for operators that says what went wrong and holds nothing of a password. */
  current(): Promise<string | undefined>;
  /** The server refused what was given last: nothing that was kept of it is given again. */
  rejected(): void;
}

const MAX_OUTPUT_BYTES = 64 * 1024;
/** A token that ends within this time is not given any more. */
const EXPIRY_MARGIN_MS = 30_000;

/** `directory`: where a command runs, and what its path is taken from when it has a slash. `environment`: what it is told besides ours. */
export function openPasswordSource(
  config: PasswordConfig,
  directory: string,
  now: () => number = Date.now,
  environment: Readonly<Record<string, string>> = {},
): PasswordSource {
  switch (config.kind) {
    case 'none':
      return { current: async () => undefined, rejected: () => undefined };
    case 'environment':
      return { current: async () => process.env[config.name], rejected: () => undefined };
    case 'file':
      return { current: () => fromFile(config.path), rejected: () => undefined };
    case 'command':
      return new CommandPassword(config, directory, now, environment);
  }
}

/** Read each time: whoever renews the password (a mounted secret, an agent for cloud tokens) writes a new file. */
async function fromFile(path: string): Promise<string> {
  try {
    return withoutLineEnd(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Error(`the password file ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, { cause: error });
  }
}

function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}

/** A program that writes the password, such as one that gets a token of a cloud's identity service. Logins at the same time share one run. */
class CommandPassword implements PasswordSource {
  readonly #config: Extract<PasswordConfig, { kind: 'command' }>;
  readonly #directory: string;
  readonly #now: () => number;
  readonly #environment: Readonly<Record<string, string>>;
  #kept: { readonly password: string; readonly until: number } | undefined;
  #running: Promise<string> | undefined;

  constructor(
    config: Extract<PasswordConfig, { kind: 'command' }>,
    directory: string,
    now: () => number,
    environment: Readonly<Record<string, string>>,
  ) {
    this.#environment = environment;
    this.#config = config;
    this.#directory = directory;
    this.#now = now;
  }

  current(): Promise<string> {
    const kept = this.#kept;
    if (kept !== undefined && this.#now() < kept.until) return Promise.resolve(kept.password);
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  rejected(): void {
    this.#kept = undefined;
  }

  async #run(): Promise<string> {
    const { command, timeoutMs, cacheMs } = this.#config;
    const startedAt = this.#now();
    const { password, expiresAt } = readOutput(await outputOf(command, this.#directory, timeoutMs, this.#environment));
    const until = Math.min(startedAt + cacheMs, (expiresAt ?? Number.POSITIVE_INFINITY) - EXPIRY_MARGIN_MS);
    this.#kept = { password, until };
    return password;
  }
}

/** The password alone, or `{"password": …, "expiresAt": …}` with a time as RFC 3339 writes it. */
function readOutput(output: string): { readonly password: string; readonly expiresAt: number | undefined } {
  const text = withoutLineEnd(output);
  if (text === '') throw new Error('the password command wrote nothing');
  if (!text.startsWith('{')) return { password: text, expiresAt: undefined };
  const { password, expiresAt } = parsedObject(text);
  const at = typeof expiresAt === 'string' ? Date.parse(expiresAt) : undefined;
  if (typeof password !== 'string' || password === '' || Number.isNaN(at) || (expiresAt !== undefined && at === undefined))
    throw new Error('the password command wrote JSON without a text "password", or with an "expiresAt" that is no time');
  return { password, expiresAt: at };
}

function parsedObject(text: string): { readonly password?: unknown; readonly expiresAt?: unknown } {
  try {
    return JSON.parse(text) as object;
  } catch {
    // The parser's own message quotes the text.
    throw new Error('the password command wrote JSON that cannot be read');
  }
}

/** What it writes to standard error is not shown: it may hold secrets. */
function outputOf(
  command: readonly string[],
  directory: string,
  timeoutMs: number,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const [file = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const failed = (why: string): void => reject(new Error(`the password command ${file} ${why}`));
    const child = execFile(
      file,
      args,
      { cwd: directory, env: { ...process.env, ...environment }, maxBuffer: MAX_OUTPUT_BYTES, encoding: 'utf8', windowsHide: true },
      (error, stdout) => {
        clearTimeout(timer);
        if (error === null) resolve(stdout);
        else failed(failureOf(error));
      },
    );
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      // What the command started itself may hold its output open for as long as it likes.
      child.stdout?.destroy();
      child.stderr?.destroy();
      failed(`did not end within ${timeoutMs} ms`);
    }, timeoutMs);
  });
}

function failureOf(error: ExecFileException): string {
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `wrote more than ${MAX_OUTPUT_BYTES} bytes`;
  if (typeof error.code === 'number') return `ended with exit status ${error.code}`;
  return `cannot be run (${error.code ?? error.signal ?? 'unknown'})`;
}
