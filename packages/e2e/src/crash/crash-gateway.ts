import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Site } from '../harness/gateway.js';

/** The command as a user runs it. */
export const PROGRAM = join(dirname(createRequire(import.meta.url).resolve('@sqlwarden/cli/package.json')), 'bin', 'sqlwarden.js');
const PATIENCE_MS = 60_000;

/** `sqlwarden up` with all of its processes, which can be killed at any moment. Linux only. */
export class CrashGateway {
  readonly #site: Site;
  #child: ChildProcess | undefined;
  #output = '';

  readonly #abandon = (): void => {
    if (this.#child?.pid !== undefined && isRunning(this.#child)) killGroup(this.#child.pid);
  };

  constructor(site: Site) {
    this.#site = site;
    process.once('exit', this.#abandon);
  }

  /** Does not wait until it takes clients. */
  spawn(): void {
    const child = spawn(process.execPath, [PROGRAM, 'up', '--config', this.#site.configFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.#site.directory,
      // A process group of its own, so that one signal reaches all of it, what is being forked too.
      detached: true,
    });
    this.#output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    this.#child = child;
  }

  /** @throws Error with what it wrote when it ends instead. */
  async untilUp(): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (const port of Object.values(this.#site.ports)) {
      while (!(await answers(port))) {
        if (!isRunning(this.#child) || Date.now() > deadline) throw new Error(`the gateway did not come up: ${this.#output}`);
        await delay(20);
      }
    }
  }

  /** SIGKILL to all of its processes at once; resolves when none of them is left. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || !isRunning(child)) return;
    const exit = once(child, 'exit');
    killGroup(child.pid);
    await exit;
    const deadline = Date.now() + PATIENCE_MS;
    while (isGroupThere(child.pid)) {
      if (Date.now() > deadline) throw new Error('a process of the gateway outlived SIGKILL');
      await delay(5);
    }
  }

  /** Ends it in order. Answers the exit status. */
  async stop(): Promise<number | null> {
    process.off('exit', this.#abandon);
    const child = this.#child;
    if (child === undefined || !isRunning(child)) return child?.exitCode ?? null;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
    return child.exitCode;
  }
}

function isRunning(child: ChildProcess | undefined): boolean {
  return child !== undefined && child.exitCode === null && child.signalCode === null;
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // All of it has ended already.
  }
}

/** False when all that is left has ended and waits to be collected. */
function isGroupThere(leader: number): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      // "proc", section "/proc/[pid]/stat": the name in parentheses, the state, the parent, the group.
      const [state, , group] = readFileSync(`/proc/${name}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      return Number(group) === leader && state !== 'Z';
    } catch {
      return false;
    }
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
