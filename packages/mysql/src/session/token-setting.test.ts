import { describe, expect, it } from '@jest/globals';
import { tokenSetting } from './token-setting.js';

const INSTEAD = 'SET @sqlwarden.token = NULL';

describe('a text that gives a token', () => {
  it.each([
    "SET @sqlwarden.token = 'a.b-c_d.e~f+/='",
    "set @`sqlwarden.token` := 'a.b-c_d.e~f+/=' ;",
    'SET @sqlwarden.token="a.b-c_d.e~f+/=" /* traceparent=1 */',
  ])('is taken: %s', (text) => {
    expect(tokenSetting(text)).toEqual({ text: INSTEAD, renewal: 'a.b-c_d.e~f+/=' });
  });

  it.each([
    "SET @sqlwarden.token = CONCAT('a', 'b')",
    "SET @x = 1, @sqlwarden.token = 'a'",
    "SELECT 'a' INTO @sqlwarden.token",
    "SET @`sqlwarden`.`token` = 'a'",
    "SET @sqlwarden.token = 'a'; SELECT 1",
    'SET @sqlwarden.token = ?',
  ])('is shown to nobody when it is in another form: %s', (text) => {
    expect(tokenSetting(text)).toEqual({ text: INSTEAD, renewal: '' });
  });

  it.each(["SELECT 'token'", 'SELECT token FROM sqlwarden_tokens', "SET @sqlwarden.purpose = 'x'"])('is no other: %s', (text) => {
    expect(tokenSetting(text)).toEqual({ text });
  });
});
