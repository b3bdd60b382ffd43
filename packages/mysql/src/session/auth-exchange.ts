import type { ClientCredential, ClientMethod, Refusal, SessionHost } from '@sqlwarden/core';
import { unreachable } from '@sqlwarden/core';
import { type AuthenticationPacket, writeAuthenticationPacket } from '../protocol/authentication-packets.js';
import { encodePacket } from '../protocol/packet-writer.js';
import type { PacketSplitter } from '../protocol/packet-splitter.js';
import { decodeUtf8, PayloadReader } from '../protocol/payload-reader.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { newNonce } from './auth-scrambles.js';

/** The authentication methods by which clients give what is asked of them, by their client plugins' names. */
export const CACHING_SHA2 = 'caching_sha2_password';
export const NATIVE = 'mysql_native_password';
export const CLEAR = 'mysql_clear_password';
/** MySQL, "OpenID Connect Pluggable Authentication". */
export const OPENID = 'authentication_openid_connect_client';

/** "Protocol::AuthMoreData" of `caching_sha2_password`: the two answers of a server, and the request of a client that believes to be overheard. */
const FAST_AUTH_SUCCESS = 3;
const PERFORM_FULL_AUTHENTICATION = 4;
const REQUEST_PUBLIC_KEY = 2;

/** The only capability that a client of {@link OPENID} has: it sends its token. */
const OPENID_TOKEN = 1;

/** What the exchange asks of its login. */
export interface AuthExchangeHost {
  readonly host: Pick<SessionHost, 'randomBytes'>;
  send(bytes: Uint8Array): void;
  /** The client gave this. Called once. */
  proven(credential: ClientCredential): void;
}

/** What the client began its authentication with ("Protocol::HandshakeResponse41"). */
export interface AuthStart {
  /** `undefined`: the client knows no methods but the oldest. */
  readonly plugin: string | undefined;
  readonly response: Uint8Array;
  /** Clients themselves hold the leg to be safe: TLS, or a unix socket. */
  readonly isSafe: boolean;
}

type Phase = 'switched' | 'full' | 'over';
type Asked = 'token' | 'password' | 'nothing';
type Known = { readonly kind: 'none' | 'certificate' | 'workload' };

/**
 * How one client proves itself, after its HandshakeResponse41 ("Authentication Phase Fast Path", "Authentication Method Mismatch"): what it knows comes
 * in clear, by full authentication of `caching_sha2_password`, by `mysql_clear_password`, or as an OpenID Connect token; or nothing is asked of it. To be
 * used on legs that cannot be overheard only.
 */
export class AuthExchange {
  readonly #host: AuthExchangeHost;
  readonly #packets: PacketSplitter;
  #phase: Phase = 'over';
  #asked: Asked = 'nothing';
  /** The method that the client is in. */
  #plugin = '';
  #isSafe = false;
  /** What the host knows of a client that is asked for nothing. */
  #known: Known = { kind: 'none' };
  /** The client waits for the answer to its scramble before it takes an OK. */
  #awaitsFastAuth = false;

  constructor(host: AuthExchangeHost, packets: PacketSplitter) {
    this.#host = host;
    this.#packets = packets;
  }

  /** Asks the client to prove itself by `method`. */
  ask(method: ClientMethod, start: AuthStart): void {
    this.#isSafe = start.isSafe;
    this.#plugin = start.plugin ?? NATIVE;
    switch (method.kind) {
      case 'none':
      case 'certificate':
      case 'workload':
        return this.#askNothing(method.kind, start);
      case 'token':
      case 'oauth':
        return this.#askSecret('token', start);
      case 'scram':
        return this.#askSecret('password', start);
      case 'refuse':
        return this.#refused(method.refusal);
      default:
        return unreachable(method);
    }
  }

  /** Handles one packet if one is complete. False when more bytes are needed or there is nothing to be said. Throws a `ProtocolError`. */
  step(): boolean {
    const packets = this.#packets;
    if (this.#phase === 'over' || !packets.next()) return false;
    const data = packets.buffer.slice(packets.bodyStart, packets.end);
    if (this.#phase === 'switched') this.#response(data);
    else this.#secretInClear(data);
    return true;
  }

  /** Who was proven is let in: what the client waits for in front of the OK. */
  accepted(): void {
    if (this.#awaitsFastAuth) this.#say({ kind: 'AuthMoreData', data: Uint8Array.of(FAST_AUTH_SUCCESS) });
    this.#awaitsFastAuth = false;
  }

  #askNothing(kind: 'none' | 'certificate' | 'workload', { plugin, response }: AuthStart): void {
    this.#known = { kind };
    if (plugin === CACHING_SHA2) return this.#letIn(response);
    // These take an OK whenever it comes; others would wait for something of their own.
    if (plugin === undefined || plugin === NATIVE || plugin === CLEAR || plugin === OPENID) return this.#proven({ kind });
    this.#switchTo(CACHING_SHA2);
  }

  #letIn(response: Uint8Array): void {
    this.#awaitsFastAuth = !isEmpty(response);
    this.#proven(this.#known);
  }

  #askSecret(asked: Exclude<Asked, 'nothing'>, { plugin, response }: AuthStart): void {
    this.#asked = asked;
    if (plugin === undefined) return this.#refused(missing('use a client that knows authentication plugins (CLIENT_PLUGIN_AUTH)'));
    const isKnown = plugin === CLEAR || (plugin === CACHING_SHA2 && this.#isSafe) || (plugin === OPENID && asked === 'token');
    if (isKnown && (plugin === CACHING_SHA2 || response.length > 0)) return this.#response(response);
    this.#switchTo(isKnown ? plugin : this.#isSafe ? CACHING_SHA2 : CLEAR);
  }

  #switchTo(plugin: string): void {
    this.#plugin = plugin;
    this.#phase = 'switched';
    this.#say({ kind: 'AuthSwitchRequest', plugin, data: newNonce((length) => this.#host.host.randomBytes(length)) });
  }

  /** The first thing that the client says by its method. */
  #response(data: Uint8Array): void {
    switch (this.#plugin) {
      case CACHING_SHA2:
        if (this.#asked === 'nothing') return this.#letIn(data);
        if (isEmpty(data)) return this.#proven({ kind: 'none' });
        this.#phase = 'full';
        return this.#say({ kind: 'AuthMoreData', data: Uint8Array.of(PERFORM_FULL_AUTHENTICATION) });
      case OPENID:
        return this.#openidToken(data);
      default:
        return this.#secretInClear(data);
    }
  }

  #secretInClear(data: Uint8Array): void {
    if (this.#phase === 'full' && data.length === 1 && data[0] === REQUEST_PUBLIC_KEY)
      return this.#refused(missing('the client believes that it can be overheard, connect with TLS'));
    const last = data.length - 1;
    const secret = data[last] === 0 ? data.subarray(0, last) : data;
    if (secret.includes(0)) throw new ProtocolError('invalid-value', 'a password holds a NUL');
    this.#secret(secret);
  }

  #openidToken(data: Uint8Array): void {
    const reader = new PayloadReader(data);
    if (reader.int1() !== OPENID_TOKEN)
      throw new ProtocolError('invalid-value', 'an OpenID Connect client has a capability that is not known');
    const token = reader.lenencBytes();
    reader.finish();
    this.#secret(token);
  }

  #secret(bytes: Uint8Array): void {
    const text = textOf(bytes);
    if (text === undefined) return this.#proven({ kind: 'refused', refusal: NOT_TEXT, isGuess: true });
    if (text === '') return this.#proven({ kind: 'none' });
    this.#proven(this.#asked === 'token' ? { kind: 'token', token: text } : { kind: 'password', password: text });
  }

  #say(packet: AuthenticationPacket): void {
    const packets = this.#packets;
    this.#host.send(encodePacket(packets.expected, (writer) => writeAuthenticationPacket(writer, packet)));
    packets.expected = (packets.expected + 1) & 0xff;
  }

  #refused(refusal: Refusal): void {
    this.#proven({ kind: 'refused', refusal });
  }

  #proven(credential: ClientCredential): void {
    this.#phase = 'over';
    this.#host.proven(credential);
  }
}

const NOT_TEXT: Refusal = { code: 'identity-invalid', message: 'what was given as a password is not UTF-8' };

function missing(message: string): Refusal {
  return { code: 'identity-missing', message };
}

/** No password: nothing, or the NUL that ends one. */
function isEmpty(response: Uint8Array): boolean {
  return response.length === 0 || (response.length === 1 && response[0] === 0);
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decodeUtf8(bytes);
  } catch {
    return undefined;
  }
}
