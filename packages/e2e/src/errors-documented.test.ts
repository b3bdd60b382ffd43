import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { REFUSAL_CODES } from '@sqlwarden/core';
import { EXCHANGE_REFUSAL_CODES } from '@sqlwarden/identity';
import { REFUSAL_ERRORS } from '@sqlwarden/mysql';
import { REFUSAL_SQLSTATES } from '@sqlwarden/postgres';
import { REFUSAL_ERRORS as SQLSERVER_ERRORS } from '@sqlwarden/sqlserver';

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| `([a-z-]+)`\s*\| (\w{5})\s*\| (\d{4}) (\w{5})\s*\| (\d+) (\d+)\s*\|/gm)];
const documented = new Map(rows.map(([, code, sqlstate]) => [code, sqlstate]));

describe('docs/errors.md', () => {
  it('lists every refusal code with its SQLSTATE, and no other', () => {
    expect(Object.fromEntries(documented)).toEqual(REFUSAL_SQLSTATES);
    expect([...documented.keys()].sort()).toEqual([...REFUSAL_CODES].sort());
  });

  it('lists the error number and SQLSTATE of each on MySQL', () => {
    const errors = rows.map(([, code, , number, sqlState]) => [code, { code: Number(number), sqlState }]);
    expect(Object.fromEntries(errors)).toEqual(REFUSAL_ERRORS);
  });

  it('lists the error number and severity of each on SQL Server', () => {
    const errors = rows.map(([, code, , , , number, severity]) => [code, { number: Number(number), class: Number(severity) }]);
    const expected = Object.entries(SQLSERVER_ERRORS).map(([code, error]) => [code, { number: error.number, class: error.class }]);
    expect(Object.fromEntries(errors)).toEqual(Object.fromEntries(expected));
  });

  it('lists every code of the token exchange, and no other', () => {
    const [, section = ''] = page.split('## Token exchange');
    const codes = [...section.matchAll(/^\| `([a-z-]+)`/gm)].map(([, code]) => code);
    expect(codes.sort()).toEqual([...EXCHANGE_REFUSAL_CODES].sort());
  });
});
