import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import type { Account } from './postgres-binaries.js';

export interface GuardedCommand {
  readonly command: readonly string[];
  /** Where it runs; removed when it is stopped, and when this process ends. */
  readonly directory: string;
  /** Gets what the command writes to stderr. A file rather than a pipe: a server must not wait for a test that is busy. */
  readonly logFile: string;
  /** Who it runs as; this process's own account without one. */
  readonly account?: Account | undefined;
}

export interface GuardedProcess {
  /** Settles when the command and all its children have ended, by themselves or stopped. */
  readonly ended: Promise<void>;
  /** Waits for the command to end. Answers its exit status and leaves the directory. */
  finish(): Promise<number>;
  /** Ends the command with SIGQUIT where it still runs, and removes the directory. */
  stop(): Promise<void>;
}

/**
 * The command is a child of this shell, not of ours, because a shell notices however we end (SIGKILL too): its standard input closes.
 * Standard output only tells us that the last process that holds it has ended, so the shell lets go of its own.
 */
const guard = `
directory=$1 log=$2
shift 2
cd "$directory" || exit 1
"$@" </dev/null 2>>"$log" &
child=$!
exec >&- 2>/dev/null
word=
read -r word
[ "$word" = finish ] || kill -QUIT "$child"
wait "$child"
status=$?
cd /
[ "$word" = finish ] || rm -rf -- "$directory"
exit "$status"
`;

/**
 * Runs a command that cannot outlive this process, and whose directory cannot either. It does not keep this process alive.
 * The shell is in a session of its own, so that a terminal's interrupt reaches only this process, which may want to close its connections.
 */
export function startGuarded({ command, directory, logFile, account }: GuardedCommand): GuardedProcess {
  const shell = spawn('/bin/sh', ['-c', guard, 'guard', directory, logFile, ...command], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
    ...account,
  });
  const exit = new Promise<number>((resolve, reject) => {
    shell.once('exit', (status) => resolve(status ?? 1));
    shell.once('error', reject);
  });
  // Whoever waits for the end sees the failure; until then it must not count as unhandled.
  exit.catch(() => undefined);
  const { stdin, stdout } = shell;
  stdin.on('error', () => undefined);
  const ended = once(stdout.resume(), 'close').then(() => undefined);
  shell.unref();
  for (const stream of [stdin, stdout]) if (stream instanceof Socket) stream.unref();
  const waitForExit = (): Promise<number> => {
    shell.ref();
    return exit;
  };
  return {
    ended,
    async finish() {
      if (stdout instanceof Socket) stdout.ref();
      stdin.end('finish\n');
      return waitForExit();
    },
    async stop() {
      stdin.end();
      await waitForExit();
    },
  };
}
