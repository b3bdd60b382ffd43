import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { exchangeJwksPath, SigningKeys } from './signing-keys.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const START = Date.UTC(2026, 10, 23);

let directory: string;
let now = START;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'sqlwarden-keys-'));
  now = START;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (): SigningKeys => new SigningKeys({ directory, rotateAfterMs: 30 * DAY, maxTokenMs: 15 * MINUTE, clock: () => now });
const published = (keys: SigningKeys): string[] => keys.jwks().keys.map((key) => (key as { kid: string }).kid);
const onDisk = (): string[] =>
  (JSON.parse(readFileSync(exchangeJwksPath(directory), 'utf8')) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
const keyFiles = (): string[] => readdirSync(directory).filter((name) => name.endsWith('.pem'));

describe('signing keys', () => {
  it('are made once, for their owner alone, and only the public half is published', () => {
    const keys = open();
    const { id } = keys.current();
    const [file = ''] = keyFiles();
    expect(statSync(path.join(directory, file)).mode & 0o777).toBe(0o600);
    expect(published(keys)).toEqual([id]);
    expect(onDisk()).toEqual([id]);
    expect(readFileSync(exchangeJwksPath(directory), 'utf8')).not.toMatch(/"d"|PRIVATE/);
    expect(open().current().id).toBe(id);
    expect(keyFiles()).toHaveLength(1);
  });

  it('are published before they sign, and for as long as their last token may live', () => {
    const keys = open();
    const first = keys.current().id;
    now += 30 * DAY;
    expect(keys.current().id).toBe(first);
    const [, second = ''] = published(keys);
    expect(onDisk()).toEqual([first, second]);
    now += 14 * MINUTE;
    expect(keys.current().id).toBe(first);
    now += MINUTE;
    expect(keys.current().id).toBe(second);
    // The last token that the first one signed lives for 15 minutes more.
    now += 15 * MINUTE;
    expect(published(keys)).toEqual([first, second]);
    now += 15 * MINUTE;
    expect(published(keys)).toEqual([second]);
    expect(onDisk()).toEqual([second]);
    expect(keyFiles()).toHaveLength(1);
  });

  it('are the same for processes that share the directory', () => {
    const [one, other] = [open(), open()];
    now += 30 * DAY + MINUTE;
    one.current();
    now += 20 * MINUTE;
    expect(other.current().id).toBe(one.current().id);
    expect(published(other)).toEqual(published(one));
  });

  it('that were deleted, because somebody has stolen them, are published no more and another one signs', () => {
    const keys = open();
    const { id } = keys.current();
    for (const file of keyFiles()) rmSync(path.join(directory, file));
    now += 1_000;
    expect(published(keys)).not.toContain(id);
    expect(onDisk()).toEqual([keys.current().id]);
  });

  it('are published again when another process has written what it knew', () => {
    const keys = open();
    const { id } = keys.current();
    writeFileSync(exchangeJwksPath(directory), '{"keys":[]}');
    now += 1_000;
    expect(keys.current().id).toBe(id);
    expect(onDisk()).toEqual([id]);
  });

  it('are not kept where others could put keys of their own in their place', () => {
    chmodSync(directory, 0o777);
    expect(open).toThrow(/others may write to the directory of a key of the token exchange: give it mode 0700/);
    chmodSync(directory, 0o755);
    expect(open).not.toThrow();
  });

  it('that others may read are not used', () => {
    open();
    const [file = ''] = keyFiles();
    chmodSync(path.join(directory, file), 0o640);
    expect(open).toThrow(/others may read or write a key of the token exchange/);
  });
});
