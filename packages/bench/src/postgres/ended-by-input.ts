import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProgramRequest {
  /** A program that ends when its standard input does, or one that is `guarded`. */
  readonly command: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The port of 127.0.0.1 that it answers on once it is ready. */
  readonly port: number;
  /** Runs it under a shell that ends it when standard input ends, for programs that do not care for theirs. */
  readonly guarded?: boolean;
}

/** A program that runs beside the measurement, and cannot outlive it: when this process is gone, its standard input ends. */
export interface RunningProgram {
  /** The process that was started; what it starts itself are its descendants. */
  readonly pid: number;
  /** Ends it in order, after 15 s by force. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;
const KEPT_OUTPUT = 16_384;
const GUARD = '"$@" </dev/null & child=$!; read -r _; kill -TERM "$child"; wait "$child"';

/** Starts it and waits until its port answers. Rejects with what it wrote when it does not come up. */
export async function startProgram({ command, cwd, env, port, guarded = false }: ProgramRequest): Promise<RunningProgram> {
  const [program, ...args] = guarded ? ['/bin/sh', '-c', GUARD, 'guard', ...command] : command;
  const child = spawn(program, args, {
    stdio: 'pipe',
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env: { ...process.env, ...env } }),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-KEPT_OUTPUT)));
  }
  let ended = false;
  const exit = new Promise<void>((resolve) => {
    const end = (): void => {
      ended = true;
      resolve();
    };
    child.once('exit', end).once('error', end);
  });
  child.stdin.on('error', () => undefined);
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(port))) {
    if (ended || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${command[0]} did not come up: ${output}`);
    }
    await delay(50);
  }
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await exit;
      clearTimeout(timer);
    },
  };
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
