import { describe, expect, it } from '@jest/globals';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findMariadb, findPostgres, requireOrSkip, runProgram } from '@sqlwarden/testkit';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const suite = requireOrSkip(findPostgres(18)) ? describe : describe.skip;

suite('the quickstart', () => {
  it('plays the scene once, answers the three questions and exits 0', async () => {
    const { status, stdout, stderr } = await runProgram(process.execPath, [main, '--once', '--keep'], { timeoutMs: 150_000 });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/Who approved that change\?\n +Dana Ruiz \(person\) of dba, at [\d: -]+Z, “CHG-2291”/);
    expect(stdout).toMatch(/Asked for by Maya Chen \(person\) → schema-bot \(agent 1\.4, model forge 2\.1\)/);
    expect(stdout).toMatch(/What data was accessed\?\n +4,000 rows of public\.people: id, full_name, email, phone, ssn/);
    expect(stdout).toMatch(/Did it hold personal data\?\n +Yes: pii\.birth, pii\.email, pii\.name, pii\.phone, pii\.ssn\./);
    expect(stdout).toMatch(/result +in order/);
    expect(stdout).toContain('Everything went as told.');
    // Not a terminal: no colour.
    expect(stdout).not.toContain('\u001b');
    const kept = /^ +kept: (.+)$/m.exec(stdout)?.[1] ?? '';
    expect(existsSync(`${kept}/ledger/checkpoint`)).toBe(true);
    rmSync(kept, { recursive: true });
  }, 180_000);

  it.each([['--twice'], ['--database', 'oracle']])('explains itself when it is called wrongly: %s', async (...args) => {
    const { status, stderr } = await runProgram(process.execPath, [main, ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain('usage: npm start');
  });
});

(requireOrSkip(findMariadb()) ? describe : describe.skip)('the quickstart on MariaDB', () => {
  it('plays the same scene, and its answers are the same', async () => {
    const { status, stdout, stderr } = await runProgram(process.execPath, [main, '--database', 'mysql', '--once'], { timeoutMs: 150_000 });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/Who approved that change\?\n +Dana Ruiz \(person\) of dba, at [\d: -]+Z, “CHG-2291”/);
    expect(stdout).toMatch(/What data was accessed\?\n +4,000 rows of crm\.people: id, full_name, email, phone, ssn/);
    expect(stdout).toMatch(/Did it hold personal data\?\n +Yes: pii\.birth, pii\.email, pii\.name, pii\.phone, pii\.ssn\./);
    expect(stdout).toContain('Everything went as told.');
  }, 180_000);
});
