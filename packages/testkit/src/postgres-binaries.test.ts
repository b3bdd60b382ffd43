import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runnableBinaries } from './postgres-binaries.js';

const nobody = { uid: 65_534, gid: 65_534 };
let directory: string;
let closed: string;
let native: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'binaries-'));
  chmodSync(directory, 0o755);
  closed = join(directory, 'closed');
  native = join(closed, 'native');
  mkdirSync(join(native, 'bin'), { recursive: true });
  writeFileSync(join(native, 'bin', 'postgres'), '', { mode: 0o755 });
  symlinkSync('postgres', join(native, 'bin', 'postmaster'));
});

afterEach(() => rmSync(directory, { recursive: true }));

describe('the binaries that a server runs from', () => {
  it('are their own place where this account runs them, or anybody can reach them', () => {
    expect(runnableBinaries(native, nobody, directory)).toBe(native);
    chmodSync(closed, 0o700);
    expect(runnableBinaries(native, undefined, directory)).toBe(native);
  });

  // Only root can give files away, and only root needs to.
  (process.getuid?.() === 0 ? it : it.skip)('are a copy of its own where a checkout is closed to other accounts', () => {
    chmodSync(closed, 0o700);
    const copy = runnableBinaries(native, nobody, directory);
    expect(copy.startsWith(join(directory, 'binaries-'))).toBe(true);
    expect(statSync(join(copy, 'bin', 'postgres'))).toMatchObject({ uid: 65_534, mode: 0o100_755 });
    expect(lstatSync(join(copy, 'bin', 'postmaster')).uid).toBe(65_534);
    expect(readlinkSync(join(copy, 'bin', 'postmaster'))).toBe('postgres');
  });
});
