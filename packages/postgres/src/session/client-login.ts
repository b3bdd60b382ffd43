import type { CancelKey, LoginRequest, Refusal, SessionHost } from '@sqlwarden/core';
import { unreachable } from '@sqlwarden/core';
import { encodeBackend } from '../protocol/backend-message.js';
import type { FrameSplitter } from '../protocol/frame-splitter.js';
import { decodeFrontend } from '../protocol/frontend-message.js';
import { FRONTEND, frontendName } from '../protocol/message-types.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { decodeStartupPacket, PROTOCOL_3_0, type StartupPacket } from '../protocol/startup-message.js';
import { type AcceptedStartup, checkStartup } from './startup-parameters.js';

/** What the client's side of a login asks of the session. */
export interface ClientLoginHost {
  readonly host: SessionHost;
  send(bytes: Uint8Array): void;
  /** Everything sent goes out before TLS starts on the client leg. */
  startTls(): void;
  /** The client said who it is: ask the host. */
  identified(login: LoginRequest, startup: AcceptedStartup): void;
  cancelRequested(key: CancelKey): void;
  refuse(refusal: Refusal): void;
}

const DECLINED = Uint8Array.of(0x4e); // N
const ACCEPTED = Uint8Array.of(0x53); // S

type Phase = 'start-up' | 'tls' | 'password' | 'over';

/**
 * The client's side of a login: "Start-up" of the PostgreSQL protocol documentation. SSLRequest is accepted when the host can encrypt,
 * GSSENCRequest is declined, newer minor versions and protocol options are negotiated down to 3.0, and a token is asked for as a password in
 * clear, only where nobody can overhear it.
 */
export class ClientLogin {
  readonly #session: ClientLoginHost;
  readonly #frames: FrameSplitter;
  readonly #askPassword: boolean;
  #phase: Phase = 'start-up';
  #encrypted = false;
  #sslAsked = false;
  #gssAsked = false;
  #startup: AcceptedStartup | undefined;

  constructor(session: ClientLoginHost, frames: FrameSplitter, askPassword: boolean) {
    this.#session = session;
    this.#frames = frames;
    this.#askPassword = askPassword;
  }

  tlsStarted(): void {
    if (this.#phase !== 'tls') return;
    this.#encrypted = true;
    this.#phase = 'start-up';
  }

  /** Handles one packet if one is complete. False when more bytes are needed or the login is over. Throws a `ProtocolError`. */
  step(): boolean {
    switch (this.#phase) {
      case 'start-up':
        return this.#packet();
      case 'tls':
        // CVE-2021-23222: bytes in clear after SSLRequest must never be taken for bytes of the encrypted session.
        if (this.#frames.buffered > 0) throw new ProtocolError('unexpected-message', 'bytes in clear after SSLRequest');
        return false;
      case 'password':
        return this.#password();
      case 'over':
        return false;
      default:
        return unreachable(this.#phase);
    }
  }

  #packet(): boolean {
    const frames = this.#frames;
    if (!frames.next()) return false;
    this.#startUp(decodeStartupPacket(frames.buffer, frames.bodyStart, frames.end));
    return true;
  }

  #startUp(packet: StartupPacket): void {
    switch (packet.kind) {
      case 'SSLRequest':
        return this.#sslRequest();
      case 'GSSENCRequest':
        if (this.#gssAsked || this.#encrypted) throw new ProtocolError('unexpected-message', 'GSSENCRequest where none belongs');
        this.#gssAsked = true;
        return this.#session.send(DECLINED);
      case 'CancelRequest':
        this.#phase = 'over';
        return this.#session.cancelRequested({ processId: packet.processId, secret: packet.secret.slice() });
      case 'StartupMessage':
        return this.#startupMessage(packet);
      default:
        return unreachable(packet);
    }
  }

  #sslRequest(): void {
    if (this.#sslAsked || this.#encrypted) throw new ProtocolError('unexpected-message', 'SSLRequest where none belongs');
    this.#sslAsked = true;
    if (!this.#session.host.canEncryptClient) return this.#session.send(DECLINED);
    if (this.#frames.buffered > 0) throw new ProtocolError('unexpected-message', 'bytes in clear after SSLRequest');
    this.#phase = 'tls';
    this.#session.send(ACCEPTED);
    this.#session.startTls();
  }

  #startupMessage(packet: Extract<StartupPacket, { kind: 'StartupMessage' }>): void {
    if (packet.major !== 3)
      return this.#refuse('message-unsupported', `protocol version ${packet.major}.${packet.minor} is not supported, use 3.0`);
    const startup = checkStartup(packet.parameters);
    if (startup.kind === 'refused') return this.#refuse('message-unsupported', startup.message);
    if (packet.minor > 0 || startup.unrecognised.length > 0)
      this.#session.send(encodeBackend({ kind: 'NegotiateProtocolVersion', version: PROTOCOL_3_0, unrecognised: startup.unrecognised }));
    this.#startup = startup;
    if (!this.#encrypted && !this.#session.host.clientLegIsPrivate)
      return this.#refuse('identity-missing', 'this connection can be overheard, connect with TLS (sslmode=require or stronger)');
    this.#frames.typed = true;
    if (!this.#askPassword) return this.#identified(undefined);
    this.#phase = 'password';
    this.#session.send(encodeBackend({ kind: 'AuthenticationCleartextPassword' }));
  }

  #password(): boolean {
    const frames = this.#frames;
    if (!frames.next()) return false;
    if (frames.type !== FRONTEND.Password)
      throw new ProtocolError('unexpected-message', `${frontendName(frames.type)} in place of a password`);
    const message = decodeFrontend(frames.type, frames.buffer, frames.bodyStart, frames.end, 'PasswordMessage');
    if (message.kind === 'PasswordMessage') this.#identified(message.password);
    return true;
  }

  #identified(token: string | undefined): void {
    const startup = this.#startup as AcceptedStartup;
    this.#phase = 'over';
    const login: LoginRequest = {
      user: startup.user,
      database: startup.database,
      parameters: Object.fromEntries(startup.parameters),
      credential: token === undefined || token === '' ? { kind: 'none' } : { kind: 'token', token },
      encrypted: this.#encrypted,
    };
    this.#session.identified(login, startup);
  }

  #refuse(code: Refusal['code'], message: string): void {
    this.#phase = 'over';
    this.#session.refuse({ code, message });
  }
}
