// npm test [-- arguments of jest]
// The last line is the outcome, alone: `N passed, N failed, N skipped`.
import './node-version.mjs';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

const { prepare, root } = await import('./workspace.mjs');
const { makeScratch } = await import('./scratch.mjs');
prepare();

const { directory: scratch, temporary } = makeScratch();
const closing = path.join(scratch, 'closing');
const graceMs = 10_000;

/** Runs jest to its end, or to its outcome where something that a test left open keeps it from ending. Answers its exit status. */
function jest(args) {
  const file = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const env = {
    ...process.env,
    TMPDIR: temporary,
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`.trim(),
    SQLWARDEN_CLOSING_FILE: closing,
    SQLWARDEN_MISSING_FILE: path.join(scratch, 'missing.jsonl'),
  };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [file, ...args], { cwd: root, stdio: 'inherit', env });
    // Whoever ends this run ends jest; what is temporary is removed then.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    let outcomeAt;
    const watch = setInterval(() => {
      if (!existsSync(closing)) return;
      outcomeAt ??= performance.now();
      if (performance.now() - outcomeAt < graceMs) return;
      console.error(`sqlwarden: a test left something open, jest was killed ${graceMs / 1000} s after its outcome`);
      child.kill('SIGKILL');
    }, 250);
    child.on('exit', (status) => {
      clearInterval(watch);
      resolve(status ?? (existsSync(closing) && / 0 failed,/.test(readFileSync(closing, 'utf8')) ? 0 : 1));
    });
  });
}

const status = await jest(process.argv.slice(2));
// Printed here, after jest has exited, so that nothing can come after it.
console.log(existsSync(closing) ? readFileSync(closing, 'utf8') : `0 passed, ${status === 0 ? 0 : 1} failed, 0 skipped`);
rmSync(scratch, { recursive: true, force: true });
process.exitCode = status;
