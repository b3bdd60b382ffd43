import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ProgramResult, runProgram } from '@sqlwarden/testkit';
import { SceneError } from './claim.js';

/** The script behind `sqlwarden`. */
export const COMMAND = path.join(path.dirname(fileURLToPath(import.meta.resolve('@sqlwarden/cli/package.json'))), 'bin', 'sqlwarden.js');

/** Runs `sqlwarden …` as a process of its own, whatever its exit status. */
export function sqlwarden(directory: string, args: readonly string[], token?: string): Promise<ProgramResult> {
  return runProgram(process.execPath, [COMMAND, ...args], { cwd: directory, env: token === undefined ? {} : { SQLWARDEN_TOKEN: token } });
}

/** The gateway as a process of its own. */
export interface GatewayProcess {
  /** What it said when it was ready. */
  readonly said: readonly string[];
  /** Resolves with its exit status when it ends. */
  readonly ended: Promise<number>;
  stop(): Promise<number>;
}

const READY_MS = 30_000;

/** Starts `sqlwarden up` and waits until it listens. */
export async function startGateway(directory: string): Promise<GatewayProcess> {
  // It stops when its standard input ends: a gateway must not outlive its quickstart, however that ends.
  const child = spawn(process.execPath, [COMMAND, 'up', '--drain', '2s', '--until-stdin-ends'], {
    cwd: directory,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (status) => resolve(status ?? 1));
  });
  child.stdin.on('error', () => undefined);
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (/^ready\b/m.test(output)) resolve();
    });
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`it was not ready after ${READY_MS / 1000} s`), READY_MS);
  });
  const trouble = await Promise.race([ready.then(() => undefined), ended.then((status) => `it ended with exit status ${status}`), late]);
  clearTimeout(timer);
  if (trouble !== undefined) {
    child.kill('SIGKILL');
    throw new SceneError(`the gateway did not start: ${trouble}; it said: ${errors || output}`);
  }
  return {
    said: [...output.trim().split('\n'), ...errors.split('\n').filter((line) => line !== '')],
    ended,
    stop() {
      child.stdin.end();
      return ended;
    },
  };
}
