import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from './finding.js';
import { requireOrSkip } from './require-or-skip.js';

const here: Finding = { found: true, name: 'psql', path: '/usr/bin/psql', version: '15' };
const missing: Finding = { found: false, name: 'oracle', reason: 'not on PATH' };
const { SQLWARDEN_REQUIRE, SQLWARDEN_MISSING_FILE } = process.env;
let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'require-or-skip-'));
  file = join(directory, 'missing.jsonl');
  process.env['SQLWARDEN_MISSING_FILE'] = file;
  delete process.env['SQLWARDEN_REQUIRE'];
});

afterEach(() => {
  rmSync(directory, { recursive: true });
  restore('SQLWARDEN_REQUIRE', SQLWARDEN_REQUIRE);
  restore('SQLWARDEN_MISSING_FILE', SQLWARDEN_MISSING_FILE);
});

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

describe('requireOrSkip', () => {
  it('runs where everything is there, and records nothing', () => {
    expect(requireOrSkip(here)).toBe(true);
    expect(existsSync(file)).toBe(false);
  });

  it('skips and records by name where something is missing', () => {
    expect(requireOrSkip(here, missing)).toBe(false);
    expect(readFileSync(file, 'utf8')).toBe('{"name":"oracle","reason":"not on PATH"}\n');
  });

  it('throws instead of skipping when everything is required', () => {
    process.env['SQLWARDEN_REQUIRE'] = 'all';
    expect(() => requireOrSkip(here, missing)).toThrow(/does not have oracle \(not on PATH\)/);
    expect(requireOrSkip(here)).toBe(true);
    expect(existsSync(file)).toBe(false);
  });
});
