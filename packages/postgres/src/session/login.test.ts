import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type {
  CancelKey,
  ClientMethod,
  HashPort,
  LoginRequest,
  Refusal,
  ScramVerifier,
  ServerLogin,
  SessionHost,
  TlsFacts,
} from '@sqlwarden/core';
import fc from 'fast-check';
import { type BackendMessage, decodeBackend, encodeBackend } from '../protocol/backend-message.js';
import { FrameSplitter } from '../protocol/frame-splitter.js';
import { encodeFrontend, type FrontendMessage } from '../protocol/frontend-message.js';
import { BACKEND_LIMIT_TABLE, FRONTEND_LIMIT_TABLE } from '../protocol/message-types.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { decodeStartupPacket, encodeStartupPacket, type StartupPacket } from '../protocol/startup-message.js';
import { newCancelKey } from './cancel-keys.js';
import { ClientLogin } from './client-login.js';
import { ScramClient } from './scram.js';
import { ScramServer } from './scram-server.js';
import { ServerLoginLeg, type ServerLoginFailure } from './server-login.js';

const hash: HashPort = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  md5: (data) => createHash('md5').update(data).digest(),
  pbkdf2Sha256: (password, salt, iterations, length) => pbkdf2Sync(password, salt, iterations, length, 'sha256'),
};
const random = (length: number): Uint8Array => new Uint8Array(length).fill(3);
const END_POINT = new Uint8Array(32).fill(9);
const SECRET = 'the-secret-password';

function verifierOf(password: string): ScramVerifier {
  const salt = new Uint8Array(16).fill(4);
  const salted = hash.pbkdf2Sha256(Buffer.from(password), salt, 4096, 32);
  const key = (name: string): Uint8Array => hash.hmacSha256(salted, Buffer.from(name));
  return { salt, iterations: 4096, storedKey: hash.sha256(key('Client Key')), serverKey: key('Server Key'), isMock: false };
}

// ---- the server leg ----

class ServerScript {
  readonly sent: Buffer[] = [];
  failure: ServerLoginFailure | undefined;
  key: CancelKey | undefined;
  loggedIn = false;
  tls = 0;
  readonly #frames = new FrameSplitter(BACKEND_LIMIT_TABLE, 1 << 20, true);
  readonly #leg: ServerLoginLeg;

  constructor(login: Partial<ServerLogin> = {}) {
    this.#leg = new ServerLoginLeg(
      {
        hash,
        send: (bytes) => void this.sent.push(Buffer.from(bytes)),
        startTls: () => void (this.tls += 1),
        randomBytes: random,
        parameterStatus: () => undefined,
        loggedIn: (key) => {
          this.loggedIn = true;
          this.key = key;
        },
        loginFailed: (failure) => void (this.failure = failure),
      },
      { user: 'gateway', database: 'crm', password: SECRET, tls: 'require', ...login },
      new Map(),
      this.#frames,
    );
    this.#leg.connected();
  }

  /** Through TLS to where the server answers. */
  encrypted(facts: TlsFacts = { endPoint: END_POINT, protocol: 'postgresql' }): this {
    if (this.tls === 0) this.raw(Uint8Array.of(0x53));
    this.#leg.tlsStarted(facts);
    return this;
  }

  says(...messages: BackendMessage[]): this {
    return this.raw(Buffer.concat(messages.map(encodeBackend)));
  }

  raw(bytes: Uint8Array): this {
    this.#frames.push(bytes);
    try {
      while (this.#leg.step());
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.failure ??= { kind: 'protocol', detail: error.message };
    }
    return this;
  }

  /** What was sent last, its type byte in front. */
  get last(): string {
    return (this.sent.at(-1) ?? Buffer.alloc(0)).toString('latin1');
  }
}

const ok: BackendMessage = { kind: 'AuthenticationOk' };
const ready: BackendMessage = { kind: 'ReadyForQuery', status: 'I' };
const keyOf = (length: number): BackendMessage => ({ kind: 'BackendKeyData', processId: 5, secret: new Uint8Array(length) });
const sasl = (...mechanisms: string[]): BackendMessage => ({ kind: 'AuthenticationSASL', mechanisms });
const negotiate = (version: number, unrecognised: readonly string[] = []): BackendMessage => ({
  kind: 'NegotiateProtocolVersion',
  version,
  unrecognised,
});
const V30 = 0x30000;
const V32 = 0x30002;

describe('the version of the protocol on the server leg', () => {
  it('is 3.2, or 3.0 where the configuration says so', () => {
    const asked = (login: Partial<ServerLogin>): StartupPacket => {
      const packet = new ServerScript({ tls: 'disable', ...login }).sent[0] ?? Buffer.alloc(0);
      return decodeStartupPacket(packet, 4, packet.length);
    };
    expect(asked({})).toMatchObject({ major: 3, minor: 2 });
    expect(asked({ protocol: '3.0' })).toMatchObject({ major: 3, minor: 0 });
  });

  it('comes with cancel keys of 4 to 256 bytes, and of 4 once the server has gone down to 3.0', () => {
    const keys = (negotiated: boolean, length: number): number | undefined => {
      const script = new ServerScript({ tls: 'disable' });
      if (negotiated) script.says(negotiate(V30));
      return script.says(ok, keyOf(length), ready).key?.secret.length;
    };
    expect([4, 32, 256].map((length) => keys(false, length))).toEqual([4, 32, 256]);
    expect([0, 3].map((length) => keys(false, length))).toEqual([undefined, undefined]);
    expect(keys(true, 4)).toBe(4);
    expect([0, 3, 5, 32].map((length) => keys(true, length))).toEqual([undefined, undefined, undefined, undefined]);
  });

  it.each<[string, BackendMessage[]]>([
    ['to what was asked for', [negotiate(V32)]],
    ['upwards', [negotiate(0x30003)]],
    ['to 3.1, which there is not', [negotiate(0x30001)]],
    ['to another major version', [negotiate(0x20000)]],
    ['to no version', [negotiate(0)]],
    ['options away that were not asked for', [negotiate(V30, ['_pq_.x'])]],
    ['twice', [negotiate(V30), negotiate(V30)]],
    ['after the login', [ok, negotiate(V30)]],
  ])('is not negotiated %s', (_name, messages) => {
    const script = new ServerScript({ tls: 'disable' }).says(...messages);
    expect(script.failure?.kind).toBe('protocol');
  });

  it('is not negotiated where 3.0 was asked for', () => {
    expect(new ServerScript({ tls: 'disable', protocol: '3.0' }).says(negotiate(V30)).failure?.kind).toBe('protocol');
  });
});

describe('TLS on the server leg', () => {
  it('begins at once where the configuration says so, and needs the other end to say what it speaks', () => {
    const script = new ServerScript({ sslNegotiation: 'direct' });
    expect([script.tls, script.sent]).toEqual([1, []]);
    expect(script.encrypted().sent).toHaveLength(1);
    for (const facts of [{}, { protocol: 'http/1.1' }]) {
      const mute = new ServerScript({ sslNegotiation: 'direct' }).encrypted(facts);
      expect(mute.failure).toMatchObject({ kind: 'insecure' });
      expect(mute.sent).toEqual([]);
    }
  });

  it.each([
    ['declines', [0x4e]],
    ['answers with an error', [0x45, 0, 0, 0, 5]],
    ['says more than its answer', [0x53, 0x53]],
    ['answers what there is not', [0x47]],
  ])('ends the login when the server %s', (_name, bytes) => {
    const script = new ServerScript().raw(Uint8Array.from(bytes));
    expect(script.failure).toBeDefined();
    expect([script.tls, script.sent]).toEqual([0, [expect.anything()]]);
  });
});

describe('what the server asks for', () => {
  const md5Of = (text: string | Buffer): string => createHash('md5').update(text).digest('hex');

  it('is answered: MD5 and a password in clear inside of TLS, or where nobody can overhear', () => {
    const salt = Buffer.from([1, 2, 3, 4]);
    for (const script of [new ServerScript().encrypted(), new ServerScript({ tls: 'disable', isPrivate: true })]) {
      script.says({ kind: 'AuthenticationMD5Password', salt });
      expect(script.last).toBe(`p\0\0\0\x28md5${md5Of(Buffer.concat([Buffer.from(md5Of(`${SECRET}gateway`)), salt]))}\0`);
      expect(script.says(ok, ready).loggedIn).toBe(true);
    }
    const clear = new ServerScript().encrypted().says({ kind: 'AuthenticationCleartextPassword' });
    expect(clear.last).toContain(SECRET);
  });

  it.each<[string, Partial<ServerLogin>, BackendMessage]>([
    ['a password in clear where it can be overheard', { tls: 'disable' }, { kind: 'AuthenticationCleartextPassword' }],
    ['MD5 where it can be overheard', { tls: 'disable' }, { kind: 'AuthenticationMD5Password', salt: new Uint8Array(4) }],
    ['channel binding outside of TLS', { tls: 'disable' }, sasl('SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256')],
    ['no mechanism that is known', { tls: 'disable' }, sasl('OAUTHBEARER')],
    ['a password that the upstream has not', { tls: 'disable', password: undefined }, sasl('SCRAM-SHA-256')],
    ['nothing, where something is wanted', { tls: 'disable', accept: ['scram-sha-256'] }, ok],
    ['SCRAM, where a certificate is enough', { tls: 'disable', accept: ['none'] }, sasl('SCRAM-SHA-256')],
    ['Kerberos', { tls: 'disable' }, { kind: 'AuthenticationGSS' }],
  ])('is refused: %s', (_name, login, message) => {
    const script = new ServerScript(login).says(message);
    expect(script.failure).toBeDefined();
    // The start-up packet, and nothing that depends on the password.
    expect(script.sent).toHaveLength(1);
  });

  it.each<[string, BackendMessage]>([
    ['SCRAM without channel binding', sasl('SCRAM-SHA-256')],
    ['a password in clear', { kind: 'AuthenticationCleartextPassword' }],
    ['MD5', { kind: 'AuthenticationMD5Password', salt: new Uint8Array(4) }],
    ['nothing', ok],
  ])('is refused where channel binding is required: %s', (_name, message) => {
    const script = new ServerScript({ channelBinding: 'require' }).encrypted().says(message);
    expect(script.failure).toMatchObject({ kind: 'insecure' });
    expect(script.sent).toHaveLength(2);
  });

  it('is refused where channel binding is required and the certificate has none', () => {
    const script = new ServerScript({ channelBinding: 'require' }).encrypted({ protocol: 'postgresql' });
    expect(script.says(sasl('SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256')).failure).toMatchObject({ kind: 'insecure' });
  });

  /** The server's half of the exchange, with a verifier of `password`. */
  function exchange(
    script: ServerScript,
    mechanisms: readonly string[],
    password = SECRET,
    endPoint: Uint8Array = END_POINT,
  ): ServerScript {
    const server = new ScramServer(hash, verifierOf(password), random, mechanisms.length > 1 ? endPoint : undefined);
    script.says(sasl(...mechanisms));
    const [, mechanism = '', first = ''] = /^p....(SCRAM-SHA-256(?:-PLUS)?)\0....([^]*)$/.exec(script.last) ?? [];
    const one = server.first(mechanism, Buffer.from(first, 'latin1'));
    if (!one.ok) throw new Error(one.reason);
    script.says({ kind: 'AuthenticationSASLContinue', data: one.data });
    const two = server.final(Buffer.from(script.last.slice(5), 'latin1'));
    return script.says(...(two.ok ? ([{ kind: 'AuthenticationSASLFinal', data: two.data }, ok, ready] as const) : [ok, ready]));
  }

  it('is bound to the certificate where that is offered, and says so where it could have been', () => {
    const offered = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'];
    expect(exchange(new ServerScript({ channelBinding: 'require' }).encrypted(), offered).loggedIn).toBe(true);
    const unbound = new ServerScript().encrypted();
    expect(exchange(unbound, ['SCRAM-SHA-256']).loggedIn).toBe(true);
    expect(unbound.sent[2]?.toString('latin1')).toContain('y,,n=');
    const off = new ServerScript({ channelBinding: 'disable' }).encrypted();
    expect(exchange(off, ['SCRAM-SHA-256']).loggedIn).toBe(true);
    expect(off.sent[2]?.toString('latin1')).toContain('n,,n=');
  });

  it('is not believed of somebody between who has another certificate', () => {
    const script = new ServerScript().encrypted();
    exchange(script, ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'], SECRET, new Uint8Array(32));
    expect(script.loggedIn).toBe(false);
  });

  it('is not believed of a server that does not know the password, or skips its proof', () => {
    const script = new ServerScript({ tls: 'disable' });
    exchange(script, ['SCRAM-SHA-256'], 'another');
    expect([script.loggedIn, script.failure?.kind]).toEqual([false, 'protocol']);
    expect(new ServerScript({ tls: 'disable' }).says(sasl('SCRAM-SHA-256'), ok, ready).loggedIn).toBe(false);
  });

  it.each<[string, BackendMessage, string]>([
    ['without an SQLSTATE', { kind: 'ErrorResponse', fields: [{ code: 'M', value: SECRET }] }, 'SQLSTATE none'],
    ['with one that is none', { kind: 'ErrorResponse', fields: [{ code: 'C', value: SECRET }] }, 'SQLSTATE none'],
    ['without fields', { kind: 'ErrorResponse', fields: [] }, 'SQLSTATE none'],
    ['with one', { kind: 'ErrorResponse', fields: [{ code: 'C', value: '53300' }] }, 'SQLSTATE 53300'],
    ['of a pooler that knows 3.0 only', { kind: 'ErrorResponse', fields: [{ code: 'C', value: '08P01' }] }, 'write protocol: "3.0"'],
  ])('may be an error %s', (_name, message, words) => {
    const script = new ServerScript({ tls: 'disable' }).says(message);
    expect(script.failure?.detail).toContain(words);
    expect(script.failure?.detail).not.toContain(SECRET);
  });

  it('may be any bytes: they log nobody in who did not prove anything, and tell no password', () => {
    const message = fc.constantFrom<BackendMessage>(
      ok,
      ready,
      keyOf(4),
      keyOf(40),
      negotiate(V30),
      sasl('SCRAM-SHA-256'),
      sasl('SCRAM-SHA-256-PLUS'),
      { kind: 'AuthenticationCleartextPassword' },
      { kind: 'AuthenticationMD5Password', salt: new Uint8Array(4) },
      { kind: 'AuthenticationSASLContinue', data: Buffer.from('r=x,s=AAAA,i=4096') },
      { kind: 'AuthenticationSASLFinal', data: Buffer.from('v=AAAA') },
      { kind: 'ParameterStatus', name: 'client_encoding', value: 'UTF8' },
      { kind: 'ParseComplete' },
    );
    const bytes = fc.oneof(
      message.map((one) => Buffer.from(encodeBackend(one))),
      fc.uint8Array({ maxLength: 40 }).map((one) => Buffer.from(one)),
    );
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 6 }), (pieces) => {
        const script = new ServerScript({ tls: 'disable', accept: ['scram-sha-256'] });
        for (const piece of pieces) script.raw(piece);
        expect(script.loggedIn).toBe(false);
        expect(Buffer.concat(script.sent).toString('latin1')).not.toContain(SECRET);
        expect(JSON.stringify(script.failure ?? '')).not.toContain(SECRET);
      }),
      { numRuns: 500 },
    );
  });
});

// ---- the client leg ----

class ClientScript {
  readonly sent: Buffer[] = [];
  readonly logins: LoginRequest[] = [];
  readonly cancels: CancelKey[] = [];
  refusal: Refusal | undefined;
  error: ProtocolError | undefined;
  tls = 0;
  readonly #frames = new FrameSplitter(FRONTEND_LIMIT_TABLE, 32 * 1024, false);
  readonly login: ClientLogin;

  constructor(method: ClientMethod = { kind: 'token' }, { canEncrypt = true, encrypted = false } = {}) {
    const host = { canEncryptClient: canEncrypt, clientLegIsPrivate: true, randomBytes: random } as unknown as SessionHost;
    this.login = new ClientLogin(
      {
        host,
        send: (bytes) => void this.sent.push(Buffer.from(bytes)),
        startTls: () => void (this.tls += 1),
        identified: (login) => void this.logins.push(login),
        cancelRequested: (key) => void this.cancels.push(key),
        refuse: (refusal) => void (this.refusal = refusal),
      },
      this.#frames,
      { hash, clientMethod: () => method, clientEncrypted: encrypted },
    );
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

  get last(): BackendMessage | undefined {
    const bytes = this.sent.at(-1);
    return bytes === undefined || bytes.length < 5 ? undefined : decodeBackend(bytes[0] ?? 0, bytes, 5, bytes.length);
  }
}

const SSL = encodeStartupPacket({ kind: 'SSLRequest' });
const GSS = encodeStartupPacket({ kind: 'GSSENCRequest' });
const startup = (minor = 0): Uint8Array =>
  encodeStartupPacket({ kind: 'StartupMessage', major: 3, minor, parameters: new Map([['user', 'alice']]) });

describe('requests for encryption', () => {
  it.each<[string, readonly Uint8Array[], string]>([
    ['GSS, then TLS', [GSS, SSL], 'NS'],
    ['TLS', [SSL], 'S'],
  ])('%s', (_name, packets, answers) => {
    const script = new ClientScript();
    for (const packet of packets) script.says(packet);
    expect(Buffer.concat(script.sent).toString()).toBe(answers);
    expect(script.tls).toBe(1);
  });

  it.each<[string, readonly Uint8Array[], { canEncrypt?: boolean; encrypted?: boolean }]>([
    ['TLS twice', [SSL, SSL], { canEncrypt: false }],
    ['GSS twice', [GSS, GSS], {}],
    ['TLS inside of TLS', [SSL], { encrypted: true }],
    ['GSS inside of TLS', [GSS], { encrypted: true }],
    ['bytes in clear behind the request, where it is declined', [Buffer.concat([SSL, startup()])], { canEncrypt: false }],
    ['bytes in clear behind the request, where it is accepted', [Buffer.concat([SSL, startup()])], {}],
    ['bytes in clear while TLS starts', [SSL, startup()], {}],
  ])('%s: closed', (_name, packets, options) => {
    const script = new ClientScript({ kind: 'token' }, options);
    for (const packet of packets) script.says(packet);
    expect(script.error).toBeInstanceOf(ProtocolError);
    expect(script.logins).toEqual([]);
  });

  it('TLS declined, then GSS declined, then in clear', () => {
    const script = new ClientScript({ kind: 'token' }, { canEncrypt: false }).says(SSL).says(GSS).says(startup());
    expect(Buffer.concat(script.sent.slice(0, 2)).toString()).toBe('NN');
    expect(script.last).toEqual({ kind: 'AuthenticationCleartextPassword' });
  });
});

describe('a client that proves itself by SCRAM-SHA-256', () => {
  const method: ClientMethod = { kind: 'scram', verifier: verifierOf(SECRET), endPoint: END_POINT };

  function login(password: string, script = new ClientScript(method, { encrypted: true })): ClientScript {
    const client = new ScramClient(hash, password, random, { kind: 'end-point', data: END_POINT });
    script.says(startup(), { kind: 'SASLInitialResponse', mechanism: client.mechanism, response: client.first() });
    const challenge = script.last;
    if (challenge?.kind !== 'AuthenticationSASLContinue') throw new Error('no challenge');
    const final = client.final(challenge.data);
    if (!final.ok) throw new Error(final.reason);
    return script.says({ kind: 'SASLResponse', data: final.data });
  }

  it('is told that the gateway knows the password too once the host has let it in, and not before', () => {
    const script = login(SECRET);
    expect(script.last?.kind).toBe('AuthenticationSASLContinue');
    expect(script.logins).toMatchObject([{ user: 'alice', credential: { kind: 'scram' }, encrypted: true }]);
    script.login.accepted();
    expect(script.last?.kind).toBe('AuthenticationSASLFinal');
  });

  it('is handed to the host as refused when it does not know the password, and told nothing of the verifier', () => {
    const script = login('another');
    expect(script.last?.kind).toBe('AuthenticationSASLContinue');
    expect(script.logins).toMatchObject([{ credential: { kind: 'refused', refusal: { code: 'identity-invalid' }, isGuess: true } }]);
  });

  it.each<[string, FrontendMessage | Uint8Array]>([
    ['a statement', { kind: 'Query', text: 'select 1' }],
    ['no first message', { kind: 'SASLInitialResponse', mechanism: 'SCRAM-SHA-256', response: null }],
    ['a password in its place', { kind: 'PasswordMessage', password: SECRET }],
    ['a mechanism without its end', Buffer.from('p\0\0\0\x08ABCD', 'latin1')],
    ['a length beyond the message', Buffer.from('p\0\0\0\x0aA\0\x7f\xff\xff\xff', 'latin1')],
    ['a negative length', Buffer.from('p\0\0\0\x0aA\0\xff\xff\xff\xfe', 'latin1')],
    ['a message of 60 000 bytes', { kind: 'SASLInitialResponse', mechanism: 'SCRAM-SHA-256', response: Buffer.alloc(30_000, 'n') }],
  ])('is closed on %s', (_name, message) => {
    const script = new ClientScript(method, { encrypted: true }).says(startup(), message);
    expect(script.error).toBeInstanceOf(ProtocolError);
    expect(script.error?.message).not.toContain(SECRET);
    expect(script.logins).toEqual([]);
  });

  it('is not let in by any bytes', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .string()
        .map((value) =>
          encodeFrontend({ kind: 'SASLInitialResponse', mechanism: 'SCRAM-SHA-256', response: Buffer.from(`n,,n=,r=${value}`) }),
        ),
      fc.string().map((value) => encodeFrontend({ kind: 'SASLResponse', data: Buffer.from(`c=biws,r=${value},p=AAAA`) })),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
        const script = new ClientScript(method, { encrypted: true }).says(startup());
        for (const bytes of pieces) if (script.error === undefined) script.says(bytes);
        expect(script.logins.filter(({ credential }) => credential.kind !== 'refused')).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a client that is asked for nothing, or refused', () => {
  it('is known by what the host knows', () => {
    expect(new ClientScript({ kind: 'certificate' }).says(startup()).logins).toMatchObject([{ credential: { kind: 'certificate' } }]);
    expect(new ClientScript({ kind: 'workload' }).says(startup()).logins).toMatchObject([{ credential: { kind: 'workload' } }]);
    expect(new ClientScript({ kind: 'none' }).says(startup()).logins).toMatchObject([{ credential: { kind: 'none' } }]);
  });

  it('is handed to the host with its refusal, which records it', () => {
    const refusal: Refusal = { code: 'identity-missing', message: 'show a client certificate' };
    const script = new ClientScript({ kind: 'refuse', refusal }).says(startup());
    expect(script.sent).toEqual([]);
    expect(script.logins).toMatchObject([{ credential: { kind: 'refused', refusal } }]);
  });
});

describe('cancel keys of our own', () => {
  it('name the process of the server, and have a secret of our own', () => {
    const server = { processId: 4711, secret: new Uint8Array(32).fill(1) };
    for (const length of [4, 32]) {
      const key = newCancelKey(random, server, length);
      expect([key.processId, Buffer.from(key.secret)]).toEqual([4711, Buffer.alloc(length, 3)]);
    }
    for (const fill of [0, 0x7f, 0x80, 0xff]) {
      const { processId } = newCancelKey((length) => new Uint8Array(length).fill(fill), undefined, 4);
      expect(processId > 0 && processId < 2 ** 31).toBe(true);
    }
  });

  it('are read back from a cancel request of either version', () => {
    for (const length of [4, 32, 256]) {
      const key = { processId: 7, secret: new Uint8Array(length).fill(1) };
      const script = new ClientScript().says(encodeStartupPacket({ kind: 'CancelRequest', ...key }));
      expect(script.cancels.map(({ processId, secret }) => [processId, secret.length])).toEqual([[7, length]]);
    }
    for (const length of [0, 3, 257]) {
      const packet = encodeStartupPacket({ kind: 'CancelRequest', processId: 7, secret: new Uint8Array(length) });
      expect(new ClientScript().says(packet).error).toBeInstanceOf(ProtocolError);
    }
  });
});
