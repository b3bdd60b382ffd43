import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type GatewayRequest, type Site, writeSite } from './gateway.js';

/** A gateway that runs as `sqlwarden up`, in a process of its own. */
export interface GatewayProcess {
  readonly site: Site;
  readonly running: boolean;
  readonly pid: number;
  /** What it has written to standard output and standard error. */
  readonly output: string;
  /** The memory that it holds; Linux only. */
  residentBytes(): number;
  /** SIGKILL: no chance to put anything in order. */
  kill(): Promise<void>;
  /** Starts it again on the same directory. */
  restart(): Promise<void>;
  /** Ends it in order. Answers the exit status. */
  end(): Promise<number | null>;
  /** Ends it in order and removes its directory. Answers the exit status. */
  stop(): Promise<number | null>;
}

const START_TIMEOUT_MS = 30_000;

export async function startGatewayProcess(request: GatewayRequest): Promise<GatewayProcess> {
  const site = await writeSite(request);
  const output: string[] = [];
  let child = await start(site, output);
  const ended = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (isRunning(child)) {
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
    }
    return child.exitCode;
  };
  return {
    site,
    get running() {
      return isRunning(child);
    },
    get pid() {
      return child.pid ?? 0;
    },
    get output() {
      return output.join('');
    },
    residentBytes: () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8'))?.[1]) * 1024,
    kill: async () => void (await ended('SIGKILL')),
    async restart() {
      child = await start(site, output);
    },
    end: () => ended('SIGTERM'),
    async stop() {
      const status = await ended('SIGTERM');
      site.remove();
      return status;
    },
  };
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function start(site: Site, output: string[]): Promise<ChildProcess> {
  const manifest = createRequire(import.meta.url).resolve('@sqlwarden/cli/package.json');
  const program = join(dirname(manifest), 'bin', 'sqlwarden.js');
  const child = spawn(process.execPath, [program, 'up', '--config', site.configFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: site.directory,
  });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (const port of Object.values(site.ports)) {
    while (!(await answers(port))) {
      if (!isRunning(child) || Date.now() > deadline) {
        child.kill('SIGKILL');
        throw new Error(`the gateway did not come up: ${output.join('')}`);
      }
      await delay(50);
    }
  }
  return child;
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
