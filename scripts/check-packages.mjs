// Checks each published package as its users get it: packs it, then asks publint and attw about the tarball.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const scratch = mkdtempSync(path.join(tmpdir(), 'sqlwarden-pack-'));
const failed = [];

function check(what, command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return true;
  failed.push(what);
  console.error(`${what} failed\n${stdout ?? ''}${stderr ?? ''}`);
  return false;
}

const bin = (name) => path.join(root, 'node_modules', '.bin', name);
for (const name of readdirSync(path.join(root, 'packages')).sort()) {
  const directory = path.join(root, 'packages', name);
  if (JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')).private) continue;
  if (!check(`pack ${name}`, 'pnpm', ['pack', '--pack-destination', scratch], directory)) continue;
  const tarball = path.join(
    scratch,
    readdirSync(scratch).find((file) => file.startsWith(`sqlwarden-${name}-`)),
  );
  check(`publint ${name}`, bin('publint'), ['run', tarball, '--strict'], directory);
  check(`attw ${name}`, bin('attw'), [tarball, '--format', 'ascii'], directory);
}
rmSync(scratch, { recursive: true });
console.log(failed.length === 0 ? 'packages: every tarball is sound' : `packages: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
