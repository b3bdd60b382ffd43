import { chmodSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FileStamps } from './file-stamps.js';

describe('the stamps of a file', () => {
  let directory: string;
  let file: string;
  let now: number;
  let stamps: FileStamps;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'file-stamps-'));
    file = join(directory, 'watched');
    writeFileSync(file, 'one');
    now = 1_000_000;
    stamps = new FileStamps([file], () => now);
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('are looked at once a second, and tell of a change once', () => {
    writeFileSync(file, 'other');
    now += 999;
    expect(stamps.changed()).toBe(false);
    now += 1;
    expect(stamps.changed()).toBe(true);
    now += 1_000;
    expect(stamps.changed()).toBe(false);
  });

  it('are looked at when the clock has been set back', () => {
    writeFileSync(file, 'other');
    now -= 3_600_000;
    expect(stamps.changed()).toBe(true);
  });

  it('tell of a file that was made readable, and of one that was changed without looking so', () => {
    chmodSync(file, 0o640);
    now += 1_000;
    expect(stamps.changed()).toBe(true);
    const { atime, mtime } = statSync(file);
    writeFileSync(file, 'two');
    utimesSync(file, atime, mtime);
    now += 1_000;
    expect(stamps.changed()).toBe(true);
  });
});
