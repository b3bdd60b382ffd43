import { spawn } from 'node:child_process';

export interface ProgramOptions {
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to the program's standard input, which is closed after it. */
  readonly input?: string;
  readonly cwd?: string;
  /** After this the program is killed and the promise rejects. Default 60 000. */
  readonly timeoutMs?: number;
}

export interface ProgramResult {
  /** The exit status; `null` when a signal ended the program. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end, whatever its exit status.
 *
 * @throws Error when it cannot be started, or when it ran longer than `timeoutMs`; the message ends with what it wrote to stderr.
 */
export function runProgram(path: string, args: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  const { env, input, cwd, timeoutMs = 60_000 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { env: { ...process.env, ...env }, ...(cwd === undefined ? {} : { cwd }), stdio: 'pipe' });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      if (late) reject(new Error(`${path} was killed after ${timeoutMs} ms; it said: ${output.stderr}`));
      else resolve({ status, signal, ...output });
    });
    // A program may end without reading its input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });
}
