import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { REFUSAL_CODES } from '@sqlwarden/core';
import { REFUSAL_SQLSTATES } from '@sqlwarden/postgres';

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const documented = new Map([...page.matchAll(/^\| `([a-z-]+)`\s*\| (\w{5})\s*\|/gm)].map(([, code, sqlstate]) => [code, sqlstate]));

describe('docs/errors.md', () => {
  it('lists every refusal code with its SQLSTATE, and no other', () => {
    expect(Object.fromEntries(documented)).toEqual(REFUSAL_SQLSTATES);
    expect([...documented.keys()].sort()).toEqual([...REFUSAL_CODES].sort());
  });
});
