import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPsql, findPython } from './clients.js';
import { runProgram } from './run-program.js';

const { PATH } = process.env;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'clients-'));
});

afterEach(() => {
  process.env['PATH'] = PATH;
  rmSync(directory, { recursive: true });
});

function install(program: string, script: string): string {
  const file = join(directory, program);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

describe('finding clients', () => {
  it('takes the first on PATH that runs, with its version', () => {
    const path = install('psql', 'echo "psql (PostgreSQL) 15.18 (Debian)"');
    process.env['PATH'] = `${join(directory, 'nowhere')}:${directory}`;
    expect(findPsql()).toEqual({ found: true, name: 'psql', path, version: '15.18' });
  });

  it('says which Python module is missing', () => {
    const finding = findPython('no_such_module' as 'psycopg2');
    expect(finding).toMatchObject({ found: false, name: 'python3 with no_such_module' });
  });
});

describe('running a client', () => {
  it('answers status and output, and gives it its input and environment', async () => {
    const path = install('client', 'read line; echo "$line $WHO"; echo oops >&2; exit 3');
    const result = await runProgram(path, [], { input: 'hello\n', env: { WHO: 'you' } });
    expect(result).toEqual({ status: 3, signal: null, stdout: 'hello you\n', stderr: 'oops\n' });
  });

  it('kills one that takes too long', async () => {
    const path = install('client', 'echo starting >&2; exec sleep 60');
    await expect(runProgram(path, [], { timeoutMs: 200 })).rejects.toThrow(/killed after 200 ms; it said: starting/);
  });

  it('rejects where there is no such program', async () => {
    await expect(runProgram(join(directory, 'nothing'), [])).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
