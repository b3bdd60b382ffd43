import { describe, expect, it } from '@jest/globals';
import type { ClientMethod, LoginRequest, SessionHost, TlsFraming } from '@sqlwarden/core';
import { encodeFedAuth, encodeFedAuthTokenMessage, type FedAuth, FEATURE } from '../protocol/login-features.js';
import { encodeLogin7, LOGIN_FLAG, type Login7 } from '../protocol/login7.js';
import { PACKET_TYPE } from '../protocol/packet.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodeMessage } from '../protocol/packet-writer.js';
import { encodePrelogin, PRELOGIN, preloginByte, preloginData, readPrelogin } from '../protocol/prelogin.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import type { ServerToken } from '../protocol/server-token.js';
import { type TdsVersion, versionLayout, versionNumber } from '../protocol/tds-version.js';
import { TokenReader } from '../protocol/token-reader.js';
import { ClientLogin } from './client-login.js';
import type { AcceptedLogin, ClientLoginOptions, ServerLoggedIn } from './login-parts.js';
import { ENCRYPT } from './prelogin-encryption.js';

const TOKEN = 'header.payload.signature';
const VERIFIER = {
  salt: new Uint8Array(16),
  iterations: 4096,
  storedKey: new Uint8Array(32),
  serverKey: new Uint8Array(32),
  isMock: false,
};
const PASSWORD: ClientMethod = { kind: 'scram', verifier: VERIFIER, endPoint: undefined };
const OAUTH: ClientMethod = {
  kind: 'oauth',
  discovery: { openidConfiguration: 'https://id.example/tenant/v2.0/.well-known/openid-configuration', scope: 'api://sqlwarden/.default' },
};

const LOGIN: Login7 = {
  tdsVersion: versionNumber('7.4'),
  packetSize: 8000,
  clientProgramVersion: 7,
  clientProcessId: 9,
  connectionId: 0,
  optionFlags1: LOGIN_FLAG.USE_DB | LOGIN_FLAG.SET_LANG,
  optionFlags2: LOGIN_FLAG.ODBC,
  typeFlags: 0,
  optionFlags3: 0,
  clientTimeZone: -60,
  clientLcid: 0x0409,
  hostName: 'desk',
  userName: 'ada',
  password: '',
  applicationName: 'reports',
  serverName: 'db',
  libraryName: 'a driver',
  language: 'Deutsch',
  database: 'crm',
  clientId: new Uint8Array(6),
  sspi: new Uint8Array(0),
  attachDatabaseFile: '',
  newPassword: '',
  features: undefined,
};

const SERVER: ServerLoggedIn = {
  spid: 77,
  version: '7.4',
  packetSize: 4096,
  utf8: true,
  serverVersion: '16.0.4135',
  programName: 'Microsoft SQL Server',
  programVersion: { major: 16, minor: 0, build: 4135 },
  database: 'crm',
  language: 'Deutsch',
  collation: { lcid: 1033, flags: 0xd0, version: 0, sortId: 52 },
};

interface Leg {
  readonly canEncrypt?: boolean;
  readonly isPrivate?: boolean;
}

/** A client whose every message the test says. */
class Script {
  readonly told: Uint8Array[] = [];
  readonly login: ClientLogin;
  request: LoginRequest | undefined;
  accepted: AcceptedLogin | undefined;
  framing: TlsFraming | undefined;
  readonly packets = new PacketSplitter();

  constructor({ canEncrypt = true, isPrivate = false }: Leg = {}, options: Partial<ClientLoginOptions> = {}) {
    const host = { canEncryptClient: canEncrypt, clientLegIsPrivate: isPrivate } as unknown as SessionHost;
    this.login = new ClientLogin(
      {
        host,
        send: (bytes) => void this.told.push(bytes.slice()),
        startTls: (framing) => void (this.framing = framing),
        identified: (request, accepted) => {
          this.request = request;
          this.accepted = accepted;
        },
      },
      this.packets,
      { maxStartupBytes: 1 << 14, ...options },
    );
  }

  raw(bytes: Uint8Array): this {
    this.packets.push(bytes);
    while (this.login.step());
    return this;
  }

  says(type: number, payload: Uint8Array): this {
    return this.raw(encodeMessage({ type, packetSize: 512 }, payload));
  }

  prelogin(encryption: number, more: readonly (readonly [number, Uint8Array])[] = [], behind: Uint8Array = new Uint8Array(0)): this {
    const options = [[PRELOGIN.VERSION, new Uint8Array(6)], [PRELOGIN.ENCRYPTION, Uint8Array.of(encryption)], ...more] as const;
    const payload = encodePrelogin({ options: options.map(([token, data]) => ({ token, data })) });
    return this.raw(Buffer.concat([encodeMessage({ type: PACKET_TYPE.PRELOGIN, packetSize: 4096 }, payload), behind]));
  }

  /** What the PRELOGIN was answered with. */
  answered(token: number): number | undefined {
    return preloginByte(readPrelogin((this.told[0] as Uint8Array).subarray(8)), token);
  }

  encrypted(more: readonly (readonly [number, Uint8Array])[] = []): this {
    this.prelogin(ENCRYPT.ON, more);
    this.login.tlsStarted();
    return this;
  }

  login7(login: Partial<Login7> = {}): this {
    return this.says(PACKET_TYPE.LOGIN7, encodeLogin7({ ...LOGIN, ...login }));
  }

  fedAuth(fedAuth: FedAuth, login: Partial<Login7> = {}): this {
    return this.login7({ userName: '', features: [{ id: FEATURE.FEDAUTH, data: encodeFedAuth(fedAuth) }], ...login });
  }

  get credential(): unknown {
    return this.request?.credential;
  }

  get refusal(): string {
    const credential = this.request?.credential;
    return credential?.kind === 'refused' ? `${credential.refusal.code}: ${credential.refusal.message}` : 'not refused';
  }
}

function tokensOf(bytes: Uint8Array, version: TdsVersion = '7.4'): ServerToken[] {
  const packets = new PacketSplitter();
  const reader = new TokenReader(versionLayout(version));
  const tokens: ServerToken[] = [];
  packets.push(bytes);
  while (packets.next()) {
    reader.push(packets.buffer, packets.bodyStart, packets.end);
    while (reader.next() !== undefined) tokens.push(reader.token);
  }
  reader.endMessage();
  return tokens;
}

const methodOf = (kind: ClientMethod) => ({ clientMethod: () => kind });

describe('encryption of client legs', () => {
  const { OFF, ON, NOT_SUP, REQ } = ENCRYPT;
  it.each([
    // what the client offers, whether the gateway can, whether the leg is private; the answer, and whether TLS comes next
    [OFF, true, false, REQ, true],
    [ON, true, false, ON, true],
    [REQ, true, false, ON, true],
    [NOT_SUP, true, false, REQ, false],
    [OFF, true, true, REQ, true],
    [ON, true, true, ON, true],
    [REQ, true, true, ON, true],
    [NOT_SUP, true, true, NOT_SUP, false],
    [OFF, false, false, REQ, false],
    [ON, false, false, REQ, false],
    [REQ, false, false, REQ, false],
    [NOT_SUP, false, false, REQ, false],
    [OFF, false, true, NOT_SUP, false],
    [ON, false, true, NOT_SUP, false],
    [REQ, false, true, NOT_SUP, false],
    [NOT_SUP, false, true, NOT_SUP, false],
    [ON | 0x80, true, false, ON, true],
  ])('offer %i, TLS here: %s, private: %s is answered with %i', (offer, canEncrypt, isPrivate, answer, startsTls) => {
    const script = new Script({ canEncrypt, isPrivate }).prelogin(offer);
    expect(script.answered(PRELOGIN.ENCRYPTION)).toBe(answer);
    expect(script.framing !== undefined).toBe(startsTls);
  });

  it('no password is looked at on a leg that can be overheard', () => {
    for (const offer of [NOT_SUP, undefined]) {
      const script = new Script();
      if (offer !== undefined) script.prelogin(offer);
      script.login7({ password: TOKEN });
      expect(script.refusal).toContain('identity-missing: this connection can be overheard');
      expect(JSON.stringify(script.request)).not.toContain(TOKEN);
    }
  });

  it('nothing in clear is taken for what comes inside of TLS', () => {
    const login7 = encodeMessage({ type: PACKET_TYPE.LOGIN7, packetSize: 4096 }, encodeLogin7({ ...LOGIN, password: TOKEN }));
    expect(() => new Script().prelogin(ON, [], login7)).toThrow(ProtocolError);
    const late = new Script().prelogin(ON).raw(login7);
    expect(late.request).toBeUndefined();
    expect(late.framing?.incoming(login7)).toBeUndefined();
  });

  it('a leg on which TLS came first needs none (TDS 8.0)', () => {
    const script = new Script({}, { clientEncrypted: true }).prelogin(ON);
    expect(script.framing).toBeUndefined();
    script.login7({ password: TOKEN, tdsVersion: versionNumber('8.0') });
    expect(script.credential).toEqual({ kind: 'token', token: TOKEN });
    expect(script.request?.encrypted).toBe(true);
  });
});

describe('PRELOGIN', () => {
  it('is answered with the version of the server, without MARS', () => {
    const script = new Script({}, { greeting: 'Microsoft SQL Server 2022 - 16.0.4135.4' }).prelogin(ENCRYPT.ON, [
      [PRELOGIN.MARS, Uint8Array.of(1)],
    ]);
    const prelogin = readPrelogin((script.told[0] as Uint8Array).subarray(8));
    expect([...(preloginData(prelogin, PRELOGIN.VERSION) as Uint8Array)]).toEqual([16, 0, 4135 >> 8, 4135 & 0xff, 0, 4]);
    expect(script.answered(PRELOGIN.MARS)).toBe(0);
    expect(script.answered(PRELOGIN.FEDAUTHREQUIRED)).toBeUndefined();
  });
});

describe('what clients prove themselves by', () => {
  const security = (echo = false): FedAuth => ({ library: 'security-token', token: TOKEN, echo, nonce: undefined });
  const asks: FedAuth = { library: 'adal', workflow: 1, echo: false };

  it.each<[string, ClientMethod, Partial<Login7> | FedAuth, unknown]>([
    ['a token as the password', { kind: 'token' }, { password: TOKEN }, { kind: 'token', token: TOKEN }],
    ['an access token', { kind: 'token' }, security(), { kind: 'token', token: TOKEN }],
    ['nothing', { kind: 'token' }, {}, { kind: 'none' }],
    ['an access token where tokens are told of', OAUTH, security(), { kind: 'token', token: TOKEN }],
    ['a password', PASSWORD, { password: 'secret' }, { kind: 'password', password: 'secret' }],
    ['no password', PASSWORD, {}, { kind: 'none' }],
    ['whatever, with a certificate', { kind: 'certificate' }, { password: 'unused' }, { kind: 'certificate' }],
    ['whatever, as a workload', { kind: 'workload' }, { password: 'unused' }, { kind: 'workload' }],
    ['whatever, where it is known', { kind: 'none' }, security(), { kind: 'none' }],
  ])('%s', (_what, method, shown, credential) => {
    const script = new Script({}, methodOf(method)).encrypted();
    if ('library' in shown) script.fedAuth(shown);
    else script.login7(shown);
    expect(script.credential).toEqual(credential);
  });

  it.each<[string, ClientMethod, Partial<Login7> | FedAuth, string]>([
    ['a token where there are passwords', PASSWORD, security(), 'tokens are not taken here'],
    ['a password where there are access tokens', OAUTH, { password: TOKEN }, 'a password is not taken here'],
    ['a question where nobody says where tokens come from', { kind: 'token' }, asks, 'does not say where tokens come from'],
    ['another library', { kind: 'token' }, { library: 'other', id: 0, echo: false, data: new Uint8Array(3) }, 'library of this federated'],
    ['a token that was cut at the length of passwords', { kind: 'token' }, { password: 'x'.repeat(128) }, 'has cut the token'],
    ['a refusal of the host', { kind: 'refuse', refusal: { code: 'identity-missing', message: 'show it' } }, {}, 'show it'],
    ['an echo of what was not said', { kind: 'token' }, security(true), 'has not heard'],
  ])('not: %s', (_what, method, shown, message) => {
    const script = new Script({}, methodOf(method)).encrypted();
    if ('library' in shown) script.fedAuth(shown);
    else script.login7(shown);
    expect(script.refusal).toContain(message);
  });

  it('FEDAUTHREQUIRED is answered, and must come back', () => {
    const required = [[PRELOGIN.FEDAUTHREQUIRED, Uint8Array.of(1)]] as const;
    const heard = new Script().encrypted(required).fedAuth(security(true));
    expect(heard.answered(PRELOGIN.FEDAUTHREQUIRED)).toBe(1);
    expect(heard.credential).toEqual({ kind: 'token', token: TOKEN });
    expect(new Script().encrypted(required).fedAuth(security(false)).refusal).toContain('identity-invalid');
  });

  it('a client that asks is told where its token comes from, and gives it then', () => {
    const script = new Script({}, methodOf(OAUTH)).encrypted().fedAuth(asks);
    expect(script.request).toBeUndefined();
    expect(tokensOf(script.told[1] as Uint8Array)).toEqual([
      { kind: 'FEDAUTHINFO', stsUrl: 'https://id.example/tenant', spn: 'api://sqlwarden', others: [] },
    ]);
    script.says(PACKET_TYPE.FEDAUTH_TOKEN, encodeFedAuthTokenMessage({ token: TOKEN, nonce: undefined }));
    expect(script.credential).toEqual({ kind: 'token', token: TOKEN });
  });
});

describe('LOGIN7', () => {
  it('is told to the host, and its terms to the session; features that are not decoded are left out', () => {
    const features = [
      { id: FEATURE.SESSIONRECOVERY, data: new Uint8Array(0) },
      { id: FEATURE.COLUMNENCRYPTION, data: Uint8Array.of(1) },
      { id: FEATURE.UTF8_SUPPORT, data: Uint8Array.of(1) },
    ];
    const script = new Script().encrypted().login7({ password: TOKEN, features, typeFlags: LOGIN_FLAG.READ_ONLY_INTENT });
    expect(script.request).toEqual({
      user: 'ada',
      database: 'crm',
      parameters: { program_name: 'reports', host_name: 'desk', client_interface_name: 'a driver' },
      credential: { kind: 'token', token: TOKEN },
      encrypted: true,
    });
    expect(script.accepted?.terms).toMatchObject({ version: '7.4', packetSize: 8000, utf8: true, isOdbc: true, isReadOnly: true });
  });

  it.each([
    [0, 4096],
    [100, 512],
    [512, 512],
    [40_000, 32_767],
  ])('a packet size of %i becomes %i', (packetSize, taken) => {
    expect(new Script().encrypted().login7({ packetSize }).accepted?.terms.packetSize).toBe(taken);
  });

  it.each<[string, Partial<Login7>, string]>([
    ['integrated security', { optionFlags2: LOGIN_FLAG.INTEGRATED_SECURITY }, 'SSPI'],
    ['SSPI data', { sspi: Uint8Array.of(1, 2, 3) }, 'SSPI'],
    ['a new password', { newPassword: 'another' }, 'a password cannot be changed'],
    ['a change of the password', { optionFlags3: LOGIN_FLAG.CHANGE_PASSWORD }, 'a password cannot be changed'],
    ['a database file', { attachDatabaseFile: 'c:\\crm.mdf' }, 'AttachDBFilename'],
    ['a user instance', { optionFlags3: LOGIN_FLAG.USER_INSTANCE }, 'User Instance'],
    ['a replication login', { optionFlags2: 0x30 }, 'replication'],
    ['big-endian numbers', { optionFlags1: LOGIN_FLAG.BYTE_ORDER }, 'little-endian'],
    ['another language than T-SQL', { typeFlags: 2 }, 'T-SQL'],
  ])('is refused by name with %s', (_what, login, name) => {
    const script = new Script().encrypted().login7({ password: TOKEN, ...login });
    expect(script.refusal).toContain('message-unsupported');
    expect(script.refusal).toContain(name);
  });

  it.each<[string, (script: Script) => void]>([
    ['a version before 7.1', (script) => script.login7({ tdsVersion: 0x7000_0000 })],
    ['a batch in its place', (script) => script.says(PACKET_TYPE.SQL_BATCH, new Uint8Array(10))],
    ['a token that nobody asked for', (script) => script.says(PACKET_TYPE.FEDAUTH_TOKEN, new Uint8Array(10))],
    ['more than a login has', (script) => script.login7({ password: 'x'.repeat(20_000) })],
  ])('ends the session with %s', (_what, say) => {
    const script = new Script().encrypted();
    expect(() => say(script)).toThrow(ProtocolError);
    expect(script.request).toBeUndefined();
  });
});

describe('the answer to a login', () => {
  const tokensFor = (info: Partial<ServerLoggedIn>, ask: (script: Script) => void, version: TdsVersion = '7.4'): ServerToken[] => {
    const script = new Script().encrypted([[PRELOGIN.NONCEOPT, new Uint8Array(32).fill(5)]]);
    ask(script);
    script.told.length = 0;
    script.login.letIn({ ...SERVER, ...info });
    return tokensOf(script.told[0] as Uint8Array, version);
  };
  const kinds = (tokens: readonly ServerToken[]): readonly string[] =>
    tokens.map((token) =>
      token.kind === 'ENVCHANGE' ? `ENVCHANGE ${token.type}` : token.kind === 'INFO' ? `INFO ${token.number}` : token.kind,
    );

  it('says what the session has, and names no other server', () => {
    const tokens = tokensFor({}, (script) => script.login7({ password: TOKEN }));
    expect(kinds(tokens)).toEqual([
      'ENVCHANGE 1',
      'INFO 5701',
      'ENVCHANGE 7',
      'ENVCHANGE 2',
      'INFO 5703',
      'LOGINACK',
      'ENVCHANGE 4',
      'DONE',
    ]);
    expect(tokens.find(({ kind }) => kind === 'LOGINACK')).toMatchObject({
      tdsVersion: versionNumber('7.4'),
      programVersion: SERVER.programVersion,
    });
    expect(tokens).toContainEqual({ kind: 'ENVCHANGE', type: 4, newText: '4096', oldText: '4096' });
  });

  it('acknowledges the features that both have, a token with the nonce of the client', () => {
    const features = [
      { id: FEATURE.FEDAUTH, data: encodeFedAuth({ library: 'security-token', token: TOKEN, echo: false, nonce: undefined }) },
      { id: FEATURE.UTF8_SUPPORT, data: Uint8Array.of(1) },
      { id: FEATURE.SESSIONRECOVERY, data: new Uint8Array(0) },
    ];
    const acknowledged = (info: Partial<ServerLoggedIn>): unknown => {
      const token = tokensFor(info, (script) => script.login7({ features })).find(({ kind }) => kind === 'FEATUREEXTACK');
      return token?.kind === 'FEATUREEXTACK' ? token.features.map(({ id, data }) => [id, data.length]) : undefined;
    };
    expect(acknowledged({})).toEqual([
      [FEATURE.FEDAUTH, 32],
      [FEATURE.UTF8_SUPPORT, 1],
    ]);
    expect(acknowledged({ utf8: false })).toEqual([[FEATURE.FEDAUTH, 32]]);
  });

  it.each<[TdsVersion, TdsVersion, TdsVersion]>([
    ['7.4', '7.4', '7.4'],
    ['7.4', '7.3B', '7.3B'],
    ['7.1', '7.1', '7.1'],
    ['8.0', '7.4', '8.0'],
    ['8.0', '7.2', '7.2'],
    ['8.0', '8.0', '8.0'],
  ])('to a client of %s before a server of %s is in %s', (asked, server, answered) => {
    const tokens = tokensFor(
      { version: server },
      (script) => script.login7({ password: TOKEN, tdsVersion: versionNumber(asked) }),
      answered,
    );
    expect(tokens.find(({ kind }) => kind === 'LOGINACK')).toMatchObject({ tdsVersion: versionNumber(answered) });
  });
});
