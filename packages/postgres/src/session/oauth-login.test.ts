import { describe, expect, it } from '@jest/globals';
import type { ClientCredential, LoginRequest, Refusal, SessionHost } from '@sqlwarden/core';
import fc from 'fast-check';
import { type BackendMessage, decodeBackend } from '../protocol/backend-message.js';
import { FrameSplitter } from '../protocol/frame-splitter.js';
import { encodeFrontend, type FrontendMessage } from '../protocol/frontend-message.js';
import { FRONTEND_LIMIT_TABLE } from '../protocol/message-types.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { encodeStartupPacket } from '../protocol/startup-message.js';
import { ClientLogin } from './client-login.js';

const STARTUP = encodeStartupPacket({ kind: 'StartupMessage', major: 3, minor: 0, parameters: new Map([['user', 'ada']]) });
const discovery = { openidConfiguration: 'https://issuer.example/.well-known/openid-configuration', scope: 'sql' };
const WRONG: Refusal = { code: 'identity-invalid', message: 'the signature of the token is wrong' };

/** A client that begins by OAUTHBEARER. */
class Script {
  readonly sent: BackendMessage[] = [];
  readonly logins: LoginRequest[] = [];
  refusal: Refusal | undefined;
  error: ProtocolError | undefined;
  readonly login: ClientLogin;
  readonly #frames = new FrameSplitter(FRONTEND_LIMIT_TABLE, 32 * 1024, false);

  constructor(isPrivate = true) {
    this.login = new ClientLogin(
      {
        host: { canEncryptClient: false, clientLegIsPrivate: isPrivate } as unknown as SessionHost,
        send: (bytes) => void this.sent.push(decodeBackend(bytes[0] ?? 0, bytes, 5, bytes.length)),
        startTls: () => undefined,
        identified: (login) => void this.logins.push(login),
        cancelRequested: () => undefined,
        refuse: (refusal) => void (this.refusal = refusal),
      },
      this.#frames,
      { hash: undefined as never, clientMethod: () => ({ kind: 'oauth', discovery }) },
    );
    this.says(STARTUP);
  }

  says(...messages: (FrontendMessage | Uint8Array)[]): this {
    this.#frames.push(Buffer.concat(messages.map((one) => (one instanceof Uint8Array ? one : encodeFrontend(one)))));
    try {
      while (this.login.step());
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.error = error;
    }
    return this;
  }

  begins(text: string | null, mechanism = 'OAUTHBEARER'): this {
    return this.says({ kind: 'SASLInitialResponse', mechanism, response: text === null ? null : Buffer.from(text, 'latin1') });
  }

  get credential(): ClientCredential | undefined {
    return this.logins[0]?.credential;
  }
}

const BEARER = 'n,,\x01auth=Bearer a.b.c\x01\x01';
const END: FrontendMessage = { kind: 'SASLResponse', data: Uint8Array.of(1) };

describe('a login by OAUTHBEARER', () => {
  it('is offered alone, and hands the token to the host', () => {
    const script = new Script().begins(BEARER);
    expect(script.sent).toEqual([{ kind: 'AuthenticationSASL', mechanisms: ['OAUTHBEARER'] }]);
    expect(script.credential).toEqual({ kind: 'token', token: 'a.b.c' });
  });

  it('takes the message as the answer to an empty challenge, too', () => {
    const script = new Script().begins(null);
    expect(script.sent.at(-1)).toMatchObject({ kind: 'AuthenticationSASLContinue', data: { length: 0 } });
    expect(script.says({ kind: 'SASLResponse', data: Buffer.from(BEARER, 'latin1') }).credential).toMatchObject({ token: 'a.b.c' });
  });

  it('is never offered where it can be overheard', () => {
    const script = new Script(false);
    expect(script.sent).toEqual([]);
    expect(script.credential).toMatchObject({ kind: 'refused', refusal: { code: 'identity-missing' } });
  });

  it('tells a client whose token is refused where there are others, and why only at the end', () => {
    const script = new Script().begins(BEARER);
    expect(script.login.refused(WRONG)).toBe(true);
    const told = script.sent.at(-1);
    if (told?.kind !== 'AuthenticationSASLContinue') throw new Error('not told');
    expect(JSON.parse(Buffer.from(told.data).toString())).toEqual({
      status: 'invalid_token',
      'openid-configuration': discovery.openidConfiguration,
      scope: 'sql',
    });
    expect(script.refusal).toBeUndefined();
    expect(script.says(END).refusal).toBe(WRONG);
    expect(script.logins).toHaveLength(1);
  });

  it('tells a client without a token the same', () => {
    const script = new Script().begins('n,,\x01auth=\x01\x01');
    expect(script.credential).toEqual({ kind: 'none' });
    expect(script.login.refused({ code: 'identity-missing', message: 'give a bearer token' })).toBe(true);
  });

  it('does not ask for another token where another would not help', () => {
    const script = new Script().begins(BEARER);
    for (const code of ['login-throttled', 'database-unknown', 'too-many-connections', 'upstream-refused'] as const)
      expect(script.login.refused({ code, message: 'x' })).toBe(false);
    expect(script.sent).toHaveLength(1);
  });

  it('is a guess with an authorization of another scheme', () => {
    expect(new Script().begins('n,,\x01auth=Basic YTpi\x01\x01').credential).toMatchObject({ kind: 'refused', isGuess: true });
  });

  it.each<[string, (script: Script) => Script]>([
    ['another mechanism', (script) => script.begins(BEARER, 'SCRAM-SHA-256')],
    ['the password of before', (script) => script.says({ kind: 'PasswordMessage', password: 'a.b.c' })],
    ['a statement', (script) => script.says({ kind: 'Query', text: 'select 1' })],
    ['a malformed message', (script) => script.begins('n,,\x01auth=Bearer a.b.c\x01')],
    ['an empty late message', (script) => script.begins(null).says({ kind: 'SASLResponse', data: new Uint8Array(0) })],
    ['a message beyond the limit', (script) => script.begins(`n,,\x01auth=Bearer ${'a'.repeat(40_000)}\x01\x01`)],
  ])('is closed on %s', (_name, act) => {
    const script = act(new Script());
    expect([script.error, script.logins]).toEqual([expect.any(ProtocolError), []]);
    expect(script.error?.message).not.toContain('a.b.c');
  });

  it.each<[string, FrontendMessage]>([
    ['another token', { kind: 'SASLResponse', data: Buffer.from(BEARER, 'latin1') }],
    ['two separators', { kind: 'SASLResponse', data: Uint8Array.of(1, 1) }],
    ['a statement', { kind: 'Query', text: 'select 1' }],
  ])('is closed where the end of a failure is %s', (_name, message) => {
    const script = new Script().begins(BEARER);
    script.login.refused(WRONG);
    expect(script.says(message).error).toBeInstanceOf(ProtocolError);
    expect([script.logins.length, script.refusal]).toEqual([1, undefined]);
  });

  it('is refused at its end, whatever bytes come in its place, and identifies nobody anew', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 20 }).map((data) => encodeFrontend({ kind: 'SASLResponse', data })),
      fc.constant(encodeFrontend({ kind: 'SASLInitialResponse', mechanism: 'OAUTHBEARER', response: Buffer.from(BEARER, 'latin1') })),
      fc.constant(encodeFrontend({ kind: 'PasswordMessage', password: 'a.b.c' })),
      fc.constant(encodeFrontend(END)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 4 }), (pieces) => {
        const script = new Script().begins(BEARER);
        script.login.refused(WRONG);
        for (const bytes of pieces) if (script.error === undefined && script.refusal === undefined) script.says(bytes);
        expect(script.logins).toHaveLength(1);
        expect([undefined, WRONG]).toContain(script.refusal);
      }),
      { numRuns: 300 },
    );
  });
});
