import type { CancelKey, HashPort, ServerLogin, ServerMethod, TlsFacts } from '@sqlwarden/core';
import { unreachable } from '@sqlwarden/core';
import { decodeBackend, type BackendMessage, type ErrorField } from '../protocol/backend-message.js';
import type { AuthenticationMessage } from '../protocol/authentication-message.js';
import { encodeFrontend } from '../protocol/frontend-message.js';
import type { FrameSplitter } from '../protocol/frame-splitter.js';
import { encodeStartupPacket, PROTOCOL_3_0, PROTOCOL_3_2 } from '../protocol/startup-message.js';
import { md5Password } from './md5-password.js';
import { pinnedParameters } from './pinned-parameters.js';
import { type ScramBinding, ScramClient, SCRAM_SHA_256, SCRAM_SHA_256_PLUS } from './scram.js';

/** What a login on the server leg asks of whoever owns the leg. */
export interface ServerLoginHost {
  readonly hash: HashPort;
  send(bytes: Uint8Array): void;
  startTls(): void;
  randomBytes(length: number): Uint8Array;
  parameterStatus(name: string, value: string): void;
  /** The server is ready for statements. */
  loggedIn(key: CancelKey | undefined): void;
  /** `detail` is for people and never quotes what the server said. */
  loginFailed(failure: ServerLoginFailure): void;
}

export interface ServerLoginFailure {
  /** The server says that it is not that user, or that the password is wrong. */
  readonly isIdentity?: boolean;
  readonly kind: 'refused' | 'insecure' | 'protocol';
  readonly detail: string;
}

type Phase = 'idle' | 'ssl-answer' | 'tls' | 'authentication' | 'scram-continue' | 'scram-final' | 'authenticated' | 'starting' | 'over';

/** By ALPN (RFC 7301): a server that was reached by direct TLS must speak this and nothing else ("SSL Session Encryption"). */
const ALPN = 'postgresql';
const MAX_SECRET_BYTES = 256;
/** invalid_authorization_specification, invalid_password. */
const INVALID_AUTHORIZATION: ReadonlySet<string> = new Set(['28000', '28P01']);
/** MAX_STARTUP_PACKET_LENGTH (pqcomm.h). */
const MAX_STARTUP_PACKET_BYTES = 10_000;

/**
 * Logs in on the server leg: "Start-up" and "SASL Authentication" of the PostgreSQL protocol documentation. TLS when the login requires it;
 * then what the login accepts: nothing (trust, certificate), SCRAM-SHA-256 with the server's proof checked, bound to its certificate where it
 * offers that, and MD5 or a password in clear where nobody can overhear it. Everything else is refused by its name.
 */
export class ServerLoginLeg {
  readonly #host: ServerLoginHost;
  readonly #login: ServerLogin;
  readonly #parameters: ReadonlyMap<string, string>;
  readonly #frames: FrameSplitter;
  readonly #instead: () => boolean;
  readonly #asked: number;
  #phase: Phase = 'idle';
  #encrypted = false;
  #endPoint: Uint8Array | undefined;
  #version: number;
  #negotiated = false;
  #used: ServerMethod = 'none';
  #scram: ScramClient | undefined;
  #key: CancelKey | undefined;

  /**
   * `parameters`: startup parameters besides user and database. `frames`: the splitter of the leg, shared with what follows the login.
   * `instead` is called where the StartupMessage would be sent; when it returns true, it sent something else and the login is over.
   */
  constructor(
    host: ServerLoginHost,
    login: ServerLogin,
    parameters: ReadonlyMap<string, string>,
    frames: FrameSplitter,
    instead: () => boolean = () => false,
  ) {
    this.#host = host;
    this.#instead = instead;
    this.#login = login;
    this.#parameters = parameters;
    this.#frames = frames;
    this.#asked = login.protocol === '3.0' ? PROTOCOL_3_0 : PROTOCOL_3_2;
    this.#version = this.#asked;
  }

  /** The leg is open. */
  connected(): void {
    if (this.#phase !== 'idle') return;
    if (this.#login.tls === 'disable') return this.#startUp();
    if (this.#login.sslNegotiation === 'direct') {
      this.#phase = 'tls';
      return this.#host.startTls();
    }
    this.#phase = 'ssl-answer';
    this.#host.send(encodeStartupPacket({ kind: 'SSLRequest' }));
  }

  tlsStarted(facts: TlsFacts = {}): void {
    if (this.#phase !== 'tls') return;
    if (this.#login.sslNegotiation === 'direct' && facts.protocol !== ALPN)
      return this.#fail('insecure', 'the server did not agree by ALPN to speak PostgreSQL, connect to it without sslNegotiation: direct');
    this.#encrypted = true;
    this.#endPoint = facts.endPoint;
    this.#startUp();
  }

  /** Handles one message if one is complete. False when more bytes are needed or the login is over. Throws a `ProtocolError`. */
  step(): boolean {
    switch (this.#phase) {
      case 'ssl-answer':
        return this.#sslAnswer();
      case 'idle':
      case 'tls':
        // Bytes before anything was asked of the server, or in clear after it agreed to TLS.
        if (this.#frames.buffered > 0) this.#fail('protocol', 'the server sent bytes where none belong');
        return false;
      case 'over':
        return false;
      case 'authentication':
      case 'scram-continue':
      case 'scram-final':
      case 'authenticated':
      case 'starting':
        return this.#message();
      default:
        return unreachable(this.#phase);
    }
  }

  #sslAnswer(): boolean {
    const answer = this.#frames.takeByte();
    if (answer === undefined) return false;
    // An error in place of the answer is not read: whoever sent it is not known (CVE-2024-10977).
    if (answer === 0x45) this.#fail('refused', 'the server answered the request for TLS with an error, see its log');
    else if (this.#frames.buffered > 0) this.#fail('protocol', 'the server sent more than its answer to SSLRequest');
    else if (answer === 0x53) {
      this.#phase = 'tls';
      this.#host.startTls();
    } else this.#fail('insecure', 'the server does not offer TLS, and the upstream requires it');
    return false;
  }

  #startUp(): void {
    if (this.#instead()) {
      this.#phase = 'over';
      return;
    }
    const { user, database } = this.#login;
    const parameters = new Map([['user', user], ['database', database], ...this.#parameters, ...pinnedParameters(this.#login)]);
    const packet = encodeStartupPacket({ kind: 'StartupMessage', major: this.#asked >>> 16, minor: this.#asked & 0xffff, parameters });
    if (packet.length > MAX_STARTUP_PACKET_BYTES)
      return this.#fail('refused', 'what is to be said of the client in the login is longer than the database takes, propagate less');
    this.#phase = 'authentication';
    this.#host.send(packet);
  }

  #message(): boolean {
    const frames = this.#frames;
    if (!frames.next()) return false;
    const message = decodeBackend(frames.type, frames.buffer, frames.bodyStart, frames.end);
    if (message.kind === 'ErrorResponse') this.#refused(message.fields);
    else if (message.kind === 'NegotiateProtocolVersion') this.#negotiate(message.version, message.unrecognised);
    else if (isAuthentication(message)) this.#authentication(message);
    else if (message.kind !== 'NoticeResponse') this.#starting(message);
    return this.#phase !== 'over';
  }

  /** "Protocol Versions": once, before anything else, to an older minor version, and without options, since none were asked for. */
  #negotiate(version: number, unrecognised: readonly string[]): void {
    if (this.#phase !== 'authentication' || this.#negotiated) return this.#unexpected();
    if (version !== PROTOCOL_3_0 || version === this.#asked || unrecognised.length > 0)
      return this.#fail('protocol', 'the server negotiated what was not asked for');
    this.#negotiated = true;
    this.#version = version;
  }

  #refused(fields: readonly ErrorField[]): void {
    const sqlstate = fields.find((field) => field.code === 'C')?.value ?? '';
    const shown = /^[0-9A-Z]{5}$/.test(sqlstate) ? sqlstate : 'none';
    // Poolers of before 2025 answer so to any version but 3.0, instead of negotiating.
    const isVersion = this.#phase === 'authentication' && this.#asked !== PROTOCOL_3_0 && (shown === '08P01' || shown === '0A000');
    const advice = isVersion ? 'if it is a pooler, write protocol: "3.0" for its server' : "check the upstream's credentials";
    const isIdentity = INVALID_AUTHORIZATION.has(shown);
    this.#fail('refused', `the database refused the gateway's login with SQLSTATE ${shown}, ${advice}`, isIdentity);
  }

  #authentication(message: AuthenticationMessage): void {
    switch (message.kind) {
      case 'AuthenticationOk':
        return this.#authenticationOk();
      case 'AuthenticationCleartextPassword':
        return this.#overhearable('password', 'a password in clear', (password) => password);
      case 'AuthenticationMD5Password':
        return this.#md5(message.salt.slice());
      case 'AuthenticationSASL':
        return this.#sasl(message.mechanisms);
      case 'AuthenticationSASLContinue':
        return this.#saslContinue(message.data);
      case 'AuthenticationSASLFinal':
        return this.#saslFinal(message.data);
      case 'AuthenticationKerberosV5':
      case 'AuthenticationGSS':
      case 'AuthenticationGSSContinue':
      case 'AuthenticationSSPI':
        return this.#fail('refused', `the database asks for ${message.kind.slice('Authentication'.length)}, which is not supported`);
      default:
        return unreachable(message);
    }
  }

  #authenticationOk(): void {
    // A server that skips the proof it owes must not be believed (RFC 5802 section 3).
    if (this.#phase !== 'authentication' && this.#phase !== 'authenticated')
      return this.#fail('protocol', 'the server cut its authentication short');
    if (!this.#accepts(this.#used)) return;
    // Who is let in without being asked has proven nothing.
    if (this.#login.isClients === true && this.#used === 'none')
      return this.#fail(
        'insecure',
        'the database asks for no password, so it cannot say who clients are, have it ask for one in pg_hba.conf',
      );
    this.#phase = 'starting';
  }

  /** INVARIANT: asked before anything that depends on the password is sent, and again before the server is believed. */
  #accepts(method: ServerMethod): boolean {
    const { accept, channelBinding } = this.#login;
    if (channelBinding === 'require' && method !== 'scram-sha-256-plus')
      this.#fail('insecure', 'the database does not bind its authentication to its certificate, and the upstream requires it');
    else if (accept !== undefined && !accept.includes(method))
      this.#fail('insecure', `the database asks for the method ${method}, which the upstream does not accept`);
    return this.#phase !== 'over';
  }

  #md5(salt: Uint8Array): void {
    const { hash } = this.#host;
    if (this.#accepts('md5') && hash.md5 === undefined)
      return this.#fail('refused', 'the database asks for an MD5 password, which this platform forbids');
    this.#overhearable('md5', 'an MD5 password', (password) => md5Password(hash, this.#login.user, password, salt));
  }

  /** A password that whoever overhears it can use, or guess from it. */
  #overhearable(method: ServerMethod, what: string, shown: (password: string) => string): void {
    if (this.#phase !== 'authentication') return this.#unexpected();
    if (!this.#accepts(method)) return;
    if (!this.#encrypted && this.#login.isPrivate !== true)
      return this.#fail('insecure', `the database asks for ${what} outside of TLS, require TLS for the upstream`);
    const password = this.#password();
    if (password === undefined) return;
    this.#used = method;
    this.#phase = 'authenticated';
    this.#host.send(encodeFrontend({ kind: 'PasswordMessage', password: shown(password) }));
  }

  #sasl(mechanisms: readonly string[]): void {
    if (this.#phase !== 'authentication') return this.#unexpected();
    const binding = this.#binding(mechanisms);
    if (binding === undefined) return;
    const method: ServerMethod = binding.kind === 'end-point' ? 'scram-sha-256-plus' : 'scram-sha-256';
    if (!this.#accepts(method)) return;
    const password = this.#password();
    if (password === undefined) return;
    const scram = new ScramClient(this.#host.hash, password, (length) => this.#host.randomBytes(length), binding);
    this.#scram = scram;
    this.#used = method;
    this.#phase = 'scram-continue';
    this.#host.send(encodeFrontend({ kind: 'SASLInitialResponse', mechanism: scram.mechanism, response: scram.first() }));
  }

  /** The strongest that both can do; fails and returns `undefined` when there is none, or the offer cannot be true. */
  #binding(mechanisms: readonly string[]): ScramBinding | undefined {
    const isOffered = mechanisms.includes(SCRAM_SHA_256_PLUS);
    if (isOffered && !this.#encrypted) {
      this.#fail('insecure', 'the database offers channel binding outside of TLS');
      return undefined;
    }
    const canBind = this.#encrypted && this.#endPoint !== undefined && this.#login.channelBinding !== 'disable';
    if (isOffered && canBind) return { kind: 'end-point', data: this.#endPoint as Uint8Array };
    if (mechanisms.includes(SCRAM_SHA_256)) return { kind: canBind ? 'not-offered' : 'none' };
    this.#fail('refused', 'the database offers no SASL mechanism that is supported');
    return undefined;
  }

  #saslContinue(data: Uint8Array): void {
    if (this.#phase !== 'scram-continue' || this.#scram === undefined) return this.#unexpected();
    const step = this.#scram.final(data);
    if (!step.ok) return this.#fail('protocol', step.reason);
    this.#phase = 'scram-final';
    this.#host.send(encodeFrontend({ kind: 'SASLResponse', data: step.data }));
  }

  #saslFinal(data: Uint8Array): void {
    if (this.#phase !== 'scram-final' || this.#scram === undefined) return this.#unexpected();
    const step = this.#scram.verify(data);
    if (!step.ok) return this.#fail('insecure', step.reason);
    this.#phase = 'authenticated';
  }

  #password(): string | undefined {
    if (this.#login.password === undefined) this.#fail('refused', 'the database asks for a password and the upstream has none');
    return this.#login.password;
  }

  #starting(message: BackendMessage): void {
    if (this.#phase !== 'starting') return this.#unexpected();
    if (message.kind === 'ParameterStatus') this.#host.parameterStatus(message.name, message.value);
    else if (message.kind === 'BackendKeyData') this.#takeKey(message.processId, message.secret);
    else if (message.kind === 'ReadyForQuery' && message.status === 'I') {
      this.#phase = 'over';
      this.#host.loggedIn(this.#key);
    } else this.#unexpected();
  }

  #takeKey(processId: number, secret: Uint8Array): void {
    const longest = this.#version === PROTOCOL_3_0 ? 4 : MAX_SECRET_BYTES;
    if (this.#key !== undefined || secret.length < 4 || secret.length > longest)
      return this.#fail('protocol', 'the server gave a cancel key that its protocol version does not have');
    this.#key = { processId, secret: secret.slice() };
  }

  #unexpected(): void {
    this.#fail('protocol', 'the server sent a message that does not belong in a login');
  }

  #fail(kind: ServerLoginFailure['kind'], detail: string, isIdentity = false): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#host.loginFailed({ kind, detail, ...(isIdentity && { isIdentity }) });
  }
}

function isAuthentication(message: BackendMessage): message is AuthenticationMessage {
  return message.kind.startsWith('Authentication');
}
