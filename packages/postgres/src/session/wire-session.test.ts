import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type {
  AdmittedStatement,
  Admission,
  CancelKey,
  EndReason,
  InjectResult,
  Leg,
  LoginAnswer,
  LoginRequest,
  MaskPlan,
  Outcome,
  Principal,
  SecurityEvent,
  ServerLogin,
  SessionHost,
  TransactionEnd,
  Unit,
  WireSession,
  WireSessionOptions,
} from '@sqlwarden/core';
import fc from 'fast-check';
import { cellType } from '../masking/index.js';
import { type BackendMessage, decodeBackend, encodeBackend } from '../protocol/backend-message.js';
import { FrameSplitter } from '../protocol/frame-splitter.js';
import { decodeFrontend, encodeFrontend, type FrontendMessage, type PasswordKind } from '../protocol/frontend-message.js';
import { BACKEND_LIMIT_TABLE, FRONTEND_LIMIT_TABLE } from '../protocol/message-types.js';
import { decodeStartupPacket, encodeStartupPacket } from '../protocol/startup-message.js';
import { MAX_OUTSTANDING } from './conversation.js';
import { createWireSession } from './wire-session.js';

// ---- a scripted client, server and host: everything in memory, nothing waits ----

const options: WireSessionOptions = {
  hash: {
    sha256: (data) => createHash('sha256').update(data).digest(),
    hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
    pbkdf2Sha256: (password, salt, iterations, length) => pbkdf2Sync(password, salt, iterations, length, 'sha256'),
  },
  maskKey: new Uint8Array(32),
  compilePattern: () => ({ test: () => false, replaceAll: (value) => value }),
  maxMessageBytes: 1 << 20,
  maxStartupBytes: 8192,
  maxQueuedBytes: 4096,
  requireClientTls: true,
  cellType,
};

const principal: Principal = {
  subject: { kind: 'person', issuer: 'https://issuer.example', id: 'alice', groups: [], groupsComplete: true },
  actors: [],
  proof: { subject: 'token' },
  expiresAt: Number.MAX_SAFE_INTEGER,
};

const trusted: ServerLogin = { user: 'gateway', database: 'crm', password: 'secret', tls: 'disable' };
const accept: LoginAnswer = { kind: 'accept', principal, server: trusted };

/** What the stand-in policy says of a text; the defaults admit everything as a SELECT without masks. */
interface Decision {
  readonly refuse?: boolean;
  readonly later?: boolean;
  readonly clean?: boolean;
  readonly statements?: readonly Partial<AdmittedStatement>[];
}

interface Setup {
  readonly decide?: (unit: Unit) => Decision;
  readonly options?: Partial<WireSessionOptions>;
  readonly canEncryptClient?: boolean;
  readonly clientLegIsPrivate?: boolean;
}

class Script {
  readonly session: WireSession;
  readonly sent: Record<Leg, Uint8Array[]> = { client: [], server: [] };
  readonly units: Unit[] = [];
  readonly outcomes: Outcome[] = [];
  readonly ends: [number, TransactionEnd][] = [];
  readonly logins: LoginRequest[] = [];
  readonly cancels: CancelKey[] = [];
  mayHear = true;
  readonly security: SecurityEvent[] = [];
  readonly calls: string[] = [];
  reason: EndReason | undefined;
  #shown: Record<Leg, number> = { client: 0, server: 0 };
  #ticket = 0;
  #random = 0;

  constructor(setup: Setup = {}) {
    const host: SessionHost = {
      send: (leg, bytes) => void this.sent[leg].push(bytes.slice()),
      startTls: (leg) => void this.calls.push(`startTls ${leg}`),
      canEncryptClient: setup.canEncryptClient ?? false,
      clientLegIsPrivate: setup.clientLegIsPrivate ?? true,
      authenticate: (login) => void this.logins.push(login),
      connectServer: () => void this.calls.push('connectServer'),
      admit: (unit) => {
        this.units.push(unit);
        const decision = setup.decide?.(unit) ?? {};
        return decision.later === true ? undefined : this.answer(unit, decision);
      },
      abandon: () => void this.calls.push('abandon'),
      settle: (outcome) => void this.outcomes.push(outcome),
      transactionEnded: (ordinal, end) => void this.ends.push([ordinal, end]),
      security: (event) => void this.security.push(event),
      ready: ({ serverVersion }) => void this.calls.push(`ready ${serverVersion}`),
      mayHear: () => this.mayHear,
      cancelRequested: (key) => void this.cancels.push(key),
      killRequested: () => undefined,
      pause: (leg, paused) => void this.calls.push(`${paused ? 'pause' : 'resume'} ${leg}`),
      end: (reason) => {
        this.reason = reason;
      },
      randomBytes: (length) => new Uint8Array(length).fill(++this.#random),
    };
    this.session = createWireSession(host, { ...options, ...setup.options });
  }

  answer(unit: Unit, decision: Decision = {}): Admission {
    if (decision.refuse === true) return { kind: 'refuse', refusal: { code: 'policy-denied', message: 'not for you', rule: 'no-drop' } };
    const runs = unit.phase === 'query' || unit.phase === 'execute';
    const texts = unit.text.split(';').filter((text) => text.trim() !== '');
    return {
      kind: 'proceed',
      ticket: runs ? ++this.#ticket : 0,
      statements: (decision.statements ?? texts.map(actionOf)).map((statement) => ({ ...plainStatement, ...statement })),
      cleanTexts: decision.clean === true,
      decision: undefined,
    };
  }

  client(...messages: (FrontendMessage | Uint8Array)[]): this {
    this.session.receive('client', Buffer.concat(messages.map((one) => (one instanceof Uint8Array ? one : encodeFrontend(one)))));
    return this;
  }

  server(...messages: (BackendMessage | Uint8Array)[]): this {
    this.session.receive('server', Buffer.concat(messages.map((one) => (one instanceof Uint8Array ? one : encodeBackend(one)))));
    return this;
  }

  /** Lines of what went to a leg since the last look. */
  #saw(leg: Leg, lines: (bytes: Uint8Array) => string[]): string[] {
    const all = Buffer.concat(this.sent[leg]);
    const from = this.#shown[leg];
    this.#shown[leg] = all.length;
    return lines(all.subarray(from));
  }

  clientSaw(): string[] {
    return this.#saw('client', backendLines);
  }

  serverSaw(): string[] {
    return this.#saw('server', (bytes) => frontendLines(bytes));
  }

  rawTo(leg: Leg): Buffer {
    const all = Buffer.concat(this.sent[leg]);
    const from = this.#shown[leg];
    this.#shown[leg] = all.length;
    return all.subarray(from);
  }

  /** A whole login with everybody's trust. */
  open(parameters: Record<string, string> = {}): this {
    this.client(startup(parameters), { kind: 'PasswordMessage', password: 'token' });
    this.session.loginAnswered(accept);
    this.session.serverConnected();
    this.server({ kind: 'AuthenticationOk' }, ...SERVER_PARAMETERS, SERVER_KEY, ready('I'));
    this.probe();
    this.rawTo('client');
    this.rawTo('server');
    return this;
  }

  /** The server answers the state probe that was just sent outside of a segment. */
  probe(path = ['public'], status: 'I' | 'T' = 'I'): this {
    return this.server(...probeReplies(path), ready(status));
  }
}

const plainStatement: AdmittedStatement = {
  plan: undefined,
  changesState: false,
  changesSchema: false,
  hasEffects: false,
  action: 'select',
  mayCopy: false,
};

function actionOf(text: string): Partial<AdmittedStatement> {
  const word = /\w+/.exec(text)?.[0].toLowerCase() ?? 'empty';
  return { action: word, changesState: word === 'set', hasEffects: word === 'insert', mayCopy: word === 'copy' || word === 'unknown' };
}

function startup(parameters: Record<string, string> = {}): Uint8Array {
  const all = new Map(Object.entries({ user: 'alice', database: 'crm', ...parameters }));
  return encodeStartupPacket({ kind: 'StartupMessage', major: 3, minor: 0, parameters: all });
}

const status = (name: string, value: string): BackendMessage => ({ kind: 'ParameterStatus', name, value });
const SERVER_PARAMETERS = [
  status('server_version', '18.4'),
  status('client_encoding', 'UTF8'),
  status('standard_conforming_strings', 'on'),
];
const SERVER_KEY: BackendMessage = { kind: 'BackendKeyData', processId: 4711, secret: Uint8Array.of(1, 2, 3, 4) };
const ready = (state: 'I' | 'T' | 'E'): BackendMessage => ({ kind: 'ReadyForQuery', status: state });
const tag = (text: string): BackendMessage => ({ kind: 'CommandComplete', tag: text });
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const row = (...cells: (string | null)[]): BackendMessage => ({
  kind: 'DataRow',
  cells: cells.map((cell) => (cell === null ? null : utf8(cell))),
});
const columns = (...names: string[]): BackendMessage => ({
  kind: 'RowDescription',
  fields: names.map((name) => ({ name, relationId: 0, columnNumber: 0, typeId: 25, typeSize: -1, typeModifier: -1, format: 0 })),
});
const failure = (code: string, message: string, more: Record<string, string> = {}, severity = 'ERROR'): BackendMessage => ({
  kind: 'ErrorResponse',
  fields: Object.entries({ S: severity, V: severity, C: code, M: message, ...more }).map(([field, value]) => ({ code: field, value })),
});
const one = (kind: 'ParseComplete' | 'BindComplete' | 'CloseComplete' | 'NoData' | 'PortalSuspended'): BackendMessage => ({ kind });

function probeReplies(path: readonly string[]): BackendMessage[] {
  return [
    one('ParseComplete'),
    one('BindComplete'),
    row('crm', 'gateway', JSON.stringify(path), 'on', 'safe_encoding', 'UTF8', path.join(', '), '[null,null,null]'),
    tag('SELECT 1'),
    one('CloseComplete'),
    one('CloseComplete'),
  ];
}

const query = (text: string): FrontendMessage => ({ kind: 'Query', text });
const parse = (text: string, name = ''): FrontendMessage => ({ kind: 'Parse', name, text, parameterTypes: [] });
const bind = (statement = '', portal = '', ...values: string[]): FrontendMessage => ({
  kind: 'Bind',
  portal,
  statement,
  parameterFormats: [],
  parameters: values.map(utf8),
  resultFormats: [],
});
const execute = (portal = '', maxRows = 0): FrontendMessage => ({ kind: 'Execute', portal, maxRows });
const describePortal = (name = ''): FrontendMessage => ({ kind: 'Describe', target: 'portal', name });
const sync: FrontendMessage = { kind: 'Sync' };

const ownNames = /sqlwarden_[0-9a-f]{16}_/g;

function frontendLines(bytes: Uint8Array, passwordKind: PasswordKind = 'PasswordMessage'): string[] {
  const frames = new FrameSplitter(FRONTEND_LIMIT_TABLE, 1 << 24, true);
  frames.push(bytes);
  const lines: string[] = [];
  while (frames.next()) lines.push(frontendLine(decodeFrontend(frames.type, frames.buffer, frames.bodyStart, frames.end, passwordKind)));
  expect(frames.buffered).toBe(0);
  return lines;
}

function frontendLine(message: FrontendMessage): string {
  switch (message.kind) {
    case 'Query':
      return `Query ${message.text}`;
    case 'Parse':
      return `Parse ${own(message.name)} ${message.text.startsWith('SELECT pg_catalog.current_database') ? '<state probe>' : message.text}`;
    case 'Bind':
      return `Bind ${own(message.portal)} ${own(message.statement)}${message.parameters.map((value) => ` ${shown(value)}`).join('')}`;
    case 'Execute':
      return `Execute ${own(message.portal)}${message.maxRows === 0 ? '' : ` ${message.maxRows}`}`;
    case 'Describe':
    case 'Close':
      return `${message.kind} ${message.target} ${own(message.name)}`;
    case 'CopyData':
      return `CopyData ${shown(message.data)}`;
    case 'CopyFail':
      return `CopyFail ${message.message}`;
    default:
      return message.kind;
  }
}

const own = (name: string): string => (name === '' ? '""' : name.replace(ownNames, 'own'));
const shown = (value: Uint8Array | null): string => (value === null ? 'NULL' : new TextDecoder().decode(value));

function backendLines(bytes: Uint8Array): string[] {
  const frames = new FrameSplitter(BACKEND_LIMIT_TABLE, 1 << 24, true);
  frames.push(bytes);
  const lines: string[] = [];
  while (frames.next()) lines.push(backendLine(decodeBackend(frames.type, frames.buffer, frames.bodyStart, frames.end)));
  expect(frames.buffered).toBe(0);
  return lines;
}

function backendLine(message: BackendMessage): string {
  switch (message.kind) {
    case 'RowDescription':
      return `RowDescription ${message.fields.map((field) => field.name).join(' ')}`;
    case 'DataRow':
      return `DataRow ${message.cells.map(shown).join(' ')}`;
    case 'CommandComplete':
      return `CommandComplete ${message.tag}`;
    case 'ReadyForQuery':
      return `ReadyForQuery ${message.status}`;
    case 'ErrorResponse':
    case 'NoticeResponse':
      return `${message.kind} ${['V', 'C', 'M'].map((code) => message.fields.find((field) => field.code === code)?.value).join(' ')}`;
    case 'ParameterStatus':
      return `ParameterStatus ${message.name}=${message.value}`;
    case 'CopyData':
      return `CopyData ${shown(message.data)}`;
    case 'NotificationResponse':
      return `NotificationResponse ${message.channel} ${message.payload}`;
    default:
      return message.kind;
  }
}

const REFUSED = 'ErrorResponse ERROR 42501 sqlwarden: not for you';
const redactSecond: MaskPlan = {
  outputs: [null, { label: 'pii', function: { kind: 'redact', text: '***' }, sources: ['public.people.ssn'] }],
  byOrigin: new Map(),
};
const masked = (): Decision => ({ statements: [{ plan: redactSecond }] });

// ---- the login ----

describe('the login', () => {
  it('asks for a token, logs in on the server with its own account, probes the state and gives a key of its own', () => {
    const script = new Script();
    script.client(startup({ application_name: 'psql', options: '-c search_path=app,public' }));
    expect(script.clientSaw()).toEqual(['AuthenticationCleartextPassword']);
    script.client({ kind: 'PasswordMessage', password: 'a.b.c' });
    expect(script.logins).toEqual([
      {
        user: 'alice',
        database: 'crm',
        parameters: { application_name: 'psql', search_path: 'app,public', client_encoding: 'UTF8' },
        credential: { kind: 'token', token: 'a.b.c' },
        encrypted: false,
      },
    ]);
    script.session.loginAnswered(accept);
    expect(script.calls).toEqual(['connectServer']);
    script.session.serverConnected();
    const packet = script.rawTo('server');
    expect(decodeStartupPacket(packet, 4, packet.length)).toMatchObject({
      major: 3,
      minor: 2,
      parameters: new Map([
        ['user', 'gateway'],
        ['database', 'crm'],
        ['application_name', 'psql'],
        ['search_path', 'app,public'],
        ['client_encoding', 'UTF8'],
      ]),
    });
    script.server({ kind: 'AuthenticationOk' }, ...SERVER_PARAMETERS, SERVER_KEY, ready('I'));
    expect(script.serverSaw()).toEqual([
      'Parse own1 <state probe>',
      'Bind own1 own1',
      'Execute own1',
      'Close portal own1',
      'Close statement own1',
      'Sync',
    ]);
    script.probe(['pg_catalog', 'app']);
    expect(script.clientSaw()).toEqual([
      'AuthenticationOk',
      'ParameterStatus server_version=18.4',
      'ParameterStatus client_encoding=UTF8',
      'ParameterStatus standard_conforming_strings=on',
      'BackendKeyData',
      'ReadyForQuery I',
    ]);
    expect(script.calls).toEqual(['connectServer', 'ready 18.4']);
    expect(script.session.serverCancelKey()).toEqual({ processId: 4711, secret: Uint8Array.of(1, 2, 3, 4) });
    expect(script.session.clientCancelKey?.processId).toBe(4711);
    expect(script.session.clientCancelKey?.secret).not.toEqual(Uint8Array.of(1, 2, 3, 4));
    script.client(query('select 1'));
    expect(script.units[0]?.state).toMatchObject({ database: 'crm', role: 'gateway', searchPath: ['pg_catalog', 'app'] });
  });

  it('shows a refused token as an authentication error', () => {
    const script = new Script();
    script.client(startup(), { kind: 'PasswordMessage', password: 'x' });
    script.session.loginAnswered({ kind: 'refuse', refusal: { code: 'identity-invalid', message: 'the token is not valid' } });
    expect(script.clientSaw()).toEqual(['AuthenticationCleartextPassword', 'ErrorResponse FATAL 28P01 sqlwarden: the token is not valid']);
    expect(script.reason).toMatchObject({ kind: 'refused' });
    expect(script.calls).toEqual([]);
  });

  it.each([
    [{ replication: 'database' }, 'replication connections are not supported'],
    [{ client_encoding: 'LATIN1' }, 'client_encoding must be UTF8'],
    [{ session_preload_libraries: 'x' }, 'startup parameter session_preload_libraries is not supported'],
    [{ options: '-c role=postgres' }, 'startup parameter role is not supported'],
    [{ options: '-clog_statement=all' }, 'startup parameter log_statement is not supported'],
    [{ options: '--row-security=off' }, 'startup parameter row_security is not supported'],
    [{ options: '-E' }, 'options may only hold settings'],
  ])('refuses %j by name', (parameters, message) => {
    const script = new Script().client(startup({ ...parameters }));
    expect(script.clientSaw()).toEqual([expect.stringContaining(`ErrorResponse FATAL 0A000 sqlwarden: ${message}`)]);
  });

  it('negotiates newer minor versions and protocol options away', () => {
    const parameters = new Map([
      ['user', 'alice'],
      ['_pq_.grease', '1'],
    ]);
    for (const [minor, version] of [
      [0, 0x30000],
      [2, 0x30002],
      [9999, 0x30002],
    ] as const) {
      const script = new Script().client(encodeStartupPacket({ kind: 'StartupMessage', major: 3, minor, parameters }));
      const raw = script.rawTo('client');
      expect(decodeBackend(raw[0] ?? 0, raw, 5, raw.readUInt32BE(1) + 1)).toEqual({
        kind: 'NegotiateProtocolVersion',
        version,
        unrecognised: ['_pq_.grease'],
      });
    }
  });

  it('refuses protocol version 2 by its number', () => {
    const script = new Script().client(encodeStartupPacket({ kind: 'StartupMessage', major: 2, minor: 0, parameters: new Map() }));
    expect(script.clientSaw()).toEqual(['ErrorResponse FATAL 0A000 sqlwarden: protocol version 2.0 is not supported, use 3.0 or 3.2']);
  });

  it('does not ask for a token where it can be overheard', () => {
    const script = new Script({ clientLegIsPrivate: false }).client(startup());
    const credential = script.logins[0]?.credential;
    if (credential?.kind !== 'refused') throw new Error('not refused');
    script.session.loginAnswered({ kind: 'refuse', refusal: credential.refusal });
    expect(script.clientSaw()).toEqual([expect.stringContaining('ErrorResponse FATAL 28000 sqlwarden: this connection can be overheard')]);
  });

  it('says why a bearer token is refused only when the client has ended the mechanism, and takes no long message in its place', () => {
    const refusal = { code: 'identity-invalid', message: 'the signature of the token is wrong' } as const;
    const begin = (): Script => {
      const script = new Script({ options: { clientMethod: () => ({ kind: 'oauth', discovery: { scope: 's' } }) } }).client(startup());
      const response = Buffer.from('n,,\x01auth=Bearer a.b.c\x01\x01');
      script.client(encodeFrontend({ kind: 'SASLInitialResponse', mechanism: 'OAUTHBEARER', response }));
      expect(script.logins[0]?.credential).toEqual({ kind: 'token', token: 'a.b.c' });
      script.session.loginAnswered({ kind: 'refuse', refusal });
      expect(script.clientSaw()).toEqual(['AuthenticationSASL', 'AuthenticationSASLContinue']);
      return script;
    };
    expect(
      begin()
        .client(encodeFrontend({ kind: 'SASLResponse', data: Uint8Array.of(1) }))
        .clientSaw()
        .at(-1),
    ).toBe('ErrorResponse FATAL 28P01 sqlwarden: the signature of the token is wrong');
    const long = Buffer.from('p\0\x0f\xff\xff', 'latin1');
    expect(begin().client(long).clientSaw().at(-1)).toContain('ErrorResponse FATAL 0A000 sqlwarden: a message of 1048575 bytes is longer');
  });

  it('does not ask when the host knows the principal', () => {
    const script = new Script({ options: { clientMethod: () => ({ kind: 'none' }) } }).client(startup());
    expect(script.logins[0]?.credential).toEqual({ kind: 'none' });
    expect(script.clientSaw()).toEqual([]);
  });

  it('starts TLS on SSLRequest, declines GSSENCRequest', () => {
    const script = new Script({ canEncryptClient: true, clientLegIsPrivate: false });
    script.client(encodeStartupPacket({ kind: 'GSSENCRequest' }));
    expect(script.rawTo('client').toString()).toBe('N');
    script.client(encodeStartupPacket({ kind: 'SSLRequest' }));
    expect(script.rawTo('client').toString()).toBe('S');
    expect(script.calls).toEqual(['startTls client']);
    script.session.tlsStarted('client');
    script.client(startup());
    expect(script.clientSaw()).toEqual(['AuthenticationCleartextPassword']);
    script.client({ kind: 'PasswordMessage', password: 't' });
    expect(script.logins[0]?.encrypted).toBe(true);
  });

  it('closes on bytes in clear behind SSLRequest (CVE-2021-23222)', () => {
    const together = new Script({ canEncryptClient: true }).client(encodeStartupPacket({ kind: 'SSLRequest' }), startup());
    expect(together.reason).toMatchObject({ kind: 'protocol-error', leg: 'client' });
    expect(together.calls).toEqual([]);
    const after = new Script({ canEncryptClient: true }).client(encodeStartupPacket({ kind: 'SSLRequest' })).client(startup());
    expect(after.reason).toMatchObject({ kind: 'protocol-error', leg: 'client' });
    expect(after.logins).toEqual([]);
  });

  it('hands a cancel request to the host and ends', () => {
    const key = { processId: 7, secret: Uint8Array.of(9, 9, 9, 9) };
    const script = new Script().client(encodeStartupPacket({ kind: 'CancelRequest', ...key }));
    expect(script.cancels).toEqual([key]);
    expect(script.reason).toEqual({ kind: 'cancel-request' });
    expect(script.rawTo('client')).toHaveLength(0);
  });

  it('closes on a start-up packet that is too long, before it is there', () => {
    const script = new Script();
    script.session.receive('client', Uint8Array.of(0x40, 0, 0, 0));
    expect(script.reason).toMatchObject({ kind: 'protocol-error', leg: 'client' });
  });

  it.each([
    ['Terminate of a client that did not wait', [0x58, 0, 0, 0, 4]],
    ['a length below any packet', [0, 0, 0, 3]],
    ['a length without a code', [0, 0, 0, 4]],
  ])('closes without a word, as PostgreSQL does, on %s', (_name, bytes) => {
    const script = new Script();
    script.session.receive('client', Uint8Array.from(bytes));
    expect(script.reason).toMatchObject({ kind: 'protocol-error', leg: 'client' });
    expect(script.rawTo('client')).toHaveLength(0);
  });

  function loggingIn(login: Partial<ServerLogin>): Script {
    const script = new Script();
    script.client(startup(), { kind: 'PasswordMessage', password: 'token' });
    script.session.loginAnswered({ kind: 'accept', principal, server: { ...trusted, ...login } });
    script.session.serverConnected();
    script.rawTo('client');
    return script;
  }

  it('requires TLS of the server where the upstream says so', () => {
    const declined = loggingIn({ tls: 'require' });
    expect(declined.rawTo('server')).toEqual(Buffer.from(encodeStartupPacket({ kind: 'SSLRequest' })));
    declined.server(Uint8Array.of(0x4e));
    expect(declined.clientSaw()).toEqual([expect.stringContaining('ErrorResponse FATAL 08004 sqlwarden: the server does not offer TLS')]);
    const injected = loggingIn({ tls: 'require' }).server(Uint8Array.of(0x53, 0x52));
    expect(injected.calls).toEqual(['connectServer']);
    expect(injected.reason).toMatchObject({ kind: 'refused' });
    const accepted = loggingIn({ tls: 'require' }).server(Uint8Array.of(0x53));
    expect(accepted.calls).toEqual(['connectServer', 'startTls server']);
    accepted.rawTo('server');
    accepted.session.tlsStarted('server');
    const packet = accepted.rawTo('server');
    expect(decodeStartupPacket(packet, 4, packet.length).kind).toBe('StartupMessage');
  });

  it.each([
    ['MD5', { kind: 'AuthenticationMD5Password', salt: new Uint8Array(4) }, 'asks for an MD5 password'],
    ['a password in clear', { kind: 'AuthenticationCleartextPassword' }, 'a password in clear outside of TLS'],
    ['Kerberos', { kind: 'AuthenticationKerberosV5' }, 'asks for KerberosV5'],
    ['an unknown mechanism', { kind: 'AuthenticationSASL', mechanisms: ['X'] }, 'offers no SASL mechanism'],
  ] as const)('refuses a server that asks for %s', (_name, message, words) => {
    const script = loggingIn({}).server(message);
    expect(script.clientSaw()).toEqual([expect.stringContaining(words)]);
  });

  it('shows the SQLSTATE of a login that the server refused, not its text', () => {
    const script = loggingIn({}).server(failure('28P01', 'password authentication failed for user "gateway"', {}, 'FATAL'));
    const [line] = script.clientSaw();
    expect(line).toContain('08004');
    expect(line).toContain('28P01');
    expect(line).not.toContain('password authentication');
  });
});

// ---- statements ----

describe('the simple protocol', () => {
  it('forwards an admitted Query and passes its result', () => {
    const script = new Script().open().client(query('select 1'));
    expect(script.serverSaw()).toEqual(['Query select 1']);
    script.server(columns('one'), row('1'), row(null), tag('SELECT 2'), ready('I'));
    expect(script.clientSaw()).toEqual(['RowDescription one', 'DataRow 1', 'DataRow NULL', 'CommandComplete SELECT 2', 'ReadyForQuery I']);
    expect(script.outcomes).toMatchObject([
      {
        ticket: 1,
        status: 'ok',
        statements: [{ command: 'SELECT', rowsReturned: 2, rowsAffected: null }],
        maskedCells: 0,
        suspended: false,
      },
    ]);
    expect(script.ends).toEqual([[1, 'committed']]);
  });

  it('masks by the plan of each statement and counts what it masked', () => {
    const decide = (): Decision => ({ statements: [{}, { plan: redactSecond }, { action: 'update', hasEffects: true }] });
    const script = new Script({ decide }).open().client(query('select a; select id, ssn from people; update t set a = 1'));
    script.server(columns('a', 'b'), row('1', '123-45-6789'), tag('SELECT 1'));
    script.server(
      columns('id', 'ssn'),
      row('1', '123-45-6789'),
      row('2', null),
      row('3', ''),
      tag('SELECT 3'),
      tag('UPDATE 4'),
      ready('I'),
    );
    expect(script.clientSaw()).toEqual([
      'RowDescription a b',
      'DataRow 1 123-45-6789',
      'CommandComplete SELECT 1',
      'RowDescription id ssn',
      'DataRow 1 ***',
      'DataRow 2 NULL',
      'DataRow 3 ***',
      'CommandComplete SELECT 3',
      'CommandComplete UPDATE 4',
      'ReadyForQuery I',
    ]);
    expect(script.outcomes).toMatchObject([
      {
        status: 'ok',
        maskedCells: 2,
        statements: [
          { command: 'SELECT', rowsReturned: 1, rowsAffected: null },
          { command: 'SELECT', rowsReturned: 3, rowsAffected: null },
          { command: 'UPDATE', rowsReturned: 0, rowsAffected: 4 },
        ],
      },
    ]);
  });

  it('counts the bytes that the client was sent', () => {
    const script = new Script({ decide: masked }).open().client(query('select id, ssn from people'));
    script.server(columns('id', 'ssn'), row('1', '123-45-6789'), tag('SELECT 1'), ready('I'));
    expect(script.outcomes[0]?.bytesReturned).toBe(encodeBackend(row('1', '***')).length);
  });

  it('refuses by a Query that the server cannot parse, so that the transaction is what an error would leave', () => {
    const decide = (unit: Unit): Decision => ({ refuse: unit.text.startsWith('drop') });
    const script = new Script({ decide }).open().client(query('begin'));
    script.server(tag('BEGIN'), ready('T')).client(query('drop table people'));
    expect(script.serverSaw()).toEqual(['Query begin', 'Query sqlwarden: refused policy-denied']);
    script.server(failure('42601', 'syntax error at or near "sqlwarden"'), ready('E'));
    expect(script.clientSaw()).toEqual(['CommandComplete BEGIN', 'ReadyForQuery T', REFUSED, 'ReadyForQuery E']);
    script.client(query('rollback')).server(tag('ROLLBACK'), ready('I'));
    expect(script.ends).toEqual([[1, 'rolled-back']]);
    expect(script.units.map((unit) => unit.transaction)).toMatchObject([
      { status: 'idle', ordinal: 1 },
      { status: 'open', ordinal: 1 },
      { status: 'failed', ordinal: 1 },
    ]);
  });

  it('ends the session when the server does not fail what was refused', () => {
    const script = new Script({ decide: () => ({ refuse: true }) }).open().client(query('drop table people'));
    script.server(tag('DROP TABLE'), ready('I'));
    expect(script.reason).toMatchObject({ kind: 'protocol-error', leg: 'server' });
  });

  it('ends the session rather than deliver rows that the plan does not fit', () => {
    const script = new Script({ decide: masked }).open().client(query('select * from people'));
    script.server(columns('id', 'ssn', 'more'), row('1', '123-45-6789', 'x'), tag('SELECT 1'), ready('I'));
    expect(script.clientSaw()).toEqual([expect.stringContaining('ErrorResponse FATAL 0A000')]);
    expect(script.rawTo('client').includes('123-45')).toBe(false);
    expect(script.outcomes).toMatchObject([{ ticket: 1, status: 'unknown' }]);
    expect(script.reason).toMatchObject({ kind: 'refused', refusal: { code: 'mask-unbindable' } });
  });

  it('ends the session on a row that does not have the columns of its header', () => {
    const script = new Script({ decide: masked }).open().client(query('select id, ssn from people'));
    script.server(columns('id', 'ssn'), row('123-45-6789'));
    expect(script.rawTo('client').includes('123-45')).toBe(false);
    expect(script.reason).toMatchObject({ kind: 'protocol-error', leg: 'server' });
  });

  it('ends the session on a second result of one statement whose columns are masked', () => {
    const script = new Script({ decide: masked }).open().client(query('select id, ssn from people'));
    script.server(columns('id', 'ssn'), row('1', 's'), columns('ssn', 'id'), row('123-45-6789', '1'));
    expect(script.reason).toMatchObject({ kind: 'refused', refusal: { code: 'mask-unbindable' } });
    expect(script.rawTo('client').includes('123-45')).toBe(false);
  });

  it('reports where the server names an origin that the analysis did not expect, and masks it', () => {
    const mask = { label: 'pii', function: { kind: 'redact', text: '***' }, sources: ['public.people.ssn'] } as const;
    const plan: MaskPlan = { outputs: [null], byOrigin: new Map([['16384.3', mask]]) };
    const script = new Script({ decide: () => ({ statements: [{ plan }] }) }).open().client(query('select x from v'));
    const fields = [{ name: 'x', relationId: 16384, columnNumber: 3, typeId: 25, typeSize: -1, typeModifier: -1, format: 0 as const }];
    script.server({ kind: 'RowDescription', fields }, row('123-45-6789'), tag('SELECT 1'), ready('I'));
    expect(script.clientSaw()).toContain('DataRow ***');
    expect(script.security).toMatchObject([{ kind: 'lineage-disagreement', ticket: 1, columns: [{ position: 0, label: 'pii' }] }]);
  });

  it('numbers the transactions of a Query that ends several', () => {
    const script = new Script().open().client(query('begin; insert into t values (1); commit; insert into t values (2)'));
    script.server(tag('BEGIN'), tag('INSERT 0 1'), tag('COMMIT'), failure('23505', 'duplicate key'), ready('I'));
    expect(script.ends).toEqual([
      [1, 'committed'],
      [2, 'rolled-back'],
    ]);
    expect(script.outcomes).toMatchObject([{ status: 'error', errorCode: '23505', statements: [{}, { rowsAffected: 1 }, {}] }]);
    script.client(query('select 1'));
    expect(script.units.at(-1)?.transaction.ordinal).toBe(3);
  });

  it.each([
    ['rollback to a', 'committed'],
    ['/* to */ rollback -- to', 'rolled-back'],
    ['ROLLBACK WORK TO SAVEPOINT a', 'committed'],
    ['abort', 'rolled-back'],
  ])('tells the end of a transaction from going back to a savepoint: %s', (text, end) => {
    const script = new Script({ decide: (unit) => (unit.text === text ? { statements: [{ action: 'rollback' }] } : {}) });
    script.open().client(query('begin')).server(tag('BEGIN'), ready('T')).client(query('insert 1')).server(tag('INSERT 0 1'), ready('T'));
    script.client(query(text)).server(tag('ROLLBACK'), ready(end === 'committed' ? 'T' : 'I'));
    expect(script.ends).toEqual(end === 'committed' ? [] : [[1, 'rolled-back']]);
    script.client(query('commit'));
    expect(script.units.at(-1)?.transaction).toMatchObject(
      end === 'committed' ? { status: 'open', ordinal: 1 } : { status: 'idle', ordinal: 2 },
    );
    if (end === 'committed') expect(script.server(tag('COMMIT'), ready('I')).ends).toEqual([[1, 'committed']]);
  });

  it('does not call rolled back what a ROLLBACK among other statements may have kept', () => {
    const script = new Script().open().client(query('begin')).server(tag('BEGIN'), ready('T'));
    script.client(query('rollback to a; insert 1; commit')).server(tag('ROLLBACK'), tag('INSERT 0 1'), tag('COMMIT'), ready('I'));
    expect(script.ends).toEqual([[1, 'committed']]);
  });

  it('refuses FunctionCall by name', () => {
    const call: FrontendMessage = { kind: 'FunctionCall', functionId: 1, argumentFormats: [], arguments: [], resultFormat: 0 };
    const script = new Script().open().client(call);
    expect(script.serverSaw()).toEqual(['Query sqlwarden: refused message-unsupported']);
    script.server(failure('42601', 'syntax error'), ready('I'));
    expect(script.clientSaw()).toEqual([expect.stringContaining('0A000 sqlwarden: FunctionCall is supported for'), 'ReadyForQuery I']);
    expect(script.units).toHaveLength(0);
  });

  it('judges a FunctionCall of a large object function as the statement that stands for it, and passes its value', () => {
    const arguments_ = [Uint8Array.of(0, 0, 0x12, 0x67), Uint8Array.of(0, 4, 0, 0)];
    const call: FrontendMessage = { kind: 'FunctionCall', functionId: 952, argumentFormats: [1], arguments: arguments_, resultFormat: 1 };
    const script = new Script().open().client(call);
    expect(script.units).toMatchObject([
      {
        phase: 'query',
        text: 'SELECT pg_catalog.lo_open($1, $2)',
        parameters: [{ typeId: 26, format: 'binary', value: arguments_[0] }, { typeId: 23 }],
      },
    ]);
    expect(script.serverSaw()).toEqual([expect.stringContaining('FunctionCall')]);
    script.server({ kind: 'FunctionCallResponse', value: Uint8Array.of(0, 0, 0, 0) }, ready('I'));
    expect(script.clientSaw()).toEqual([expect.stringContaining('FunctionCallResponse'), 'ReadyForQuery I']);
    expect(script.outcomes).toMatchObject([{ status: 'ok', statements: [{ command: 'SELECT', rowsReturned: 1 }] }]);
  });

  it('does not take a value for rows, nor rows for a value', () => {
    const call: FrontendMessage = {
      kind: 'FunctionCall',
      functionId: 953,
      argumentFormats: [1],
      arguments: [Uint8Array.of(0, 0, 0, 0)],
      resultFormat: 1,
    };
    const rows = new Script()
      .open()
      .client(call)
      .server({ kind: 'DataRow', cells: [Uint8Array.of(0x31)] });
    expect(rows.reason).toMatchObject({ kind: 'protocol-error', leg: 'server' });
    const value = new Script().open().client(query('select 1')).server({ kind: 'FunctionCallResponse', value: null });
    expect(value.reason).toMatchObject({ kind: 'protocol-error', leg: 'server' });
  });

  it('closes on a message type that the protocol does not have, and names it', () => {
    const script = new Script().open().client(Uint8Array.of(0x7a, 0, 0, 0, 4));
    expect(script.clientSaw()).toEqual([expect.stringContaining('message type 0x7a')]);
    expect(script.reason).toMatchObject({ kind: 'protocol-error', leg: 'client' });
  });

  it('refuses a text that is not UTF-8', () => {
    const bytes = encodeFrontend(query('select x'));
    bytes[12] = 0xff;
    const script = new Script().open().client(bytes);
    script.server(failure('42601', 'syntax error'), ready('I'));
    expect(script.clientSaw()).toEqual([expect.stringContaining('42601 sqlwarden: the text is not valid UTF-8'), 'ReadyForQuery I']);
  });
});

describe('the extended protocol', () => {
  const decideMasked = (unit: Unit): Decision => (unit.text.includes('ssn') ? masked() : {});

  it('judges Parse, Bind and Execute and forwards their bytes as they came', () => {
    const script = new Script().open();
    const bytes = Buffer.concat(
      [parse('select $1', 's1'), bind('s1', 'p1', 'value'), describePortal('p1'), execute('p1', 5), sync].map(encodeFrontend),
    );
    script.session.receive('client', bytes);
    expect(script.rawTo('server')).toEqual(bytes);
    expect(script.units.map((unit) => [unit.phase, unit.text, unit.earlier !== undefined])).toEqual([
      ['prepare', 'select $1', false],
      ['bind', 'select $1', true],
      ['execute', 'select $1', true],
    ]);
    expect(script.units[2]?.parameters).toMatchObject([{ format: 'text', typeId: 0 }]);
    script.server(one('ParseComplete'), one('BindComplete'), columns('x'), row('value'), one('PortalSuspended'), ready('I'));
    expect(script.outcomes).toMatchObject([{ ticket: 1, suspended: true, statements: [{ rowsReturned: 1 }] }]);
    expect(script.clientSaw()).toEqual([
      'ParseComplete',
      'BindComplete',
      'RowDescription x',
      'DataRow value',
      'PortalSuspended',
      'ReadyForQuery I',
    ]);
  });

  it('describes a portal itself when the client does not, and masks', () => {
    const script = new Script({ decide: decideMasked }).open().client(parse('select id, ssn', 's1'), bind('s1'), execute(), sync);
    expect(script.serverSaw()).toEqual(['Parse s1 select id, ssn', 'Bind "" s1', 'Describe portal ""', 'Execute ""', 'Sync']);
    script.server(one('ParseComplete'), one('BindComplete'), columns('id', 'ssn'), row('1', '123-45-6789'), tag('SELECT 1'), ready('I'));
    expect(script.clientSaw()).toEqual(['ParseComplete', 'BindComplete', 'DataRow 1 ***', 'CommandComplete SELECT 1', 'ReadyForQuery I']);
    // The second time the columns are known.
    script.client(bind('s1'), execute(), sync);
    expect(script.serverSaw()).toEqual(['Bind "" s1', 'Execute ""', 'Sync']);
    script.server(one('BindComplete'), row('2', '123-45-6789'), tag('SELECT 1'), ready('I'));
    expect(script.clientSaw()).toContain('DataRow 2 ***');
    expect(script.outcomes.map((outcome) => outcome.maskedCells)).toEqual([1, 1]);
  });

  it('refuses an Execute whose masks do not fit what is known of its columns', () => {
    const script = new Script({ decide: decideMasked }).open();
    script.client(parse('select ssn', 's1'), { kind: 'Describe', target: 'statement', name: 's1' }, sync);
    script.server(one('ParseComplete'), { kind: 'ParameterDescription', types: [] }, columns('ssn'), ready('I'));
    script.client(bind('s1'), execute(), sync);
    script.server(one('BindComplete'), failure('42601', 'syntax error'), ready('I'));
    expect(script.clientSaw().slice(-3)).toEqual(['BindComplete', expect.stringContaining('0A000'), 'ReadyForQuery I']);
    expect(script.outcomes).toMatchObject([{ ticket: 1, status: 'error' }]);
    expect(script.reason).toBeUndefined();
  });

  it('keeps the plan of a portal when a later Execute has none', () => {
    let phase = 0;
    const decide = (unit: Unit): Decision => (unit.phase === 'execute' && phase++ > 0 ? {} : masked());
    const script = new Script({ decide }).open().client(query('begin')).server(tag('BEGIN'), ready('T'));
    script.client(parse('select id, ssn'), bind('', 'p'), execute('p', 1), sync);
    script.server(one('ParseComplete'), one('BindComplete'), columns('id', 'ssn'), row('1', 's1'), one('PortalSuspended'), ready('T'));
    script.client(execute('p', 1), sync).server(row('2', 's2'), one('PortalSuspended'), ready('T'));
    expect(script.clientSaw().filter((line) => line.startsWith('DataRow'))).toEqual(['DataRow 1 ***', 'DataRow 2 ***']);
  });

  it('refuses in a pipeline: the server fails in the same place and skips to Sync', () => {
    const decide = (unit: Unit): Decision => ({ refuse: unit.text.startsWith('drop') });
    const script = new Script({ decide }).open();
    script.client(
      parse('insert into t', 'a'),
      bind('a'),
      execute(),
      parse('drop table t', 'b'),
      bind('b'),
      execute(),
      sync,
      query('select 1'),
    );
    expect(script.serverSaw()).toEqual([
      'Parse a insert into t',
      'Bind "" a',
      'Execute ""',
      'Parse own2 sqlwarden: refused policy-denied',
      'Sync',
    ]);
    script.server(one('ParseComplete'), one('BindComplete'), tag('INSERT 0 1'), failure('42601', 'syntax error'), ready('I'));
    expect(script.clientSaw()).toEqual(['ParseComplete', 'BindComplete', 'CommandComplete INSERT 0 1', REFUSED, 'ReadyForQuery I']);
    expect(script.ends).toEqual([[1, 'rolled-back']]);
    expect(script.serverSaw()).toEqual(['Query select 1']);
    script.server(columns('x'), row('1'), tag('SELECT 1'), ready('I'));
    expect(script.ends).toEqual([
      [1, 'rolled-back'],
      [2, 'committed'],
    ]);
  });

  it('shows the earlier error only, when one comes before a refusal', () => {
    const decide = (unit: Unit): Decision => ({ refuse: unit.text.startsWith('drop') });
    const script = new Script({ decide }).open();
    script.client(parse('insert into t', 'a'), bind('a'), execute(), parse('drop table t'), sync);
    script.server(one('ParseComplete'), one('BindComplete'), failure('23505', 'duplicate key'), ready('I'));
    expect(script.clientSaw()).toEqual(['ParseComplete', 'BindComplete', 'ErrorResponse ERROR 23505 duplicate key', 'ReadyForQuery I']);
  });

  it('settles what an error made the server skip, and drops the rest of the segment', () => {
    const script = new Script().open();
    script.client(parse('insert 1', 'a'), bind('a'), execute(), bind('a'), execute());
    script.server(one('ParseComplete'), one('BindComplete'), failure('23505', 'duplicate key'));
    expect(script.outcomes).toMatchObject([
      { ticket: 1, status: 'error', errorCode: '23505' },
      { ticket: 2, status: 'cancelled', errorCode: undefined },
    ]);
    script.rawTo('server');
    script.client(bind('a'), execute(), query('select 1'), sync);
    expect(script.serverSaw()).toEqual(['Sync']);
    expect(script.units).toHaveLength(5);
    script.server(ready('I'));
    expect(script.clientSaw().at(-1)).toBe('ReadyForQuery I');
  });

  it('keeps several segments apart', () => {
    const script = new Script().open();
    const segment = (text: string): FrontendMessage[] => [parse(text), bind(), execute(), sync];
    script.client(...segment('insert 1'), ...segment('insert 2'), ...segment('insert 3'));
    script.server(one('ParseComplete'), one('BindComplete'), tag('INSERT 0 1'), ready('I'));
    script.server(one('ParseComplete'), failure('42P01', 'missing'), ready('I'));
    script.server(one('ParseComplete'), one('BindComplete'), tag('INSERT 0 1'), ready('I'));
    expect(script.outcomes.map((outcome) => [outcome.ticket, outcome.status])).toEqual([
      [1, 'ok'],
      [2, 'cancelled'],
      [3, 'ok'],
    ]);
    expect(script.ends).toEqual([
      [1, 'committed'],
      [3, 'committed'],
    ]);
  });

  it('does not believe a name that a failed segment did not make', () => {
    const script = new Script({ decide: decideMasked }).open();
    script.client(parse('select id, ssn', 's'), sync).server(one('ParseComplete'), ready('I'));
    // The second Parse fails (the name is taken): the name still stands for the masked statement.
    script.client(parse('select 1, 2', 's'), sync, bind('s'), execute(), sync);
    expect(script.serverSaw().slice(-2)).toEqual(['Parse s select 1, 2', 'Flush']);
    script.server(failure('42P05', 'prepared statement exists'));
    script.server(ready('I'));
    expect(script.units.at(-1)).toMatchObject({ phase: 'execute', text: 'select id, ssn' });
    script.server(one('BindComplete'), columns('id', 'ssn'), row('1', '123-45-6789'), tag('SELECT 1'), ready('I'));
    expect(script.clientSaw()).toContain('DataRow 1 ***');
  });

  it('does not believe an unnamed statement of a segment that was skipped', () => {
    const script = new Script({ decide: decideMasked }).open();
    script.client(parse('select id, ssn'), sync).server(one('ParseComplete'), ready('I'));
    script.client(bind('missing'), parse('select 1, 2'), sync, bind(''), execute(), sync);
    // The Bind of an unknown name fails, the Parse behind it is dropped, and the unnamed statement is still the first one.
    script.server(failure('42601', 'syntax error'), ready('I'));
    expect(script.clientSaw()).toContainEqual(expect.stringContaining('26000'));
    expect(script.units.at(-1)).toMatchObject({ phase: 'execute', text: 'select id, ssn' });
  });

  it('asks the server which names are left after SQL may have dropped one', () => {
    const script = new Script().open();
    script.client(parse('select 1', 's'), parse('select 2', 'gone'), sync).server(one('ParseComplete'), one('ParseComplete'), ready('I'));
    script.client(query('deallocate gone')).server(tag('DEALLOCATE'), ready('I'));
    script.rawTo('server');
    script.client(bind('s'), execute(), sync);
    expect(script.serverSaw()[0]).toContain('pg_prepared_statements');
    script.server(
      one('ParseComplete'),
      one('BindComplete'),
      row('s'),
      tag('SELECT 1'),
      one('CloseComplete'),
      one('CloseComplete'),
      ready('I'),
    );
    expect(script.serverSaw()).toEqual(['Bind "" s', 'Execute ""', 'Sync']);
    script.server(one('BindComplete'), tag('SELECT 0'), ready('I'));
    script.client(bind('gone'), sync);
    expect(script.serverSaw()).toEqual(['Parse own3 sqlwarden: refused unknown-name', 'Sync']);
  });

  it('refuses the names of statements and cursors that were not made by the protocol', () => {
    const script = new Script().open().client(query('prepare s as select 1; declare c cursor for select 1'));
    script.server(tag('PREPARE'), tag('DECLARE CURSOR'), ready('I'));
    script.client(bind('s'), sync).server(failure('42601', 'x'), ready('I'));
    script.client(execute('c'), sync).server(failure('42601', 'x'), ready('I'));
    expect(script.clientSaw().filter((line) => line.startsWith('Error'))).toEqual([
      expect.stringContaining('26000'),
      expect.stringContaining('34000'),
    ]);
    expect(script.units).toHaveLength(1);
  });

  it('waits for the replies of a segment that controls a transaction before it judges the next', () => {
    const script = new Script().open();
    script.client(
      parse('begin'),
      bind(),
      execute(),
      parse('insert 1'),
      bind(),
      execute(),
      sync,
      parse('select 1'),
      bind(),
      execute(),
      sync,
    );
    // Within the segment the forecast is exact.
    expect(script.units.map((unit) => [unit.text, unit.transaction.status])).toEqual([
      ['begin', 'idle'],
      ['begin', 'idle'],
      ['begin', 'idle'],
      ['insert 1', 'open'],
      ['insert 1', 'open'],
      ['insert 1', 'open'],
    ]);
    script.server(one('ParseComplete'), one('BindComplete'), tag('BEGIN'), one('ParseComplete'), failure('42P01', 'missing'), ready('E'));
    expect(script.units.at(-1)).toMatchObject({ text: 'select 1', transaction: { status: 'failed', ordinal: 1 } });
  });

  it('binds again when a fresh description names other origins', () => {
    const mask = { label: 'pii', function: { kind: 'redact', text: '***' }, sources: ['public.people.ssn'] } as const;
    const plan: MaskPlan = { outputs: [null], byOrigin: new Map([['16384.3', mask]]) };
    const from = (columnNumber: number): BackendMessage => ({
      kind: 'RowDescription',
      fields: [{ name: 'x', relationId: 16384, columnNumber, typeId: 25, typeSize: -1, typeModifier: -1, format: 0 }],
    });
    const script = new Script({ decide: () => ({ statements: [{ plan }] }) }).open().client(parse('select x from v', 's'), sync);
    script.server(one('ParseComplete'), ready('I'));
    for (const [columnNumber, value] of [
      [2, 'value'],
      [2, 'value'],
      [3, '***'],
      [2, 'value'],
    ] as const) {
      script
        .client(bind('s'), describePortal(), execute(), sync)
        .server(one('BindComplete'), from(columnNumber), row('value'), tag('SELECT 1'), ready('I'));
      expect(script.clientSaw()).toContain(`DataRow ${value}`);
    }
  });

  it('limits the number of prepared statements', () => {
    const script = new Script().open();
    for (let i = 0; i < 4096; i++) script.client(parse('select 1', `s${i}`), sync).server(one('ParseComplete'), ready('I'));
    script.rawTo('client');
    script.client(parse('select 1', 'one more'), sync).server(failure('42601', 'x'), ready('I'));
    expect(script.clientSaw()[0]).toContain('54000');
    script.client(parse('select 1', ''), sync).server(one('ParseComplete'), ready('I'));
    expect(script.clientSaw()).toEqual(['ParseComplete', 'ReadyForQuery I']);
  });
});

// ---- holding, probing, injecting ----

describe('a unit that waits', () => {
  const later = (unit: Unit): Decision => ({ later: unit.text.includes('held') });

  it('keeps what follows in a capped queue', () => {
    const script = new Script({ decide: later }).open().client(query('held 1'), query('select 2'));
    expect(script.serverSaw()).toEqual([]);
    script.client(query(`select '${'x'.repeat(5000)}'`));
    expect(script.calls.at(-1)).toBe('pause client');
    script.session.notice('waiting for approval', 'ask a dba');
    expect(script.clientSaw()).toEqual(['NoticeResponse NOTICE 00000 sqlwarden: waiting for approval']);
    script.session.admitted(script.answer(script.units.at(-1) as Unit));
    expect(script.serverSaw()).toEqual(['Query held 1', 'Query select 2', expect.stringContaining('xxx')]);
    expect(script.calls.at(-1)).toBe('resume client');
  });

  it('runs a statement of the gateway on the same connection and hides it', () => {
    const script = new Script({ decide: later }).open().client(query('held'));
    const results: InjectResult[] = [];
    script.session.inject('select 42', (result) => results.push(result));
    expect(script.serverSaw()).toEqual([
      'Parse own2 select 42',
      'Bind own2 own2',
      'Execute own2',
      'Close portal own2',
      'Close statement own2',
      'Sync',
    ]);
    script.server(one('ParseComplete'), one('BindComplete'), row('42', null), tag('SELECT 1'), one('CloseComplete'), one('CloseComplete'));
    expect(results).toEqual([]);
    script.server(ready('I'));
    expect(results).toEqual([{ kind: 'rows', rows: [['42', null]] }]);
    expect(script.clientSaw()).toEqual([]);
    expect(script.outcomes).toEqual([]);
    expect(script.ends).toEqual([]);
  });

  it('injects into the middle of a pipeline by Flush', () => {
    const script = new Script({ decide: later }).open().client(parse('insert 1', 'a'), bind('a'), execute(), parse('held', 'b'), sync);
    const results: InjectResult[] = [];
    script.session.inject('select 42', (result) => results.push(result));
    expect(script.serverSaw().at(-1)).toBe('Flush');
    script.server(one('ParseComplete'), one('BindComplete'), tag('INSERT 0 1'));
    script.server(one('ParseComplete'), one('BindComplete'), row('42'), tag('SELECT 1'), one('CloseComplete'), one('CloseComplete'));
    expect(results).toEqual([{ kind: 'rows', rows: [['42']] }]);
    expect(script.clientSaw()).toEqual(['ParseComplete', 'BindComplete', 'CommandComplete INSERT 0 1']);
    script.session.admitted(script.answer(script.units.at(-1) as Unit));
    expect(script.serverSaw()).toEqual(['Parse b held', 'Sync']);
  });

  it('fails the segment when a statement of the gateway fails in it', () => {
    const script = new Script({ decide: later }).open().client(parse('insert 1', 'a'), bind('a'), execute(), parse('held', 'b'), sync);
    const results: InjectResult[] = [];
    script.session.inject('select broken', (result) => results.push(result));
    script.server(one('ParseComplete'), one('BindComplete'), tag('INSERT 0 1'), failure('42703', 'column "broken" does not exist'));
    expect(results).toMatchObject([{ kind: 'error', code: '42703' }]);
    expect(script.calls.at(-1)).toBe('abandon');
    script.rawTo('server');
    script.session.admitted({ kind: 'refuse', refusal: { code: 'internal-error', message: 'too late' } });
    script.server(ready('I'));
    expect(script.clientSaw().slice(-2)).toEqual([
      expect.stringContaining('ErrorResponse ERROR 42703 sqlwarden: a statement of the gateway failed'),
      'ReadyForQuery I',
    ]);
    expect(script.ends).toEqual([[1, 'rolled-back']]);
  });

  it('gives up the unit when its segment fails', () => {
    const script = new Script({ decide: later }).open().client(parse('insert 1', 'a'), bind('a'), execute(), parse('held', 'b'));
    script.server(one('ParseComplete'), one('BindComplete'), failure('23505', 'duplicate'));
    expect(script.calls.at(-1)).toBe('abandon');
    // An answer that was on its way is settled, not forwarded.
    script.session.admitted({ kind: 'proceed', ticket: 99, statements: [], cleanTexts: false, decision: undefined });
    expect(script.outcomes.at(-1)).toMatchObject({ ticket: 99, status: 'cancelled' });
    script.rawTo('server');
    script.client(sync);
    expect(script.serverSaw()).toEqual(['Sync']);
  });

  it('gives up the unit when the client is gone', () => {
    const script = new Script({ decide: later }).open().client(query('held'));
    script.session.ended('client');
    expect(script.calls.at(-1)).toBe('abandon');
    expect(script.serverSaw()).toEqual(['Terminate']);
    expect(script.reason).toEqual({ kind: 'closed', by: 'client' });
  });

  it('gives up the unit when it is refused because the state of the session changed and cannot be read', () => {
    const script = new Script({ decide: later }).open().client(query('held'), query('select 2'));
    script.server(status('search_path', 'other'));
    script.server(failure('42501', 'permission denied'), ready('I'));
    expect(script.calls.at(-1)).toBe('abandon');
    // The refusal is the server's own error; the next one is asked for after it.
    script.server(failure('42601', 'syntax error'), ready('I')).probe();
    expect(script.units.map(({ text }) => text)).toEqual(['held', 'select 2']);
  });

  it('injects only while a unit is pending', () => {
    const script = new Script().open();
    const results: InjectResult[] = [];
    script.session.inject('select 1', (result) => results.push(result));
    expect(results).toMatchObject([{ kind: 'error' }]);
    expect(script.serverSaw()).toEqual([]);
  });
});

describe('a client that does not wait for replies', () => {
  it('has so many Syncs forwarded as may be unanswered, and the others later', () => {
    const message = encodeFrontend({ kind: 'Sync' });
    const script = new Script({ options: { maxQueuedBytes: 1 << 20 } }).open();
    script.serverSaw();
    script.client(Buffer.concat(Array.from({ length: MAX_OUTSTANDING + 1000 }, () => message)));
    expect(script.serverSaw()).toHaveLength(MAX_OUTSTANDING);
    script.server(ready('I'), ready('I'));
    expect(script.serverSaw()).toHaveLength(2);
  });
});

describe('the SQL state', () => {
  it('is asked for again before the unit that follows a change', () => {
    const script = new Script().open().client(query('set search_path to app'), query('select 1'));
    expect(script.serverSaw()).toEqual(['Query set search_path to app']);
    script.server(status('search_path', 'app'), tag('SET'), ready('I'));
    expect(script.serverSaw()[0]).toBe('Parse own2 <state probe>');
    script.probe(['app']);
    expect(script.units.at(-1)?.state.searchPath).toEqual(['app']);
    expect(script.serverSaw()).toEqual(['Query select 1']);
  });

  it('is one object for equal contents', () => {
    const a = new Script().open().client(query('select 1'));
    const b = new Script().open().client(query('select 2'));
    expect(a.units[0]?.state).toBe(b.units[0]?.state);
  });

  it('is asked for in the middle of a pipeline where it has to be', () => {
    const script = new Script().open().client(parse('set search_path to app'), bind(), execute(), parse('select 1'), sync);
    expect(script.serverSaw().slice(3)).toEqual([
      'Parse own2 <state probe>',
      'Bind own2 own2',
      'Execute own2',
      'Close portal own2',
      'Close statement own2',
      'Flush',
    ]);
    script.server(one('ParseComplete'), one('BindComplete'), tag('SET'), ...probeReplies(['app']));
    expect(script.units.at(-1)).toMatchObject({ text: 'select 1', state: { searchPath: ['app'] }, transaction: { stateChanged: true } });
  });

  it('is asked for again when a transaction that changed it ends', () => {
    const script = new Script().open().client(query('begin')).server(tag('BEGIN'), ready('T'));
    script.client(query('set local search_path to app')).server(tag('SET'), ready('T'));
    script.client(query('select 1')).probe(['app'], 'T').server(tag('SELECT 0'), ready('T'));
    expect(script.units.at(-1)).toMatchObject({ state: { searchPath: ['app'] }, transaction: { status: 'open', stateChanged: true } });
    script.client(query('rollback')).server(tag('ROLLBACK'), ready('I'));
    script.rawTo('server');
    script.client(query('select 2'));
    expect(script.serverSaw()[0]).toBe('Parse own3 <state probe>');
    script.probe(['public']);
    expect(script.units.at(-1)?.state.searchPath).toEqual(['public']);
  });

  it('is asked for when the server says that it changed', () => {
    const script = new Script().open().server(status('standard_conforming_strings', 'off'));
    script.client(query('select 1'));
    expect(script.serverSaw()[0]).toBe('Parse own2 <state probe>');
  });

  it('refuses a unit whose state could not be read', () => {
    const script = new Script().open().client(query('set role x'), query('select 1')).server(tag('SET'), ready('I'));
    script.server(failure('57014', 'cancelled'), ready('I'));
    expect(script.serverSaw().at(-1)).toBe('Query sqlwarden: refused internal-error');
    expect(script.units).toHaveLength(1);
  });

  it('ends the session when client_encoding leaves UTF8', () => {
    const script = new Script().open().client(query("set client_encoding to 'LATIN1'"));
    script.server(status('client_encoding', 'LATIN1'), tag('SET'), ready('I'));
    expect(script.clientSaw()).toEqual([expect.stringContaining('FATAL 0A000 sqlwarden: client_encoding must stay UTF8')]);
  });
});

// ---- COPY ----

describe('COPY', () => {
  const copyResponse = (kind: 'CopyInResponse' | 'CopyOutResponse'): BackendMessage => ({ kind, format: 0, columnFormats: [0] });
  const data = (value: string): { kind: 'CopyData'; data: Uint8Array } => ({ kind: 'CopyData', data: utf8(value) });

  it('passes data to the server when it was admitted', () => {
    const script = new Script().open().client(query('copy t from stdin'), data('1\n'), { kind: 'CopyDone' });
    // Nothing goes behind the statement before the server says what it is.
    expect(script.serverSaw()).toEqual(['Query copy t from stdin']);
    script.server(copyResponse('CopyInResponse'));
    expect(script.serverSaw()).toEqual(['CopyData 1\n', 'CopyDone']);
    script.server(tag('COPY 1'), ready('I'));
    expect(script.outcomes).toMatchObject([{ status: 'ok', statements: [{ command: 'COPY', rowsAffected: 1, rowsReturned: 0 }] }]);
  });

  it('forgets the Sync that the server ignores while it reads data', () => {
    const script = new Script().open().client(parse('copy t from stdin'), bind(), execute(), sync);
    script.server(one('ParseComplete'), one('BindComplete'), copyResponse('CopyInResponse'));
    script.client(data('1\n'), { kind: 'CopyDone' }, sync).server(tag('COPY 1'), ready('I'));
    expect(script.clientSaw().slice(-2)).toEqual(['CommandComplete COPY 1', 'ReadyForQuery I']);
    expect(script.ends).toEqual([[1, 'committed']]);
    script.client(query('select 1'));
    expect(script.serverSaw().at(-1)).toBe('Query select 1');
  });

  it('has the server end the session over any other message, and drops it', () => {
    const script = new Script().open().client(query('copy t from stdin')).server(copyResponse('CopyInResponse'));
    script.client(data('1\n'), query('drop table t'));
    expect(script.serverSaw().slice(1)).toEqual(['CopyData 1\n', 'Query ']);
    expect(script.units).toHaveLength(1);
    script.server(failure('08P01', 'unexpected message type 0x51 during COPY from stdin'));
    script.server(failure('08P01', 'terminating connection because protocol synchronization was lost'));
    script.session.ended('server');
    expect(script.outcomes).toHaveLength(1);
    expect(script.outcomes[0]?.status).not.toBe('ok');
  });

  it('ignores data that is left over from a COPY that failed', () => {
    const script = new Script().open().client(query('copy t from stdin')).server(copyResponse('CopyInResponse'));
    script.server(failure('22P04', 'extra data'), ready('I'));
    script.client(data('2\n'), { kind: 'CopyDone' }, query('select 1'));
    expect(script.serverSaw()).toEqual(['Query copy t from stdin', 'Query select 1']);
  });

  it('counts the rows of a COPY to the client as returned', () => {
    const script = new Script().open().client(query('copy t to stdout'));
    script.server(copyResponse('CopyOutResponse'), data('1\n'), data('2\n'), { kind: 'CopyDone' }, tag('COPY 2'), ready('I'));
    expect(script.outcomes).toMatchObject([{ statements: [{ command: 'COPY', rowsReturned: 2, rowsAffected: null }] }]);
    expect(script.outcomes[0]?.bytesReturned).toBe(2 * (5 + 2));
  });

  it('ends the session on a COPY that nobody announced', () => {
    for (const kind of ['CopyInResponse', 'CopyOutResponse'] as const) {
      const script = new Script().open().client(query('select 1')).server(copyResponse(kind));
      expect(script.reason).toMatchObject({ kind: 'protocol-error', leg: 'server' });
      const behind = new Script().open().client(query('copy t to stdout')).server(tag('COPY 0'), copyResponse(kind), data('secret'));
      expect(behind.reason).toMatchObject({ kind: 'protocol-error', leg: 'server' });
    }
  });

  const planned = (format: 'text' | 'csv'): Decision => ({
    statements: [
      {
        action: 'copy',
        mayCopy: true,
        plan: redactSecond,
        copy: { format, describe: 'select id, ssn from people', ...(format === 'csv' ? { header: true } : {}) },
      },
    ],
  });
  const described = (...names: string[]): BackendMessage[] => [
    one('ParseComplete'),
    { kind: 'ParameterDescription', types: [] },
    columns(...names),
    one('CloseComplete'),
  ];

  it('masks what it sends, after it asked for the columns', () => {
    const script = new Script({ decide: () => planned('text') }).open().client(query('copy people to stdout'));
    expect(script.serverSaw()).toEqual([
      'Parse own2 select id, ssn from people',
      'Describe statement own2',
      'Close statement own2',
      'Sync',
    ]);
    script.server(...described('id', 'ssn'), ready('I'));
    expect(script.serverSaw()).toEqual(['Query copy people to stdout']);
    expect(script.units).toHaveLength(1);
    script.server(
      copyResponse('CopyOutResponse'),
      data('1\t123-45-6789\n'),
      data('2\t\\N\n'),
      { kind: 'CopyDone' },
      tag('COPY 2'),
      ready('I'),
    );
    expect(script.clientSaw()).toEqual([
      'CopyOutResponse',
      'CopyData 1\t***\n',
      'CopyData 2\t\\N\n',
      'CopyDone',
      'CommandComplete COPY 2',
      'ReadyForQuery I',
    ]);
    expect(script.outcomes).toMatchObject([
      { ticket: 1, status: 'ok', maskedCells: 1, statements: [{ rowsReturned: 2, rowsAffected: null }] },
    ]);
  });

  it('masks what it sends in the extended protocol, in the middle of a pipeline', () => {
    const script = new Script({ decide: () => planned('csv') }).open().client(parse('copy people to stdout'), bind(), execute(), sync);
    expect(script.serverSaw().slice(2)).toEqual([
      'Parse own2 select id, ssn from people',
      'Describe statement own2',
      'Close statement own2',
      'Flush',
    ]);
    script.server(one('ParseComplete'), one('BindComplete'), ...described('id', 'ssn'));
    expect(script.serverSaw()).toEqual(['Execute ""', 'Sync']);
    script.server(copyResponse('CopyOutResponse'), data('id,ssn\n'), data('1,"12\n3"\n'), { kind: 'CopyDone' }, tag('COPY 1'), ready('I'));
    expect(script.clientSaw().slice(2)).toEqual([
      'CopyOutResponse',
      'CopyData id,ssn\n',
      'CopyData 1,***\n',
      'CopyDone',
      'CommandComplete COPY 1',
      'ReadyForQuery I',
    ]);
  });

  it('refuses what it cannot mask, before it runs', () => {
    for (const answer of [
      [...described('id', 'ssn', 'more'), ready('I')],
      [failure('42P01', 'missing'), ready('I')],
    ]) {
      const script = new Script({ decide: () => planned('text') })
        .open()
        .client(query('copy people to stdout'))
        .server(...answer);
      expect(script.serverSaw().at(-1)).toBe('Query sqlwarden: refused mask-unbindable');
      script.server(failure('42601', 'syntax error'), ready('I'));
      expect(script.clientSaw()).toEqual([expect.stringContaining('ERROR 0A000'), 'ReadyForQuery I']);
      expect(script.outcomes).toMatchObject([{ ticket: 1, status: 'error' }]);
    }
    const unknown = new Script({ decide: () => ({ statements: [{ action: 'copy', mayCopy: true, plan: redactSecond }] }) })
      .open()
      .client(query('copy people to stdout'));
    expect(unknown.serverSaw()).toEqual(['Query sqlwarden: refused mask-unbindable']);
  });

  it('ends the session on COPY data that is not what was analysed', () => {
    const binary = new Script({ decide: () => planned('text') }).open().client(query('copy people to stdout'));
    binary.server(...described('id', 'ssn'), ready('I')).server({ kind: 'CopyOutResponse', format: 1, columnFormats: [1, 1] });
    expect(binary.reason).toMatchObject({ kind: 'refused', refusal: { code: 'mask-unbindable' } });
    const fields = new Script({ decide: () => planned('text') }).open().client(query('copy people to stdout'));
    fields.server(...described('id', 'ssn'), ready('I')).server(copyResponse('CopyOutResponse'), data('123-45-6789\n'));
    expect(fields.reason).toMatchObject({ kind: 'refused', refusal: { code: 'mask-unbindable' } });
    expect(fields.rawTo('client').includes('123-45')).toBe(false);
  });
});

// ---- texts ----

describe('texts of errors and notices', () => {
  const clean = (): Decision => ({ clean: true });
  const SECRET = '123-45-6789';

  it('pass as they are where nothing is protected', () => {
    const script = new Script().open().client(query('select 1'));
    script.server(failure('22P02', `invalid input "${SECRET}"`, { D: 'detail' }), ready('I'));
    expect(script.rawTo('client').toString()).toContain(SECRET);
  });

  it.each([
    ['a failed cast', '22P02', {}],
    ['a unique key', '23505', { D: `Key (ssn)=(${SECRET}) already exists.`, s: 'public', t: 'people', c: 'ssn', n: 'people_ssn_key' }],
    ['a raise in a trigger', 'P0001', { W: 'PL/pgSQL function f() line 3 at RAISE' }],
    ['a raise under a harmless code', '57014', { W: 'PL/pgSQL function f() line 3 at RAISE', n: SECRET, c: SECRET, R: 'exec_stmt_raise' }],
    ['a relation name made of data', '42P01', {}],
    ['an internal query', '42703', { P: '8', q: `select ${SECRET}`, p: '9' }],
    ['a code that is not one', SECRET, {}],
  ])('are replaced where protected values are in reach: %s', (_name, code, more) => {
    const script = new Script({ decide: clean }).open().client(query('select 1'));
    script.server(failure(code, `text with ${SECRET}`, { H: SECRET, ...more }), ready('I'));
    const raw = script.rawTo('client').toString();
    expect(raw).not.toContain(SECRET);
    expect(raw).toContain('withheld by sqlwarden');
    if (/^\w{5}$/.test(code)) expect(raw).toContain(`C${code}\0`);
  });

  it('keep what drivers need: severity, code, position and names', () => {
    const script = new Script({ decide: clean }).open().client(query('insert into people'));
    const names = { s: 'public', t: 'people', c: 'ssn', n: 'people_ssn_key' };
    script.server(failure('23505', `duplicate ${SECRET}`, { ...names, F: 'nbtinsert.c', R: '_bt_check_unique' }), ready('I'));
    const raw = script.rawTo('client');
    const message = decodeBackend(raw[0] ?? 0, raw, 5, raw.readUInt32BE(1) + 1) as Extract<BackendMessage, { kind: 'ErrorResponse' }>;
    expect(Object.fromEntries(message.fields.map((field) => [field.code, field.value]))).toEqual({
      S: 'ERROR',
      V: 'ERROR',
      C: '23505',
      M: 'duplicate key value violates a unique constraint (text withheld by sqlwarden)',
      ...names,
    });
  });

  it('keep a message that can only quote the statement itself', () => {
    const script = new Script({ decide: clean }).open().client(query('select nope from people'));
    script.server(failure('42703', 'column "nope" does not exist', { P: '8' }), ready('I'));
    expect(script.clientSaw()[0]).toBe('ErrorResponse ERROR 42703 column "nope" does not exist');
  });

  it('clean notices and strip the payload of notifications', () => {
    const script = new Script({ decide: clean }).open().client(query('select f()'));
    const notice: BackendMessage = {
      kind: 'NoticeResponse',
      fields: [
        { code: 'V', value: 'NOTICE' },
        { code: 'C', value: '00000' },
        { code: 'M', value: SECRET },
      ],
    };
    script.server(notice, { kind: 'NotificationResponse', processId: 1, channel: 'events', payload: SECRET }, tag('SELECT 0'), ready('I'));
    expect(script.clientSaw().slice(0, 2)).toEqual([expect.stringContaining('withheld'), 'NotificationResponse events ']);
  });

  it('say no more than that there was a notification when the host says that the client may hear nothing', () => {
    const script = new Script().open();
    const notification: BackendMessage = { kind: 'NotificationResponse', processId: 1, channel: 'events', payload: SECRET };
    script.server(notification);
    script.mayHear = false;
    script.server(notification);
    expect(script.clientSaw()).toEqual([`NotificationResponse events ${SECRET}`, 'NotificationResponse events ']);
  });
});

// ---- the end ----

describe('the end of a session', () => {
  it('forwards Terminate and waits for what is under way', () => {
    const script = new Script().open().client(query('insert 1'), { kind: 'Terminate' });
    expect(script.reason).toBeUndefined();
    script.server(tag('INSERT 0 1'), ready('I'));
    expect(script.serverSaw()).toEqual(['Query insert 1', 'Terminate']);
    expect(script.outcomes).toMatchObject([{ status: 'ok' }]);
    expect(script.reason).toEqual({ kind: 'closed', by: 'client' });
  });

  it('sends nothing to a server that it did not reach', () => {
    const script = new Script().client(startup(), { kind: 'PasswordMessage', password: 'token' });
    script.session.loginAnswered(accept);
    script.session.ended('client');
    expect(script.rawTo('server')).toHaveLength(0);
    expect(script.reason).toEqual({ kind: 'closed', by: 'client' });
  });

  it('says so when the server cannot be reached', () => {
    const script = new Script().client(startup(), { kind: 'PasswordMessage', password: 'token' });
    script.session.loginAnswered(accept);
    script.session.ended('server', 'ECONNREFUSED');
    expect(script.clientSaw().at(-1)).toContain('FATAL 08006');
  });

  it('reads no further while too much is unanswered', () => {
    const script = new Script().open();
    const filler = parse(`select '${'x'.repeat(900_000)}'`);
    for (let i = 0; i < 100; i++) script.client(filler);
    expect(script.units.length).toBeLessThan(80);
    expect(script.calls.at(-1)).toBe('pause client');
    expect(frontendLines(script.rawTo('server')).at(-1)).toBe('Flush');
    const sent = script.units.length;
    script.server(...Array.from({ length: sent }, () => one('ParseComplete')));
    expect(script.units).toHaveLength(100);
  });

  it('does not know how a statement ended whose connection was lost', () => {
    const script = new Script().open().client(query('insert 1'));
    script.session.ended('server');
    expect(script.outcomes).toMatchObject([{ ticket: 1, status: 'unknown' }]);
    expect(script.ends).toEqual([[1, 'unknown']]);
    expect(script.clientSaw()).toEqual([expect.stringContaining('FATAL 08006')]);
  });

  it('knows that an open transaction was rolled back', () => {
    const script = new Script()
      .open()
      .client(query('begin'))
      .server(tag('BEGIN'), ready('T'))
      .client(query('insert 1'))
      .server(tag('INSERT 0 1'), ready('T'));
    script.session.ended('server');
    expect(script.ends).toEqual([[1, 'rolled-back']]);
  });

  it('does not know when the COMMIT was under way', () => {
    const script = new Script().open().client(query('begin')).server(tag('BEGIN'), ready('T')).client(query('commit'));
    script.session.ended('server');
    expect(script.ends).toEqual([[1, 'unknown']]);
  });

  it('shows a refusal that ends it', () => {
    const script = new Script().open();
    script.session.terminate({ code: 'identity-expired', message: 'the token has expired, connect again' });
    expect(script.clientSaw()).toEqual(['ErrorResponse FATAL 28000 sqlwarden: the token has expired, connect again']);
    expect(script.serverSaw()).toEqual(['Terminate']);
    expect(script.reason).toMatchObject({ kind: 'refused' });
  });

  it('passes on why the server ended it', () => {
    const script = new Script().open().server(failure('57P01', 'terminating connection', {}, 'FATAL'));
    script.session.ended('server');
    expect(script.clientSaw()).toEqual(['ErrorResponse FATAL 57P01 terminating connection']);
    expect(script.reason).toEqual({ kind: 'closed', by: 'server' });
  });

  it('closes when the server answers what nobody asked', () => {
    const script = new Script().open().server(row('x'));
    expect(script.reason).toMatchObject({ kind: 'protocol-error', leg: 'server' });
    expect(script.clientSaw()).toEqual([expect.stringContaining('FATAL 08006 sqlwarden: the database broke the protocol')]);
  });

  it('survives a host that throws', () => {
    const script = new Script({
      decide: () => {
        throw new Error('bug');
      },
    }).open();
    script.client(query('select 1'));
    expect(script.reason).toMatchObject({ kind: 'refused', refusal: { code: 'internal-error' } });
    expect(script.serverSaw()).toEqual(['Terminate']);
  });
});

// ---- any chunking ----

describe('however the bytes are cut', () => {
  const decide = (unit: Unit): Decision => (unit.text.includes('drop') ? { refuse: true } : unit.text.includes('ssn') ? masked() : {});
  const clientBytes = Buffer.concat(
    [
      query('select id, ssn from people; select 1'),
      parse('select id, ssn', 's'),
      bind('s'),
      execute(),
      parse('drop table t'),
      bind(),
      execute(),
      sync,
      parse('set x'),
      bind(),
      execute(),
      sync,
      query('select 2'),
    ].map(encodeFrontend),
  );
  const decideAll = (unit: Unit): Decision =>
    unit.phase === 'query' && unit.text.includes('ssn') ? { statements: [{ plan: redactSecond }, {}] } : decide(unit);
  // What the server can say only after it was sent more comes in a group of its own.
  const serverGroups = [
    [
      columns('id', 'ssn'),
      row('1', '123-45-6789'),
      row('2', null),
      tag('SELECT 2'),
      columns('x'),
      row('1'),
      tag('SELECT 1'),
      ready('I'),
      one('ParseComplete'),
      one('BindComplete'),
      columns('id', 'ssn'),
      row('3', 'abc'),
      tag('SELECT 1'),
      failure('42601', 'syntax error'),
      ready('I'),
    ],
    [one('ParseComplete'), one('BindComplete'), tag('SET'), ready('I')],
    [...probeReplies(['app']), ready('I')],
    [columns('y'), row('2'), tag('SELECT 1'), ready('I')],
  ].map((group) => Buffer.concat(group.map(encodeBackend)));

  function play(cut: (bytes: Buffer) => Buffer[]): readonly [string[], string[], unknown] {
    const script = new Script({ decide: decideAll }).open();
    // The server's bytes are given when what they answer was sent: after all that the client can send without them.
    for (const chunk of cut(clientBytes)) script.session.receive('client', Buffer.from(chunk));
    for (const group of serverGroups) for (const chunk of cut(group)) script.session.receive('server', Buffer.from(chunk));
    expect(script.reason).toBeUndefined();
    return [script.clientSaw(), script.serverSaw(), [script.outcomes, script.ends]];
  }

  const whole = play((bytes) => [bytes]);

  it('masks and refuses as the whole transcript shows', () => {
    expect(whole[0]).toEqual([
      'RowDescription id ssn',
      'DataRow 1 ***',
      'DataRow 2 NULL',
      'CommandComplete SELECT 2',
      'RowDescription x',
      'DataRow 1',
      'CommandComplete SELECT 1',
      'ReadyForQuery I',
      'ParseComplete',
      'BindComplete',
      'DataRow 3 ***',
      'CommandComplete SELECT 1',
      REFUSED,
      'ReadyForQuery I',
      'ParseComplete',
      'BindComplete',
      'CommandComplete SET',
      'ReadyForQuery I',
      'RowDescription y',
      'DataRow 2',
      'CommandComplete SELECT 1',
      'ReadyForQuery I',
    ]);
  });

  it('gives the same at every byte boundary, in both directions', () => {
    const longest = Math.max(clientBytes.length, ...serverGroups.map((group) => group.length));
    for (let at = 1; at < longest; at++) expect(play((bytes) => [bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
  });

  it('gives the same byte by byte', () => {
    expect(play((bytes) => Array.from(bytes, (_byte, i) => bytes.subarray(i, i + 1)))).toEqual(whole);
  });

  it('gives the same for any chunking', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 40 }), (sizes) => {
        const cut = (bytes: Buffer): Buffer[] => {
          const chunks: Buffer[] = [];
          for (let from = 0, i = 0; from < bytes.length; i++) {
            const size = sizes[i % sizes.length] ?? 1;
            chunks.push(bytes.subarray(from, from + size));
            from += size;
          }
          return chunks;
        };
        expect(play(cut)).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('never shows a masked cell, whatever the server sends', () => {
    const secret = 'raw-7f3a9c';
    const messages = fc.constantFrom<BackendMessage>(
      row('1', secret),
      row(secret),
      row(secret, secret),
      columns('id', 'ssn'),
      columns('ssn'),
      tag('SELECT 1'),
      failure('22P02', secret),
      failure('P0001', 'x', { D: secret, W: secret }),
      { kind: 'NoticeResponse', fields: [{ code: 'M', value: secret }] },
      { kind: 'NotificationResponse', processId: 1, channel: 'c', payload: secret },
      { kind: 'CopyOutResponse', format: 0, columnFormats: [] },
      { kind: 'CopyData', data: utf8(secret) },
      { kind: 'EmptyQueryResponse' },
      one('BindComplete'),
      one('NoData'),
      ready('I'),
      ready('T'),
    );
    const all = (): Decision => ({
      clean: true,
      statements: [{ plan: { outputs: [null, redactSecond.outputs[1] ?? null], byOrigin: new Map() } }],
    });
    fc.assert(
      fc.property(fc.array(messages, { maxLength: 12 }), fc.boolean(), (sent, extended) => {
        const script = new Script({ decide: all }).open();
        if (extended) script.client(parse('select'), bind(), execute(), sync);
        else script.client(query('select id, ssn'));
        // A cell in the first column is not protected.
        for (const message of sent) if (message.kind !== 'DataRow' || message.cells[0]?.length === 1) script.server(message);
        expect(script.rawTo('client').includes(secret)).toBe(false);
      }),
      { numRuns: 400 },
    );
  });
});

describe('names in pipelines', () => {
  const lastBound = (script: Script): string | undefined => script.units.findLast(({ phase }) => phase === 'bind')?.text;

  it('a statement that was given its name anew in a later segment is not replaced when an earlier one fails', () => {
    const script = new Script().open();
    script.client(parse('select old'), sync).server(one('ParseComplete'), ready('I'));
    script.client(parse('select broken'), sync, parse('select new'));
    script.server(failure('42601', 'syntax error'), ready('I'), one('ParseComplete'));
    script.client(bind());
    expect(script.reason).toBeUndefined();
    expect(lastBound(script)).toBe('select new');
  });

  it('the unnamed statement does not come back when a Query was sent as a portal since', () => {
    const affected = { remaining: 5, take: () => true, refusal: () => ({ code: 'limit-exceeded', message: '' }) as const };
    const decide = ({ text }: Unit): Decision =>
      text === 'insert' ? { statements: [{ action: 'insert', hasEffects: true, affected }] } : {};
    const script = new Script({ decide }).open();
    script.client(parse('select 1'), sync).server(one('ParseComplete'), ready('I'));
    script.client(bind('', '', 'one too many'), { kind: 'Close', target: 'statement', name: '' }, sync, query('insert'));
    script.server(failure('08P01', 'one too many'), ready('I'));
    script.server(one('ParseComplete'), one('BindComplete'), one('NoData'), tag('INSERT 0 1'), ready('I'));
    expect(script.clientSaw().slice(-2)).toEqual(['CommandComplete INSERT 0 1', 'ReadyForQuery I']);
    // The server has `insert` under this name.
    script.client(bind());
    expect(script.serverSaw().at(-1)).toContain('refused unknown-name');
  });
});
