import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type InjectResult, type MaskTools, PinnedLost, type ServerLogin, type SessionHost } from '@sqlwarden/core';
import { type BackendMessage, encodeBackend } from '../protocol/backend-message.js';
import { FrameSplitter } from '../protocol/frame-splitter.js';
import { BACKEND_LIMIT_TABLE } from '../protocol/message-types.js';
import { decodeStartupPacket } from '../protocol/startup-message.js';
import { Conversation } from './conversation.js';
import { dollarQuoted, pinnedParameters, pinnedProbe } from './pinned-parameters.js';
import { ServerLoginLeg, type ServerLoginFailure } from './server-login.js';

const hash = {
  sha256: (data: Uint8Array) => createHash('sha256').update(data).digest(),
  hmacSha256: (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest(),
  md5: (data: Uint8Array) => createHash('md5').update(data).digest(),
  pbkdf2Sha256: (password: Uint8Array, salt: Uint8Array, iterations: number, length: number) =>
    pbkdf2Sync(password, salt, iterations, length, 'sha256'),
};
const OK: BackendMessage = { kind: 'AuthenticationOk' };
const refusal = (code: string): BackendMessage => ({ kind: 'ErrorResponse', fields: [{ code: 'C', value: code }] });

interface LoginRun {
  readonly sent: Uint8Array[];
  readonly failure: ServerLoginFailure | undefined;
  readonly parameters: readonly (readonly [string, string])[];
}

/** What becomes of a login whose client gave `given`, when the server says `answers`. */
function logIn(login: Partial<ServerLogin>, given: Readonly<Record<string, string>> = {}, answers: BackendMessage[] = []): LoginRun {
  const sent: Uint8Array[] = [];
  let failure: ServerLoginFailure | undefined;
  const frames = new FrameSplitter(BACKEND_LIMIT_TABLE, 1 << 16, true);
  const host = {
    hash,
    send: (bytes: Uint8Array) => void sent.push(bytes),
    startTls: () => undefined,
    randomBytes: (length: number) => new Uint8Array(length),
    parameterStatus: () => undefined,
    loggedIn: () => undefined,
    loginFailed: (failed: ServerLoginFailure) => void (failure = failed),
  };
  const whole: ServerLogin = { user: 'gateway', database: 'crm', password: 'x', tls: 'disable', isPrivate: true, ...login };
  const leg = new ServerLoginLeg(host, whole, new Map(Object.entries(given)), frames);
  leg.connected();
  frames.push(Buffer.concat(answers.map(encodeBackend)));
  while (leg.step());
  const [first] = sent;
  const packet = first === undefined ? undefined : decodeStartupPacket(first, 4, first.length);
  return { sent, failure, parameters: packet?.kind === 'StartupMessage' ? [...packet.parameters] : [] };
}

describe('a login with a role and settings', () => {
  it('gives them as startup parameters, after and instead of what the client gave', () => {
    const run = logIn({ role: 'analyst', settings: { 'app.who': 'ada' } }, { TimeZone: 'UTC', role: 'postgres', 'app.who': 'bob' });
    expect(run.parameters).toEqual([
      ['user', 'gateway'],
      ['database', 'crm'],
      ['TimeZone', 'UTC'],
      ['role', 'analyst'],
      ['app.who', 'ada'],
    ]);
  });

  it('is not begun where it is longer than the server reads', () => {
    const run = logIn({ settings: { 'app.groups': 'x'.repeat(10_000) } });
    expect([run.sent.length, run.failure?.kind]).toEqual([0, 'refused']);
  });
});

describe("a login with the client's own password", () => {
  it.each([
    ['28P01', true],
    ['28000', true],
    ['53300', undefined],
    ['3D000', undefined],
  ])('tells a server that does not know it (%s) from one that cannot', (code, isIdentity) => {
    expect(logIn({ isClients: true }, {}, [refusal(code)]).failure?.isIdentity).toBe(isIdentity);
  });

  it('proves nothing where the server asks for none', () => {
    expect(logIn({ isClients: true }, {}, [OK]).failure?.kind).toBe('insecure');
    expect(logIn({}, {}, [OK]).failure).toBeUndefined();
    expect(logIn({ isClients: true }, {}, [{ kind: 'AuthenticationCleartextPassword' }, OK]).failure).toBeUndefined();
  });
});

describe('a session whose role and settings have to stay', () => {
  const row = ['crm', 'analyst', '["public"]', 'on', 'safe_encoding', 'UTF8', 'public', '[null,null,null]'];
  const answer = (...more: string[]): InjectResult => ({ kind: 'rows', rows: [[...row, ...more]] });
  const talk = (pinned: ReadonlyMap<string, string>): Conversation => {
    const conversation = new Conversation(
      { randomBytes: (length: number) => new Uint8Array(length) } as SessionHost,
      {} as MaskTools,
      1024,
    );
    conversation.pin(pinned);
    return conversation;
  };

  it('asks whether they have, with the state', () => {
    const pinned = talk(pinnedParameters({ role: 'analyst', settings: { 'app.who': "o'x" } }));
    expect(pinned.probe).toContain("pg_catalog.current_setting($pinned$app.who$pinned$, true) OPERATOR(pg_catalog.=) $pinned$o'x$pinned$");
    expect(pinned.probe).toContain('current_user OPERATOR(pg_catalog.=) $pinned$analyst$pinned$');
    expect(pinned.observed(answer('t'))).toBe(true);
    expect(talk(new Map()).observed(answer())).toBe(true);
  });

  it.each(['f', ''])('is over when the answer is %j', (word) => {
    expect(() => talk(new Map([['app.who', 'ada']])).observed(answer(word))).toThrow(PinnedLost);
  });

  it('quotes every value as it stands', () => {
    expect(dollarQuoted('a$pinned$b$pinned0')).toBe('$pinned1$a$pinned$b$pinned0$pinned1$');
    expect(pinnedProbe(new Map())).toBeUndefined();
  });
});
