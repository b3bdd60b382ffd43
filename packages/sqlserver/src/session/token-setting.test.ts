import { describe, expect, it } from '@jest/globals';
import { tokenSetting } from './token-setting.js';

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln';
const INSTEAD = "EXECUTE sp_set_session_context N'sqlwarden.token', NULL";

describe('a token in a text', () => {
  it.each([
    `EXEC sp_set_session_context N'sqlwarden.token', N'${TOKEN}'`,
    `execute sys.sp_set_session_context @key = N'sqlwarden.token', @value = '${TOKEN}';`,
    `EXEC sp_set_session_context 'sqlwarden.token' , N'${TOKEN}' /*traceparent='00-1'*/`,
  ])('is taken out of %s', (text) => {
    expect(tokenSetting(text)).toEqual({ text: INSTEAD, renewal: TOKEN });
  });

  it.each([
    `EXEC sp_set_session_context N'sqlwarden.token', @token`,
    `SELECT 1; EXEC sp_set_session_context N'sqlwarden.token', N'${TOKEN}'`,
    `EXEC sp_set_session_context N'sqlwarden.token', N'${TOKEN}', 1`,
    `DECLARE @k nvarchar(20) = N'sqlwarden.token'; EXEC sp_set_session_context @k, N'${TOKEN}'`,
  ])('is not shown, and is not taken: %s', (text) => {
    expect(tokenSetting(text)).toEqual({ text: INSTEAD, renewal: '' });
  });

  it('is in no other text', () => {
    const text = "EXEC sp_set_session_context N'sqlwarden.purpose', N'support token'";
    expect(tokenSetting(text)).toEqual({ text });
  });
});
