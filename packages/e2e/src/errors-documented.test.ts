import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { REFUSAL_CODES } from '@sqlwarden/core';
import { EXCHANGE_REFUSAL_CODES } from '@sqlwarden/identity';
import { REFUSAL_SQLSTATES } from '@sqlwarden/postgres';

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const documented = new Map([...page.matchAll(/^\| `([a-z-]+)`\s*\| (\w{5})\s*\|/gm)].map(([, code, sqlstate]) => [code, sqlstate]));

describe('docs/errors.md', () => {
  it('lists every refusal code with its SQLSTATE, and no other', () => {
    expect(Object.fromEntries(documented)).toEqual(REFUSAL_SQLSTATES);
    expect([...documented.keys()].sort()).toEqual([...REFUSAL_CODES].sort());
  });

  it('lists every code of the token exchange, and no other', () => {
    const [, section = ''] = page.split('## Token exchange');
    const codes = [...section.matchAll(/^\| `([a-z-]+)`/gm)].map(([, code]) => code);
    expect(codes.sort()).toEqual([...EXCHANGE_REFUSAL_CODES].sort());
  });
});
