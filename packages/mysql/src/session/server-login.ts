import { type HashPort, type PublicKeyPort, type ServerLogin, unreachable } from '@sqlwarden/core';
import { type AuthenticationPacket, readAuthenticationPacket } from '../protocol/authentication-packets.js';
import { CAPABILITIES, type Capabilities, capabilityNames, hasCapability } from '../protocol/capabilities.js';
import { readErr } from '../protocol/err-packet.js';
import { type HandshakeV10, readHandshakeV10 } from '../protocol/handshake.js';
import { type HandshakeResponse41, type SslRequest, writeHandshakeResponse41, writeSslRequest } from '../protocol/handshake-response.js';
import { readOk } from '../protocol/ok-packet.js';
import type { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodePacket, type PacketWriter } from '../protocol/packet-writer.js';
import { PayloadReader } from '../protocol/payload-reader.js';
import { askedCapabilities, isMariadb, isProtocol41, missingForms, OWN_CAPABILITIES } from './capabilities-of-legs.js';
import { adviceOn, isAboutIdentity } from './login-errors.js';
import { type MethodStep, ServerAuth } from './server-auth.js';

/** What a login on the server leg asks of whoever owns the leg. */
export interface ServerLoginHost {
  readonly hash: HashPort;
  readonly publicKey?: PublicKeyPort | undefined;
  send(bytes: Uint8Array): void;
  startTls(): void;
  /** The server is ready for commands. */
  loggedIn(info: ServerLoggedIn): void;
  /** `detail` is for people and never quotes what the server said. */
  loginFailed(failure: ServerLoginFailure): void;
}

export interface ServerLoggedIn {
  /** The server's thread id, by which its KILL knows the session. */
  readonly connectionId: number;
  readonly serverVersion: string;
  /** As agreed on for the leg. */
  readonly capabilities: Capabilities;
  /** The status flags of its OK. */
  readonly status: number;
}

export interface ServerLoginFailure {
  /** The server says that it is not that user, or that the password is wrong. */
  readonly isIdentity?: boolean;
  readonly kind: 'refused' | 'insecure' | 'protocol';
  readonly detail: string;
}

/** What a session on the server leg begins with. */
export interface ServerOpening {
  /** What its packets are to look like, and its habits. */
  readonly capabilities: Capabilities;
  /** Somebody was promised these: a server that lacks what packets look like by them is not logged in to. */
  readonly isPromised: boolean;
  readonly collation: number;
  readonly attributes: ReadonlyMap<string, string>;
}

/** Of sessions of the gateway's own: utf8mb4_general_ci. */
export const OWN_OPENING: ServerOpening = {
  capabilities: OWN_CAPABILITIES,
  isPromised: false,
  collation: 45,
  attributes: new Map([['program_name', 'sqlwarden']]),
};

type Phase = 'idle' | 'greeting' | 'tls' | 'authentication' | 'over';

/** What a packet of ours may have at most, as clients say it at login; our own limits are the session's. */
const MAX_PACKET_SIZE = 0x4000_0000;
/** An account can have several methods (MariaDB, "Authentication from MariaDB 10.4"). */
const MAX_SWITCHES = 4;
/** "Performance Schema Connection Attribute Tables": what is longer in all is refused by servers. */
const MAX_ATTRIBUTE_BYTES = 60_000;
/** In characters; what is longer would be cut and be another's (USERNAME_CHAR_LENGTH of both). */
const MAX_USER = { mysql: 32, mariadb: 128 } as const;

/**
 * Logs in on the server leg: the "Connection Phase" of the MySQL protocol documentation, as a client. TLS when the login requires it; then what the
 * login accepts: `caching_sha2_password`, `mysql_native_password`, a password in clear where nobody can overhear it, or nothing. Everything else is refused by
 * its name. Files of the gateway are never offered (CLIENT_LOCAL_FILES).
 */
export class ServerLoginLeg {
  readonly #host: ServerLoginHost;
  readonly #login: ServerLogin;
  readonly #opening: ServerOpening;
  readonly #packets: PacketSplitter;
  readonly #auth: ServerAuth;
  #phase: Phase = 'idle';
  #encrypted = false;
  #greeting: HandshakeV10 | undefined;
  #capabilities: Capabilities = 0;
  #switches = 0;

  /** `packets`: the splitter of the leg, shared with what follows the login. */
  constructor(host: ServerLoginHost, login: ServerLogin, opening: ServerOpening, packets: PacketSplitter) {
    this.#host = host;
    this.#login = login;
    this.#opening = opening;
    this.#packets = packets;
    this.#auth = new ServerAuth(host, login);
  }

  /** The leg is open: the server speaks first. */
  connected(): void {
    if (this.#phase === 'idle') this.#phase = 'greeting';
  }

  tlsStarted(): void {
    if (this.#phase !== 'tls') return;
    this.#encrypted = true;
    this.#respond();
  }

  /** Handles one packet if one is complete. False when more bytes are needed or the login is over. Throws a `ProtocolError`. */
  step(): boolean {
    switch (this.#phase) {
      case 'idle':
      case 'tls':
        // Bytes in clear after it agreed to TLS.
        if (this.#packets.buffered > 0) this.#fail('protocol', 'the server sent bytes where none belong');
        return false;
      case 'over':
        return false;
      case 'greeting':
      case 'authentication':
        return this.#packet(this.#phase);
      default:
        return unreachable(this.#phase);
    }
  }

  #packet(phase: 'greeting' | 'authentication'): boolean {
    const packets = this.#packets;
    if (!packets.next()) return false;
    const reader = new PayloadReader(packets.buffer, packets.bodyStart, packets.end);
    if (packets.firstByte === 0xff) this.#refused(readErr(reader).code);
    else if (phase === 'greeting') this.#greeted(readHandshakeV10(reader));
    else if (packets.firstByte === 0x00) this.#ok(readOk(reader, this.#capabilities).status);
    else this.#authentication(readAuthenticationPacket(reader));
    return this.#phase !== 'over';
  }

  #greeted(greeting: HandshakeV10): void {
    this.#greeting = { ...greeting, authData: greeting.authData.slice() };
    const problem = this.#problem(greeting);
    if (problem !== undefined) return this.#fail(problem.kind, problem.detail, problem.isIdentity);
    this.#capabilities = askedCapabilities(this.#opening.capabilities, greeting.capabilities, this.#said());
    if (this.#login.tls === 'disable') return this.#respond();
    this.#phase = 'tls';
    const request: SslRequest = { kind: 'SSLRequest', ...this.#start() };
    this.#send((writer) => writeSslRequest(writer, request));
    if (this.#packets.buffered > 0) return this.#fail('protocol', 'the server sent bytes where none belong');
    this.#host.startTls();
  }

  #problem({ capabilities, serverVersion }: HandshakeV10): ServerLoginFailure | undefined {
    const { tls, user, database, settings = {} } = this.#login;
    if (!isProtocol41(capabilities)) return { kind: 'refused', detail: 'the database does not speak the protocol of MySQL 4.1 and later' };
    if (tls === 'require' && !hasCapability(capabilities, CAPABILITIES.CLIENT_SSL))
      return { kind: 'insecure', detail: 'the server does not offer TLS, and the upstream requires it' };
    const missing = this.#opening.isPromised ? missingForms(this.#opening.capabilities, capabilities) : 0;
    if (missing !== 0)
      return {
        kind: 'refused',
        detail: `the database has no ${capabilityNames(missing).join(', ')}, which clients were offered; connect again`,
      };
    if (user.includes('\0') || database.includes('\0')) return { kind: 'refused', detail: 'the names of a login cannot hold a NUL' };
    if ([...user].length > MAX_USER[isMariadb(serverVersion) ? 'mariadb' : 'mysql'])
      return { kind: 'refused', detail: 'the name of the user is longer than the database has any', isIdentity: true };
    // Every client could set them to something else.
    if (Object.keys(settings).length > 0)
      return { kind: 'refused', detail: 'settings cannot be kept from clients here, propagate nothing' };
    return undefined;
  }

  #said(): Capabilities {
    const { CLIENT_CONNECT_WITH_DB, CLIENT_CONNECT_ATTRS, CLIENT_SSL } = CAPABILITIES;
    const { tls, database } = this.#login;
    return (database === '' ? 0 : CLIENT_CONNECT_WITH_DB) | CLIENT_CONNECT_ATTRS | (tls === 'require' ? CLIENT_SSL : 0);
  }

  #start(): Pick<HandshakeResponse41, 'capabilities' | 'mariadbCapabilities' | 'maxPacketSize' | 'collation'> {
    return {
      capabilities: this.#capabilities,
      mariadbCapabilities: 0,
      maxPacketSize: MAX_PACKET_SIZE,
      collation: this.#opening.collation,
    };
  }

  #respond(): void {
    const { authPlugin, authData } = this.#greeting as HandshakeV10;
    this.#phase = 'authentication';
    this.#auth.isEncrypted = this.#encrypted;
    const first = this.#auth.first(authPlugin, authData);
    if (first.kind === 'failed') return this.#failed(first);
    const { user, database } = this.#login;
    const response: HandshakeResponse41 = {
      kind: 'HandshakeResponse41',
      ...this.#start(),
      user,
      authResponse: first.data,
      database,
      authPlugin: first.plugin,
      attributes: shortAttributes(this.#opening.attributes),
      zstdLevel: undefined,
    };
    this.#send((writer) => writeHandshakeResponse41(writer, response));
  }

  #authentication(packet: AuthenticationPacket): void {
    switch (packet.kind) {
      case 'AuthSwitchRequest':
        this.#switches += 1;
        if (this.#switches > MAX_SWITCHES) return this.#fail('protocol', 'the server asks for one method of authentication after another');
        return this.#step(this.#auth.switched(packet.plugin, packet.data.slice()));
      case 'AuthMoreData':
        return this.#step(this.#auth.more(packet.data.slice()));
      case 'OldAuthSwitchRequest':
        return this.#fail('refused', 'the database asks for mysql_old_password, which is not supported');
      case 'AuthNextFactor':
        return this.#fail('refused', 'the database asks for a second factor, which is not supported');
      default:
        return unreachable(packet);
    }
  }

  #step(step: MethodStep): void {
    if (step.kind === 'failed') this.#failed(step);
    else if (step.kind === 'say') this.#send((writer) => writer.bytes(step.data));
  }

  #ok(status: number): void {
    const problem = this.#auth.end();
    if (problem !== undefined) return this.#failed(problem);
    const { connectionId, serverVersion } = this.#greeting as HandshakeV10;
    this.#phase = 'over';
    this.#packets.expected = 0;
    this.#host.loggedIn({ connectionId, serverVersion, capabilities: this.#capabilities, status });
  }

  #refused(code: number): void {
    this.#fail('refused', `the database refused the gateway's login with error ${code}, ${adviceOn(code)}`, isAboutIdentity(code));
  }

  #send(write: (writer: PacketWriter) => void): void {
    const packets = this.#packets;
    const sequenceId = packets.expected;
    packets.expected = (sequenceId + 1) & 0xff;
    this.#host.send(encodePacket(sequenceId, write));
  }

  #failed({ insecure, detail }: Extract<MethodStep, { kind: 'failed' }>): void {
    this.#fail(insecure ? 'insecure' : 'refused', detail);
  }

  #fail(kind: ServerLoginFailure['kind'], detail: string, isIdentity = false): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#host.loginFailed({ kind, detail, ...(isIdentity && { isIdentity }) });
  }
}

/** Those that servers take; the rest is not worth a login. */
function shortAttributes(attributes: ReadonlyMap<string, string>): HandshakeResponse41['attributes'] {
  let bytes = 0;
  return [...attributes].flatMap(([name, value]) => {
    bytes += 4 * (name.length + value.length) + 18;
    return bytes > MAX_ATTRIBUTE_BYTES ? [] : [{ name, value }];
  });
}
