import { assertedIntent, type AssertedIntent, INTENT_FIELDS, INTENT_FORMS, isIntentField, isIntentValue } from '@sqlwarden/core';
import type { ClientCredential, ClientMethod, LoginRequest, Refusal, SessionHost, WireSessionOptions } from '@sqlwarden/core';
import { unreachable } from '@sqlwarden/core';
import { type Capabilities, hasCapability, CAPABILITIES } from '../protocol/capabilities.js';
import { writeHandshakeV10 } from '../protocol/handshake.js';
import { type HandshakeResponse41, readClientStart } from '../protocol/handshake-response.js';
import type { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodePacket } from '../protocol/packet-writer.js';
import { PayloadReader } from '../protocol/payload-reader.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { STATUS } from '../protocol/status-flags.js';
import { AuthExchange, CACHING_SHA2 } from './auth-exchange.js';
import { newNonce } from './auth-scrambles.js';
import { offeredCapabilities, sessionCapabilities } from './capabilities-of-legs.js';

/** What a client said of itself and its session. */
export interface AcceptedHandshake {
  readonly user: string;
  /** Empty: none. */
  readonly database: string;
  /** Of the command phase, as client and gateway agreed on them. */
  readonly capabilities: Capabilities;
  /** The collation that the session begins with, by its id. */
  readonly collation: number;
  readonly maxPacketSize: number;
  /** Connection attributes. */
  readonly attributes: ReadonlyMap<string, string>;
  /** What the attributes `sqlwarden.purpose`, `sqlwarden.ticket` and `sqlwarden.traceparent` say. */
  readonly intent: AssertedIntent | undefined;
}

/** What the client's side of a login asks of the session. */
export interface ClientLoginHost {
  readonly host: SessionHost;
  send(bytes: Uint8Array): void;
  /** Everything sent goes out before TLS starts on the client leg. `ahead`: of TLS, which clients begin without waiting for an answer. */
  startTls(ahead: Uint8Array): void;
  /** The client said who it is: ask the host. */
  identified(login: LoginRequest, handshake: AcceptedHandshake): void;
}

/** What the login must know of its session's options. */
export type ClientLoginOptions = Pick<WireSessionOptions, 'clientMethod' | 'clientEncrypted' | 'greeting'>;

type Phase = 'silent' | 'response' | 'tls' | 'proof' | 'over';

const OVERHEARD: Refusal = {
  code: 'identity-missing',
  message: 'this connection can be overheard, connect with TLS (--ssl-mode=REQUIRED, --ssl)',
};

const IN_CLEAR = 'bytes in clear after SSLRequest';
/** ContentType of a record with a ClientHello (RFC 8446 section 5.1). */
const TLS_HANDSHAKE = 0x16;
/** Until the server's own is known. Clients take what it lacks from it. */
const UNKNOWN_VERSION = '8.0.0-sqlwarden';
/** utf8mb4_general_ci, which MySQL and MariaDB have. */
const COLLATION = 45;
/** Of the attributes those that people ask for; the values of the others are the server's business alone. */
const SHOWN_ATTRIBUTES = ['program_name', '_client_name', '_client_version', ...INTENT_FIELDS.map((field) => `sqlwarden.${field}`)];

/**
 * The client's side of a login: the "Connection Phase" of the MySQL protocol documentation, as a server. It greets with the server's version and the
 * capabilities that the gateway decodes. The host says how this client is to prove itself, and nothing else will do: by a token or a password,
 * in clear only where nobody can overhear it, or by what the host knows already.
 */
export class ClientLogin {
  /** By which the client knows its session. */
  readonly connectionId: number;
  readonly offered: Capabilities;
  readonly #session: ClientLoginHost;
  readonly #packets: PacketSplitter;
  readonly #options: ClientLoginOptions;
  readonly #exchange: AuthExchange;
  #phase: Phase = 'silent';
  #encrypted: boolean;
  #handshake: AcceptedHandshake | undefined;

  constructor(session: ClientLoginHost, packets: PacketSplitter, options: ClientLoginOptions) {
    this.#session = session;
    this.#packets = packets;
    this.#options = options;
    this.#encrypted = options.clientEncrypted === true;
    this.offered = offeredCapabilities(options.greeting, session.host.canEncryptClient && !this.#encrypted);
    this.connectionId = positive(session.host.randomBytes(4));
    this.#exchange = new AuthExchange(
      { host: session.host, send: (bytes) => session.send(bytes), proven: (credential) => this.#identified(credential) },
      packets,
    );
  }

  /** Sends the HandshakeV10. To be called once, when the client can be spoken to. */
  greet(): void {
    if (this.#phase !== 'silent') return;
    this.#phase = 'response';
    const authData = newNonce((length) => this.#session.host.randomBytes(length));
    const handshake = {
      serverVersion: this.#options.greeting ?? UNKNOWN_VERSION,
      connectionId: this.connectionId,
      authData,
      capabilities: this.offered,
      mariadbCapabilities: 0,
      collation: COLLATION,
      status: STATUS.SERVER_STATUS_AUTOCOMMIT,
      authPlugin: CACHING_SHA2,
    };
    this.#session.send(encodePacket(0, (writer) => writeHandshakeV10(writer, handshake)));
    this.#packets.expected = 1;
  }

  /** The sequence id of what the client is told next. */
  get sequenceId(): number {
    return this.#packets.expected;
  }

  tlsStarted(): void {
    if (this.#phase !== 'tls') return;
    this.#encrypted = true;
    this.#phase = 'response';
  }

  /** Handles one packet if one is complete. False when more bytes are needed or the login is over. Throws a `ProtocolError`. */
  step(): boolean {
    switch (this.#phase) {
      case 'silent':
        return false;
      case 'response':
        return this.#packet();
      case 'tls':
        if (this.#packets.buffered > 0) throw new ProtocolError('unexpected-message', IN_CLEAR);
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
    const packets = this.#packets;
    if (!packets.next()) return false;
    const start = readClientStart(new PayloadReader(packets.buffer, packets.bodyStart, packets.end));
    if (start.kind === 'SSLRequest') this.#sslRequest();
    else this.#response(start);
    return true;
  }

  #sslRequest(): void {
    if (!hasCapability(this.offered, CAPABILITIES.CLIENT_SSL) || this.#encrypted)
      throw new ProtocolError('unexpected-message', 'SSLRequest where TLS was not offered');
    // INVARIANT: bytes behind SSLRequest are never taken for bytes of the encrypted session: they are for TLS, or end it here.
    const ahead = this.#packets.takeRest();
    if (ahead.length > 0 && ahead[0] !== TLS_HANDSHAKE) throw new ProtocolError('unexpected-message', IN_CLEAR);
    this.#phase = 'tls';
    this.#session.startTls(ahead);
  }

  #response(response: HandshakeResponse41): void {
    const capabilities = (response.capabilities & this.offered) >>> 0;
    const attributes = new Map(response.attributes.map(({ name, value }) => [name, value]));
    const handshake: AcceptedHandshake = {
      user: response.user,
      database: response.database ?? '',
      capabilities: sessionCapabilities(capabilities),
      collation: response.collation,
      maxPacketSize: response.maxPacketSize,
      attributes,
      intent: intentOf(attributes),
    };
    this.#handshake = handshake;
    const refusal = this.#problem(handshake);
    if (refusal !== undefined) return this.#identified({ kind: 'refused', refusal });
    this.#phase = 'proof';
    this.#exchange.ask(this.#method(handshake), {
      plugin: hasCapability(capabilities, CAPABILITIES.CLIENT_PLUGIN_AUTH) ? (response.authPlugin ?? '') : undefined,
      response: response.authResponse.slice(),
      isSafe: this.#encrypted || this.#session.host.clientLegIsSocket === true,
    });
  }

  #problem({ user, attributes }: AcceptedHandshake): Refusal | undefined {
    if (!this.#encrypted && !this.#session.host.clientLegIsPrivate) return OVERHEARD;
    if (user === '') return { code: 'message-unsupported', message: 'no user name was given, set user' };
    for (const [name, value] of attributes) {
      const field = name.startsWith('sqlwarden.') ? name.slice('sqlwarden.'.length) : '';
      if (isIntentField(field) && !isIntentValue(field, value))
        return { code: 'message-unsupported', message: `connection attribute ${name} must be ${INTENT_FORMS[field]}` };
    }
    return undefined;
  }

  #method({ user, database }: AcceptedHandshake): ClientMethod {
    return this.#options.clientMethod?.({ user, database, encrypted: this.#encrypted }) ?? { kind: 'token' };
  }

  /** The host lets in who was identified; the OK comes later, from the session. */
  accepted(): void {
    this.#exchange.accepted();
  }

  #identified(credential: ClientCredential): void {
    const handshake = this.#handshake as AcceptedHandshake;
    this.#phase = 'over';
    const shown = SHOWN_ATTRIBUTES.flatMap((name) => {
      const value = handshake.attributes.get(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    const { user, database } = handshake;
    const parameters: Readonly<Record<string, string>> = Object.fromEntries(shown);
    this.#session.identified({ user, database, parameters, credential, encrypted: this.#encrypted }, handshake);
  }
}

function intentOf(attributes: ReadonlyMap<string, string>): AssertedIntent | undefined {
  const values = Object.fromEntries(INTENT_FIELDS.map((field) => [field, attributes.get(`sqlwarden.${field}`) ?? null]));
  return assertedIntent('startup', values);
}

/** Fits the 31 bits that clients keep it in, and is never 0. */
function positive(bytes: Uint8Array): number {
  return (bytes.reduce((value, byte) => value * 256 + byte, 0) % 0x7fff_ffff) + 1;
}
