import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COMMAND = join(import.meta.dirname, '..', '..', 'dist', 'commands', 'fuzz.js');
const LAST_WORD = /^(client|server): ([\d,]+) mutated frames of [\d,]+ in ([\d,]+) inputs/gm;
const count = (text: string | undefined): number => Number(text?.replaceAll(',', ''));

// In a process of its own: coverage costs according to all scripts that an isolate has.
describe('npm run fuzz', () => {
  it.each(['postgres', 'mysql', 'sqlserver'])('finds nothing wrong with mutated frames of %s', (database) => {
    const failures = mkdtempSync(join(tmpdir(), 'sqlwarden-fuzz-'));
    const args = [COMMAND, database, '--frames', '150', '--seconds', '60', '--seed', '2026', '--failures', failures];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    rmSync(failures, { recursive: true, force: true });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const ran = [...stdout.matchAll(LAST_WORD)];
    for (const direction of ['client', 'server']) {
      const [, , mutated, inputs] = ran.findLast(([, of]) => of === direction) ?? [];
      expect(count(mutated)).toBeGreaterThanOrEqual(150);
      expect(count(inputs)).toBeGreaterThan(20);
    }
  });
});
