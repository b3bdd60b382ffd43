import type {
  CancelKey,
  ClientCredential,
  ClientMethod,
  LoginRequest,
  Refusal,
  RefusalCode,
  SessionHost,
  WireSessionOptions,
} from '@sqlwarden/core';
import { unreachable } from '@sqlwarden/core';
import { encodeBackend } from '../protocol/backend-message.js';
import type { FrameSplitter } from '../protocol/frame-splitter.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { decodeStartupPacket, PROTOCOL_3_0, PROTOCOL_3_2, type StartupPacket } from '../protocol/startup-message.js';
import { CredentialExchange } from './credential-exchange.js';
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

type Phase = 'start-up' | 'tls' | 'proof' | 'over';

const OVERHEARD: Refusal = {
  code: 'identity-missing',
  message: 'this connection can be overheard, connect with TLS (sslmode=require or stronger)',
};

/** What the login must know of its session's options. */
export type ClientLoginOptions = Pick<WireSessionOptions, 'hash' | 'clientMethod' | 'clientEncrypted'>;

/**
 * The client's side of a login: "Start-up" and "SASL Authentication" of the PostgreSQL protocol documentation. SSLRequest is accepted when the
 * host can encrypt, GSSENCRequest is declined, versions beyond 3.2 and protocol options are negotiated away. The host says how this client is
 * to prove itself, and nothing else will do: by a token, asked for as a password in clear or by OAUTHBEARER only where nobody can overhear it, by
 * SCRAM-SHA-256, or by what the host knows already.
 */
export class ClientLogin {
  readonly #session: ClientLoginHost;
  readonly #frames: FrameSplitter;
  readonly #options: ClientLoginOptions;
  #phase: Phase = 'start-up';
  #encrypted: boolean;
  #sslAsked = false;
  #gssAsked = false;
  #startup: AcceptedStartup | undefined;
  readonly #exchange: CredentialExchange;

  constructor(session: ClientLoginHost, frames: FrameSplitter, options: ClientLoginOptions) {
    this.#session = session;
    this.#frames = frames;
    this.#options = options;
    this.#encrypted = options.clientEncrypted === true;
    this.#exchange = new CredentialExchange(
      {
        send: (bytes) => session.send(bytes),
        randomBytes: (length) => session.host.randomBytes(length),
        proven: (credential) => this.#identified(credential),
        ended: (refusal) => this.#refused(refusal),
      },
      frames,
      options.hash,
    );
  }

  tlsStarted(): void {
    if (this.#phase !== 'tls') return;
    this.#encrypted = true;
    this.#phase = 'start-up';
  }

  /**
   * What is not even the length of a start-up packet is not answered: whoever sent it speaks something else. PostgreSQL closes then without a word,
   * and drivers count on it.
   */
  isMute({ code }: ProtocolError): boolean {
    return this.#phase === 'start-up' && (code === 'length' || code === 'too-large');
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
      case 'proof':
        return this.#exchange.step();
      case 'over':
        return false;
      default:
        return unreachable(this.#phase);
    }
  }

  #packet(): boolean {
    const frames = this.#frames;
    if (!frames.next()) return false;
    if (frames.end - frames.bodyStart < 4) throw new ProtocolError('length', 'a start-up packet without its code');
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
    if (this.#frames.buffered > 0) throw new ProtocolError('unexpected-message', 'bytes in clear after SSLRequest');
    if (!this.#session.host.canEncryptClient) return this.#session.send(DECLINED);
    this.#phase = 'tls';
    this.#session.send(ACCEPTED);
    this.#session.startTls();
  }

  #startupMessage(packet: Extract<StartupPacket, { kind: 'StartupMessage' }>): void {
    if (packet.major !== 3)
      return this.#refuse('message-unsupported', `protocol version ${packet.major}.${packet.minor} is not supported, use 3.0 or 3.2`);
    const startup = checkStartup(packet.parameters, packet.minor);
    if (startup.kind === 'refused') return this.#refuse('message-unsupported', startup.message);
    const { unrecognised } = startup;
    const version = packet.minor >= 2 ? PROTOCOL_3_2 : PROTOCOL_3_0;
    if (packet.minor > 2 || unrecognised.length > 0)
      this.#session.send(encodeBackend({ kind: 'NegotiateProtocolVersion', version, unrecognised }));
    this.#startup = startup;
    if (!this.#encrypted && !this.#session.host.clientLegIsPrivate) return this.#identified({ kind: 'refused', refusal: OVERHEARD });
    this.#frames.typed = true;
    this.#phase = 'proof';
    this.#exchange.ask(this.#method(startup));
  }

  #method({ user, database }: AcceptedStartup): ClientMethod {
    return this.#options.clientMethod?.({ user, database, encrypted: this.#encrypted }) ?? { kind: 'token' };
  }

  /** The host lets in who was identified. */
  accepted(): void {
    this.#exchange.accepted();
  }

  /**
   * The host has refused who was identified. True when the client has something to say before it may be told; then {@link ClientLoginHost.refuse}
   * is called. False when it can be told at once.
   */
  refused(refusal: Refusal): boolean {
    if (!this.#exchange.refused(refusal)) return false;
    this.#phase = 'proof';
    return true;
  }

  #identified(credential: ClientCredential): void {
    const startup = this.#startup as AcceptedStartup;
    this.#phase = 'over';
    const login: LoginRequest = {
      user: startup.user,
      database: startup.database,
      parameters: Object.fromEntries(startup.parameters),
      credential,
      encrypted: this.#encrypted,
    };
    this.#session.identified(login, startup);
  }

  #refuse(code: RefusalCode, message: string): void {
    this.#refused({ code, message });
  }

  #refused(refusal: Refusal): void {
    this.#phase = 'over';
    this.#session.refuse(refusal);
  }
}
