import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { openPasswordSource } from './password-source.js';

const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-password-'));
afterAll(() => rmSync(directory, { recursive: true }));
const SECRET = 'not-to-be-told';

describe('a password in a file', () => {
  const path = join(directory, 'password');
  const source = openPasswordSource({ kind: 'file', path }, directory);

  it('is read for each login, without the end of its line', async () => {
    writeFileSync(path, 'first\n');
    expect(await source.current()).toBe('first');
    writeFileSync(path, 'second\r\n');
    expect(await source.current()).toBe('second');
  });

  it('that is gone is told by its path', async () => {
    rmSync(path);
    await expect(source.current()).rejects.toThrow(`the password file ${path} cannot be read (ENOENT)`);
  });
});

describe('a password of a command', () => {
  let now = 1_000_000;
  let runs = 0;
  const counter = join(directory, 'runs');
  function command(script: string, { cacheMs = 60_000, timeoutMs = 5_000 } = {}) {
    writeFileSync(counter, '');
    const shell = `echo run >> ${counter}; ${script}`;
    return openPasswordSource({ kind: 'command', command: ['/bin/sh', '-c', shell], timeoutMs, cacheMs }, directory, () => now);
  }
  const count = (): number => (runs = readFileSync(counter, 'utf8').split('\n').length - 1);

  it('is used for as long as it may be kept', async () => {
    const source = command('echo token');
    expect(await source.current()).toBe('token');
    now += 59_999;
    await source.current();
    expect(count()).toBe(1);
    now += 1;
    await source.current();
    expect(count()).toBe(2);
  });

  it('is not used when it is about to end, whatever may be kept', async () => {
    const source = command(`printf '{"password":"token","expiresAt":"%s"}' 1970-01-01T00:20:00Z`, { cacheMs: 86_400_000 });
    now = 1_000_000;
    expect(await source.current()).toBe('token');
    now = 1_169_000;
    await source.current();
    expect(count()).toBe(1);
    now = 1_171_000;
    await source.current();
    expect(count()).toBe(2);
  });

  it('is asked for anew once the server has refused it', async () => {
    const source = command('echo token');
    await source.current();
    source.rejected();
    await source.current();
    expect(count()).toBe(2);
  });

  it('is asked for once by logins at the same time, and by each where nothing is kept', async () => {
    const shared = command('sleep 0.1; echo token', { cacheMs: 0 });
    expect(await Promise.all([shared.current(), shared.current(), shared.current()])).toEqual(['token', 'token', 'token']);
    expect(count()).toBe(1);
    await shared.current();
    expect(count()).toBe(2);
    expect(runs).toBe(2);
  });

  it.each([
    ['fails', `echo ${SECRET}; echo ${SECRET} >&2; exit 7`, 'ended with exit status 7'],
    ['writes nothing', 'true', 'wrote nothing'],
    ['writes JSON without a password', `echo '{"token":"${SECRET}"}'`, 'without a text "password"'],
    ['writes an end that is no time', `echo '{"password":"${SECRET}","expiresAt":"soon"}'`, 'an "expiresAt" that is no time'],
    ['writes JSON that is none', `echo '{${SECRET}'`, 'JSON that cannot be read'],
    ['writes without end', `yes ${SECRET}`, 'wrote more than 65536 bytes'],
    ['hangs', `echo ${SECRET}; sleep 30 & sleep 30`, 'did not end within 200 ms'],
  ])('that %s is told of without what it wrote, and kept for nobody', async (_name, script, words) => {
    const source = command(script, { timeoutMs: 200 });
    const error = await source.current().catch((reason: unknown) => reason as Error);
    expect(String(error)).toContain(words);
    expect(`${String(error)} ${String((error as Error).cause)} ${(error as Error).stack}`).not.toContain(SECRET);
    await expect(source.current()).rejects.toThrow();
  });

  it('that there is not is told by its name', async () => {
    const source = openPasswordSource({ kind: 'command', command: ['./no-such-program'], timeoutMs: 1_000, cacheMs: 0 }, directory);
    await expect(source.current()).rejects.toThrow('the password command ./no-such-program cannot be run (ENOENT)');
  });
});
