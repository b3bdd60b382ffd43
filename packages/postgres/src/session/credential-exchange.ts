import type { ClientCredential, ClientMethod, HashPort, OAuthDiscovery, Refusal, RefusalCode } from '@sqlwarden/core';
import { unreachable } from '@sqlwarden/core';
import { encodeBackend } from '../protocol/backend-message.js';
import type { FrameSplitter } from '../protocol/frame-splitter.js';
import { decodeFrontend, type FrontendMessage, type PasswordKind } from '../protocol/frontend-message.js';
import { FRONTEND, frontendName } from '../protocol/message-types.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { bearerFailure, isBearerEnd, OAUTHBEARER, readBearer } from './oauth-bearer.js';
import { type ScramAnswer, ScramServer } from './scram-server.js';

/** What the exchange asks of its login. */
export interface CredentialHost {
  send(bytes: Uint8Array): void;
  randomBytes(length: number): Uint8Array;
  /** The client gave this; answered by `accepted` or `refused`. Called once. */
  proven(credential: ClientCredential): void;
  /** A refused client has ended its mechanism, and can be told why. */
  ended(refusal: Refusal): void;
}

type Phase = 'password' | 'sasl-first' | 'sasl-final' | 'bearer-first' | 'bearer-late' | 'bearer-end' | 'over';

/** Refusals for which another token would do: OAUTHBEARER has an answer of its own for them. The others end it at once. */
const ASKS_FOR_TOKEN: ReadonlySet<RefusalCode> = new Set(['identity-missing', 'identity-invalid', 'identity-expired']);

/**
 * How one client proves itself, after its StartupMessage: "Start-up" and "SASL Authentication" of the PostgreSQL protocol documentation. Cleartext
 * password, SCRAM-SHA-256 and OAUTHBEARER, or nothing.
 */
export class CredentialExchange {
  readonly #host: CredentialHost;
  readonly #frames: FrameSplitter;
  readonly #hash: HashPort;
  #phase: Phase = 'over';
  #scram: ScramServer | undefined;
  /** The last message of SCRAM, which tells the client that its password is right. */
  #scramFinal: Uint8Array | undefined;
  #discovery: OAuthDiscovery | undefined;
  /** What the client is told once it has ended its mechanism. */
  #heldBack: Refusal | undefined;

  constructor(host: CredentialHost, frames: FrameSplitter, hash: HashPort) {
    this.#host = host;
    this.#frames = frames;
    this.#hash = hash;
  }

  /** Asks the client to prove itself by `method`. */
  ask(method: ClientMethod): void {
    switch (method.kind) {
      case 'none':
      case 'certificate':
      case 'workload':
        return this.#proven({ kind: method.kind });
      case 'token':
        this.#phase = 'password';
        return this.#host.send(encodeBackend({ kind: 'AuthenticationCleartextPassword' }));
      case 'scram': {
        const scram = new ScramServer(this.#hash, method.verifier, (length) => this.#host.randomBytes(length), method.endPoint);
        this.#scram = scram;
        this.#phase = 'sasl-first';
        return this.#host.send(encodeBackend({ kind: 'AuthenticationSASL', mechanisms: scram.mechanisms }));
      }
      case 'oauth':
        this.#discovery = method.discovery;
        this.#phase = 'bearer-first';
        return this.#host.send(encodeBackend({ kind: 'AuthenticationSASL', mechanisms: [OAUTHBEARER] }));
      case 'refuse':
        return this.#proven({ kind: 'refused', refusal: method.refusal });
      default:
        return unreachable(method);
    }
  }

  /** Handles one message if one is complete. False when more bytes are needed or there is nothing to be said. Throws a `ProtocolError`. */
  step(): boolean {
    switch (this.#phase) {
      case 'password':
        return this.#password();
      case 'sasl-first':
        return this.#saslFirst();
      case 'sasl-final':
        return this.#saslFinal();
      case 'bearer-first':
        return this.#bearerFirst();
      case 'bearer-late':
        return this.#bearerLate();
      case 'bearer-end':
        return this.#bearerEnd();
      case 'over':
        return false;
      default:
        return unreachable(this.#phase);
    }
  }

  /** The next message of type `p`; `undefined` when it is not complete. */
  #answer(kind: PasswordKind): FrontendMessage | undefined {
    const frames = this.#frames;
    if (!frames.next()) return undefined;
    if (frames.type !== FRONTEND.Password)
      throw new ProtocolError('unexpected-message', `${frontendName(frames.type)} in place of a password`);
    return decodeFrontend(frames.type, frames.buffer, frames.bodyStart, frames.end, kind);
  }

  #password(): boolean {
    const message = this.#answer('PasswordMessage');
    if (message?.kind !== 'PasswordMessage') return false;
    this.#proven(message.password === '' ? { kind: 'none' } : { kind: 'token', token: message.password });
    return true;
  }

  #saslFirst(): boolean {
    const message = this.#answer('SASLInitialResponse');
    if (message?.kind !== 'SASLInitialResponse' || this.#scram === undefined) return false;
    if (message.response === null) throw new ProtocolError('invalid-value', 'a SASL response without its first message');
    const answer = this.#scram.first(message.mechanism, message.response);
    if (!answer.ok) return this.#scramFailed(answer);
    this.#phase = 'sasl-final';
    this.#host.send(encodeBackend({ kind: 'AuthenticationSASLContinue', data: answer.data }));
    return true;
  }

  #saslFinal(): boolean {
    const message = this.#answer('SASLResponse');
    if (message?.kind !== 'SASLResponse' || this.#scram === undefined) return false;
    const answer = this.#scram.final(message.data);
    if (!answer.ok) return this.#scramFailed(answer);
    this.#scramFinal = encodeBackend({ kind: 'AuthenticationSASLFinal', data: answer.data });
    this.#proven({ kind: 'scram' });
    return true;
  }

  /** Who has proven itself is let in. Only now SCRAM ends: whether a password is right is nothing for those whom the host does not hear. */
  accepted(): void {
    if (this.#scramFinal !== undefined) this.#host.send(this.#scramFinal);
    this.#scramFinal = undefined;
  }

  #scramFailed({ kind, reason }: Extract<ScramAnswer, { ok: false }>): boolean {
    if (kind === 'malformed') throw new ProtocolError('invalid-value', reason);
    this.#proven({ kind: 'refused', refusal: { code: 'identity-invalid', message: reason }, isGuess: kind === 'wrong' });
    return true;
  }

  #bearerFirst(): boolean {
    const message = this.#answer('SASLInitialResponse');
    if (message?.kind !== 'SASLInitialResponse') return false;
    if (message.mechanism !== OAUTHBEARER) throw new ProtocolError('invalid-value', 'the SASL mechanism was not offered');
    if (message.response !== null) return this.#bearer(message.response);
    // The first message may come as the answer to an empty challenge (RFC 4422 section 3).
    this.#phase = 'bearer-late';
    this.#host.send(encodeBackend({ kind: 'AuthenticationSASLContinue', data: new Uint8Array(0) }));
    return true;
  }

  #bearerLate(): boolean {
    const message = this.#answer('SASLResponse');
    return message?.kind === 'SASLResponse' && this.#bearer(message.data);
  }

  #bearer(data: Uint8Array): boolean {
    const message = readBearer(data);
    switch (message.kind) {
      case 'malformed':
        throw new ProtocolError('invalid-value', message.reason);
      case 'token':
        this.#proven({ kind: 'token', token: message.token });
        return true;
      case 'discovery':
        this.#proven({ kind: 'none' });
        return true;
      case 'not-bearer':
        this.#proven({
          kind: 'refused',
          refusal: { code: 'identity-invalid', message: 'the authorization is no bearer token' },
          isGuess: true,
        });
        return true;
      default:
        return unreachable(message);
    }
  }

  /**
   * Who has proven itself is refused. True when the mechanism has a last exchange, behind which {@link CredentialHost.ended} is called; false when
   * the client can be told at once.
   */
  refused(refusal: Refusal): boolean {
    if (this.#discovery === undefined || !ASKS_FOR_TOKEN.has(refusal.code)) return false;
    this.#heldBack = refusal;
    this.#phase = 'bearer-end';
    this.#host.send(encodeBackend({ kind: 'AuthenticationSASLContinue', data: bearerFailure(this.#discovery) }));
    return true;
  }

  #bearerEnd(): boolean {
    const message = this.#answer('SASLResponse');
    if (message?.kind !== 'SASLResponse' || this.#heldBack === undefined) return false;
    if (!isBearerEnd(message.data)) throw new ProtocolError('invalid-value', 'the OAUTHBEARER message is malformed');
    this.#phase = 'over';
    this.#host.ended(this.#heldBack);
    return true;
  }

  #proven(credential: ClientCredential): void {
    this.#phase = 'over';
    this.#scram = undefined;
    this.#host.proven(credential);
  }
}
