import { describe, expect, it } from '@jest/globals';
import { tokenSetting } from './token-setting.js';

const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2ln-_==';
const CLEAN = "SET sqlwarden.token = ''";

describe('the setting of a token', () => {
  it.each([
    `SET sqlwarden.token = '${TOKEN}'`,
    `set sqlwarden.token='${TOKEN}';`,
    `\n  Set Session SQLWARDEN.Token TO '${TOKEN}' ;\n`,
    `set sqlwarden.token to'${TOKEN}'`,
    `set sqlwarden.token = '${TOKEN}' /*traceparent='00-5bd6-01',route='%2Fhome'*/`,
    `set sqlwarden.token = '${TOKEN}'; /* x */`,
  ])('is taken out of %j', (text) => {
    expect(tokenSetting(text)).toEqual({ text: CLEAN, renewal: TOKEN });
  });

  it.each([
    `set local sqlwarden.token = '${TOKEN}'`,
    `set sqlwarden.token = '${TOKEN}'; select 1`,
    `select 1; set sqlwarden.token = '${TOKEN}'`,
    `set "sqlwarden"."token" = '${TOKEN}'`,
    `set sqlwarden /**/ . /**/ token = '${TOKEN}'`,
    `set sqlwarden.token = e'${TOKEN}'`,
    `set sqlwarden.token = '${TOKEN}', 'x'`,
    `set sqlwarden.token = ${TOKEN}`,
    `select set_config('sqlwarden.token', '${TOKEN}', false)`,
    'set sqlwarden.token = default',
    `set sqlwarden.token = '${TOKEN}' /* a */ /* b */`,
    `set sqlwarden.token = '${TOKEN}'; select 1 /* a */`,
    "set sqlwarden.token = ''",
    'show sqlwarden.token',
  ])('is to be refused without its text in %j', (text) => {
    expect(tokenSetting(text)).toEqual({ text: CLEAN, renewal: '' });
  });

  it.each([
    'select token from sqlwarden_tokens',
    "insert into notes values ('sqlwarden. Tokens are for the gateway')",
    'select sqlwarden, token from t',
    "set sqlwarden.purpose = 'token'",
    'select csrf_token from sessions where id = $1',
    '',
  ])('is not seen in %j', (text) => {
    expect(tokenSetting(text)).toEqual({ text });
  });

  it('is looked for in linear time', () => {
    const startedAt = performance.now();
    for (const run of [' ', '.', 'sqlwarden', 'sqlwarden.', 'token', '"', 'sqlwarden .\n']) {
      tokenSetting(`set sqlwarden.token${run.repeat(200_000)}x`);
      tokenSetting(`${run.repeat(200_000)} sqlwarden token`);
      tokenSetting(`set sqlwarden.token = 'x'${run.repeat(200_000)}x`);
    }
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});
