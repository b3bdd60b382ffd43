import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Finding } from './finding.js';
import { type ProgramResult, runProgram } from './run-program.js';

/** Where Debian's `golang-golang-x-mod-dev` puts its sources: they are used from there, without a module and without a network. */
const GO_PATH = '/usr/share/gocode';
const SOURCE = fileURLToPath(new URL('../check-ledger', import.meta.url));

/** The Go compiler, with the Go project's own packages for transparency logs; the path is the compiler's. */
export function findGoLogPackages(): Finding {
  const name = 'go with golang.org/x/mod';
  const { status, stdout } = spawnSync('go', ['version'], { encoding: 'utf8' });
  if (status !== 0) return { found: false, name, reason: 'no go on PATH' };
  if (!existsSync(join(GO_PATH, 'src/golang.org/x/mod/sumdb/tlog'))) {
    return { found: false, name, reason: 'the package golang-golang-x-mod-dev is not installed' };
  }
  return { found: true, name, path: 'go', version: /\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? 'unknown' };
}

/** A program that checks ledgers with the Go project's implementation of signed notes and transparency logs: none of ours. */
export interface LedgerChecker {
  /** Checks a directory that nobody writes to: exit status 0 in order, 1 not so. `retained` is a copy of its `checkpoints` file. */
  check(directory: string, verifier: string, retained?: string): Promise<ProgramResult>;
  /** Checks a `.tlog-proof` file. */
  checkProof(file: string, verifier: string): Promise<ProgramResult>;
  remove(): void;
}

/** @throws Error with what the compiler said. */
export async function buildLedgerChecker(): Promise<LedgerChecker> {
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-check-ledger-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  const program = join(directory, 'check-ledger');
  const env = { GO111MODULE: 'off', GOPATH: GO_PATH, GOCACHE: join(directory, 'cache'), GOFLAGS: '' };
  const built = await runProgram('go', ['build', '-o', program, '.'], { cwd: SOURCE, env, timeoutMs: 300_000 });
  if (built.status !== 0) {
    remove();
    throw new Error(`go build failed: ${built.stderr}`);
  }
  return {
    check: (ledger, verifier, retained) =>
      runProgram(program, ['-key', verifier, ...(retained === undefined ? [] : ['-retained', retained]), ledger]),
    checkProof: (file, verifier) => runProgram(program, ['-key', verifier, '-proof', file]),
    remove,
  };
}
