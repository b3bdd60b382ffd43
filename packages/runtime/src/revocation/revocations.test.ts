import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { NewLedgerEvent, Principal } from '@sqlwarden/core';
import { RevocationStore } from './revocation-store.js';
import { Revocations, type RevocationsOptions } from './revocations.js';
import { loadRevocations } from './revocations-file.js';

const person = (id: string): Principal => ({
  subject: { kind: 'person', issuer: 'https://idp', id, groups: [], groupsComplete: true },
  actors: [],
  proof: { subject: 'token' },
  expiresAt: Number.MAX_SAFE_INTEGER,
});
const olga = person('olga');

let directory: string;
let file: string;
let now: number;
let recorded: NewLedgerEvent[];
let troubles: string[];
let changes: number;
const open: Revocations[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'revocations-'));
  file = join(directory, 'revoked.yaml');
  now = 1_000_000;
  recorded = [];
  troubles = [];
  changes = 0;
});
afterEach(() => {
  for (const one of open.splice(0)) one.close();
  rmSync(directory, { recursive: true, force: true });
});

function revocations(changed: Partial<RevocationsOptions> = {}): Revocations {
  const made = new Revocations({
    file: undefined,
    store: new RevocationStore(join(directory, 'revoked.json')),
    now: () => now,
    record: (event) => void recorded.push(event),
    onChange: () => (changes += 1),
    onTrouble: ({ message }) => void troubles.push(message),
    ...changed,
  });
  open.push(made);
  return made;
}
const write = (...entries: readonly string[]): void => writeFileSync(file, `version: 1\nrevoked: [${entries.join(', ')}]\n`);

describe('revocations by command', () => {
  it('hold at once, are seen by others, and outlive the process', () => {
    const [one, other] = [revocations(), revocations()];
    const made = one.revoke({ subject: 'bob', reason: 'left' }, olga);
    expect([one.refusal(person('bob'))?.code, one.refusal(person('ada')), changes]).toEqual(['identity-revoked', undefined, 1]);
    expect(other.refusal(person('bob'))).toBeUndefined();
    other.look(true);
    expect(other.refusal(person('bob'))?.message).toContain(made.id);
    expect(revocations().inForce).toEqual([{ id: made.id, subject: 'bob', reason: 'left' }]);
    expect(recorded).toEqual([{ type: 'revocations.changed', source: 'command', added: [made], lifted: [], by: olga }]);
    expect(statSync(join(directory, 'revoked.json')).mode & 0o777).toBe(0o600);
  });

  it('are lifted, once', () => {
    const one = revocations();
    const made = one.revoke({ subject: 'bob' }, olga);
    expect(one.lift(made.id, olga)).toEqual(made);
    expect([one.lift(made.id, olga), one.refusal(person('bob')), revocations().inForce]).toEqual([undefined, undefined, []]);
  });

  it('end by themselves', () => {
    const one = revocations();
    one.revoke({ subject: 'bob', until: now + 10 }, olga);
    now += 9;
    expect(one.refusal(person('bob'))?.code).toBe('identity-revoked');
    now += 1;
    expect([one.refusal(person('bob')), one.inForce]).toEqual([undefined, []]);
  });

  it('change nothing when they cannot be recorded', () => {
    const one = revocations({
      record: () => {
        throw new Error('the disk is full');
      },
    });
    expect(() => one.revoke({ subject: 'bob' }, olga)).toThrow('the disk is full');
    expect([one.refusal(person('bob')), revocations().inForce, changes]).toEqual([undefined, [], 0]);
  });

  it('are not in the ledger as holding when they cannot be kept', () => {
    const one = revocations();
    mkdirSync(join(directory, 'revoked.json.next'));
    expect(() => one.revoke({ subject: 'bob' }, olga)).toThrow('EISDIR');
    const [added, lifted] = recorded as Extract<NewLedgerEvent, { type: 'revocations.changed' }>[];
    expect([added?.added.length, lifted?.lifted]).toEqual([1, added?.added]);
    expect([recorded.length, one.refusal(person('bob')), changes]).toEqual([2, undefined, 0]);
  });

  it('are not taken for none when what was kept cannot be read', () => {
    const kept = join(directory, 'revoked.json');
    const one = revocations();
    one.revoke({ subject: 'bob' }, olga);
    for (const wrong of [
      '',
      '{',
      '[]',
      '{"version":2,"revoked":[]}',
      '{"version":1,"revoked":[{"subject":"x"}]}',
      '{"version":1,"revoked":[{"id":"a","who":"x"}]}',
    ]) {
      writeFileSync(kept, wrong);
      one.look(true);
      expect(one.refusal(person('bob'))?.code).toBe('identity-revoked');
      expect(troubles.splice(0)).toEqual([expect.stringContaining('the revocations stay as they were')]);
      expect(() => revocations()).toThrow('restore it');
      expect(() => one.revoke({ subject: 'ada' }, olga)).toThrow('restore it');
      expect(readFileSync(kept, 'utf8')).toBe(wrong);
    }
  });
});

describe('what was kept of revocations by command', () => {
  it('goes on to hold when it is taken away, and is told of', () => {
    const kept = join(directory, 'revoked.json');
    const one = revocations();
    const made = one.revoke({ subject: 'bob' }, olga);
    rmSync(kept);
    one.look(true);
    expect(one.refusal(person('bob'))?.code).toBe('identity-revoked');
    expect(troubles.splice(0)).toEqual([expect.stringContaining('restore it')]);
    expect(() => one.revoke({ subject: 'ada' }, olga)).toThrow('restore it');
    expect(() => one.lift(made.id, olga)).toThrow('restore it');
    writeFileSync(kept, JSON.stringify({ version: 1, revoked: [] }));
    one.look(true);
    expect([one.refusal(person('bob')), troubles]).toEqual([undefined, []]);
  });

  it('may come to be by another process', () => {
    const [one, other] = [revocations(), revocations()];
    one.look(true);
    other.revoke({ subject: 'bob' }, olga);
    one.look(true);
    expect([one.refusal(person('bob'))?.code, troubles]).toEqual(['identity-revoked', []]);
  });
});

describe('a file of revocations', () => {
  it('is read at the start and again when it changes, and what changed is recorded', async () => {
    write('{ subject: bob }', '{ agent: robo, until: "2199-01-01T00:00:00Z" }');
    const one = revocations({ file, now: Date.now });
    expect(one.refusal(person('bob'))?.code).toBe('identity-revoked');
    write('{ subject: ada }');
    const deadline = Date.now() + 10_000;
    while (one.refusal(person('ada')) === undefined && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
    expect([one.refusal(person('ada'))?.code, one.refusal(person('bob')), changes]).toEqual(['identity-revoked', undefined, 1]);
    expect(recorded).toMatchObject([
      { source: 'file', added: [{ subject: 'bob' }, { agent: 'robo', until: Date.UTC(2199, 0, 1) }], lifted: [] },
      { source: 'file', added: [{ subject: 'ada' }], lifted: [{ subject: 'bob' }, { agent: 'robo' }] },
    ]);
  });

  it('that becomes wrong, or goes away, changes nothing and is told of', () => {
    write('{ subject: bob }');
    const one = revocations({ file });
    for (const wreck of [(): void => writeFileSync(file, 'revoked: what'), (): void => rmSync(file)]) {
      wreck();
      one.look(true);
      expect(one.refusal(person('bob'))?.code).toBe('identity-revoked');
      expect(troubles.splice(0)).toEqual([expect.stringContaining('the revocations stay as they were')]);
    }
  });

  it.each([
    ['{ }', /needs|is|lacks|empty/],
    ['{ until: "2199-01-01T00:00:00Z" }', /does not say whom/],
    ['{ issuer: "https://idp" }', /does not say whom/],
    ['{ issuedBefore: "2026-01-01T00:00:00Z" }', /every issuer/],
    ['{ subject: bob, until: "2199-02-31T25:00:00Z" }', /a time that there is not/],
    ['{ subject: bob, until: tomorrow }', /a time in quotes/],
    ['{ subjects: [bob] }', /subject/],
    ['{ subject: 7 }', /an identifier, in quotes/],
  ])('may not say %s', (entry, message) => {
    write(entry);
    expect(() => loadRevocations(file)).toThrow(message);
  });
});
