import type { CancelKey, HashPort, ServerLogin } from '@sqlwarden/core';
import { unreachable } from '@sqlwarden/core';
import { decodeBackend, type BackendMessage, type ErrorField } from '../protocol/backend-message.js';
import type { AuthenticationMessage } from '../protocol/authentication-message.js';
import { encodeFrontend } from '../protocol/frontend-message.js';
import type { FrameSplitter } from '../protocol/frame-splitter.js';
import { encodeStartupPacket } from '../protocol/startup-message.js';
import { ScramClient, SCRAM_SHA_256 } from './scram.js';

/** What a login on the server leg asks of whoever owns the leg. */
export interface ServerLoginHost {
  readonly hash: HashPort;
  send(bytes: Uint8Array): void;
  startTls(): void;
  randomBytes(length: number): Uint8Array;
  parameterStatus(name: string, value: string): void;
  /** The server is ready for statements. */
  loggedIn(key: CancelKey | undefined): void;
  /** `sqlstate`: the server's own, when it refused. `detail` is for people and never quotes what the server said. */
  loginFailed(failure: ServerLoginFailure): void;
}

export interface ServerLoginFailure {
  readonly kind: 'refused' | 'insecure' | 'protocol';
  readonly detail: string;
}

type Phase = 'idle' | 'ssl-answer' | 'tls' | 'authentication' | 'scram-continue' | 'scram-final' | 'authenticated' | 'starting' | 'over';

/**
 * Logs in on the server leg: "Start-up" and "SASL Authentication" of the PostgreSQL protocol documentation. TLS when the login requires it;
 * then trust, SCRAM-SHA-256 with the server's proof checked, or a password in clear inside TLS. MD5 and everything else is refused.
 */
export class ServerLoginLeg {
  readonly #host: ServerLoginHost;
  readonly #login: ServerLogin;
  readonly #parameters: ReadonlyMap<string, string>;
  readonly #frames: FrameSplitter;
  readonly #instead: () => boolean;
  #phase: Phase = 'idle';
  #encrypted = false;
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
  }

  /** The leg is open. */
  connected(): void {
    if (this.#phase !== 'idle') return;
    if (this.#login.tls === 'disable') return this.#startUp();
    this.#phase = 'ssl-answer';
    this.#host.send(encodeStartupPacket({ kind: 'SSLRequest' }));
  }

  tlsStarted(): void {
    if (this.#phase !== 'tls') return;
    this.#encrypted = true;
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
    if (this.#frames.buffered > 0) this.#fail('protocol', 'the server sent more than its answer to SSLRequest');
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
    const parameters = new Map([['user', this.#login.user], ['database', this.#login.database], ...this.#parameters]);
    this.#phase = 'authentication';
    this.#host.send(encodeStartupPacket({ kind: 'StartupMessage', major: 3, minor: 0, parameters }));
  }

  #message(): boolean {
    const frames = this.#frames;
    if (!frames.next()) return false;
    const message = decodeBackend(frames.type, frames.buffer, frames.bodyStart, frames.end);
    if (message.kind === 'ErrorResponse') this.#refused(message.fields);
    else if (message.kind.startsWith('Authentication')) this.#authentication(message as AuthenticationMessage);
    else if (message.kind !== 'NoticeResponse') this.#starting(message);
    return this.#phase !== 'over';
  }

  #refused(fields: readonly ErrorField[]): void {
    const sqlstate = fields.find((field) => field.code === 'C')?.value ?? '';
    const shown = /^[0-9A-Z]{5}$/.test(sqlstate) ? sqlstate : 'none';
    this.#fail('refused', `the database refused the gateway's login with SQLSTATE ${shown}, check the upstream's credentials`);
  }

  #authentication(message: AuthenticationMessage): void {
    switch (message.kind) {
      case 'AuthenticationOk':
        return this.#authenticationOk();
      case 'AuthenticationCleartextPassword':
        return this.#cleartext();
      case 'AuthenticationSASL':
        return this.#sasl(message.mechanisms);
      case 'AuthenticationSASLContinue':
        return this.#saslContinue(message.data);
      case 'AuthenticationSASLFinal':
        return this.#saslFinal(message.data);
      case 'AuthenticationMD5Password':
        return this.#fail('insecure', 'the database asks for an MD5 password, set password_encryption to scram-sha-256 for the role');
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
    this.#phase = 'starting';
  }

  #cleartext(): void {
    if (this.#phase !== 'authentication') return this.#unexpected();
    if (!this.#encrypted)
      return this.#fail('insecure', 'the database asks for a password in clear outside of TLS, require TLS for the upstream');
    const password = this.#password();
    if (password === undefined) return;
    this.#phase = 'authenticated';
    this.#host.send(encodeFrontend({ kind: 'PasswordMessage', password }));
  }

  #sasl(mechanisms: readonly string[]): void {
    if (this.#phase !== 'authentication') return this.#unexpected();
    if (!mechanisms.includes(SCRAM_SHA_256)) return this.#fail('refused', 'the database offers no SASL mechanism that is supported');
    const password = this.#password();
    if (password === undefined) return;
    this.#scram = new ScramClient(this.#host.hash, password, (length) => this.#host.randomBytes(length));
    this.#phase = 'scram-continue';
    this.#host.send(encodeFrontend({ kind: 'SASLInitialResponse', mechanism: SCRAM_SHA_256, response: this.#scram.first() }));
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
    else if (message.kind === 'BackendKeyData') this.#key = { processId: message.processId, secret: message.secret.slice() };
    else if (message.kind === 'ReadyForQuery' && message.status === 'I') {
      this.#phase = 'over';
      this.#host.loggedIn(this.#key);
    } else this.#unexpected();
  }

  #unexpected(): void {
    this.#fail('protocol', 'the server sent a message that does not belong in a login');
  }

  #fail(kind: ServerLoginFailure['kind'], detail: string): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#host.loginFailed({ kind, detail });
  }
}
