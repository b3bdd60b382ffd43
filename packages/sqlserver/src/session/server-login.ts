import { type ServerLogin, type TlsFacts, unreachable } from '@sqlwarden/core';
import { FEATURE } from '../protocol/login-features.js';
import { encodeLogin7 } from '../protocol/login7.js';
import { MessageAssembler } from '../protocol/message-assembler.js';
import { DEFAULT_PACKET_SIZE, PACKET_TYPE } from '../protocol/packet.js';
import type { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodeMessage } from '../protocol/packet-writer.js';
import { encodePrelogin, PRELOGIN, preloginByte, readPrelogin } from '../protocol/prelogin.js';
import { adviceOn, isAboutIdentity } from './login-errors.js';
import type { LoginTerms, ServerLoggedIn, ServerLoginFailure, ServerLoginHost } from './login-parts.js';
import { type AskedTerms, type LoginReply, readLoginReply } from './login-reply.js';
import { ENCRYPT, type ServerEncryption, serverEncryption } from './prelogin-encryption.js';
import { askedVersion, isByToken, MAX_NAME, ownLogin7 } from './server-login7.js';
import { PreloginFraming } from './tls-framing.js';

type Phase = 'idle' | 'direct-tls' | 'prelogin' | 'tls' | 'login' | 'over';

/** Longer than every answer to a login. */
const MAX_REPLY_BYTES = 1 << 16;
/** [MS-TDS] section 1.3, in ALPN (RFC 7301). */
const ALPN = 'tds/8.0';
/** Ours, of which servers make nothing. */
const OWN_VERSION = new Uint8Array(6);

/**
 * Logs in on the server leg ([MS-TDS] section 3.2.5, "Client Details"): PRELOGIN, TLS when the login requires it (with the first byte where it begins
 * `direct`, else inside of PRELOGIN messages), LOGIN7 with the gateway's credential, and the server's answer, of which every token is read. A server
 * that sends it elsewhere is followed once where the login says so.
 */
export class ServerLoginLeg {
  readonly #host: ServerLoginHost;
  readonly #login: ServerLogin;
  readonly #terms: LoginTerms;
  readonly #packets: PacketSplitter;
  #messages = new MessageAssembler(MAX_REPLY_BYTES);
  #phase: Phase = 'idle';
  #encrypted = false;
  #echo = false;
  /** The server has sent the gateway here: it is not sent on again. */
  #routedTo: string | undefined;

  /** `packets`: the splitter of the leg, shared with what follows the login. */
  constructor(host: ServerLoginHost, login: ServerLogin, terms: LoginTerms, packets: PacketSplitter) {
    this.#host = host;
    this.#login = login;
    this.#terms = terms;
    this.#packets = packets;
  }

  /** The leg is open, for the first time or after `connectServer`: the client speaks first. */
  connected(): void {
    if (this.#phase !== 'idle') return;
    const problem = this.#problem();
    if (problem !== undefined) return this.#failed(problem);
    if (this.#login.tls === 'disable' || this.#login.sslNegotiation !== 'direct') return this.#prelogin();
    this.#phase = 'direct-tls';
    this.#host.startTls();
  }

  tlsStarted(facts?: TlsFacts): void {
    if (this.#phase === 'direct-tls') {
      // Whoever is there speaks something else, and was taken for a database.
      if (facts?.protocol !== undefined && facts.protocol !== ALPN) return this.#fail('insecure', 'the server does not speak TDS 8.0');
      this.#encrypted = true;
      return this.#prelogin();
    }
    if (this.#phase !== 'tls') return;
    this.#encrypted = true;
    this.#sendLogin();
  }

  /** Handles one packet if one is complete. False when more bytes are needed or the login is over. Throws a `ProtocolError`. */
  step(): boolean {
    switch (this.#phase) {
      case 'idle':
      case 'direct-tls':
      case 'tls':
        // Bytes in clear after it agreed to TLS.
        if (this.#packets.buffered > 0) this.#fail('protocol', 'the server sent bytes where none belong');
        return false;
      case 'over':
        return false;
      case 'prelogin':
      case 'login':
        return this.#packet(this.#phase);
      default:
        return unreachable(this.#phase);
    }
  }

  #packet(phase: 'prelogin' | 'login'): boolean {
    const packets = this.#packets;
    if (!packets.next()) return false;
    if (packets.type !== PACKET_TYPE.TABULAR_RESULT) {
      this.#fail('protocol', 'the server sent a message that does not belong in a login');
      return false;
    }
    const message = this.#messages.add(packets);
    if (message !== undefined && phase === 'prelogin') this.#answered(message.payload);
    else if (message !== undefined) this.#replied(readLoginReply(message.payload, packets.spid, this.#asked));
    return this.#phase !== 'over';
  }

  get #asked(): AskedTerms {
    return { version: askedVersion(this.#terms, this.#login), packetSize: this.#terms.packetSize };
  }

  #problem(): ServerLoginFailure | undefined {
    const { tls, isPrivate, accept, user, password, database, settings = {} } = this.#login;
    if (tls === 'disable' && isPrivate !== true && accept === undefined)
      return {
        kind: 'insecure',
        detail: 'the password would be sent in clear, require TLS for the upstream, or say with credentials.accept that it may be',
      };
    if (isByToken(this.#login) && (password ?? '') === '')
      return { kind: 'refused', detail: 'the upstream is logged in to by an access token and has none' };
    if (user.length > MAX_NAME || database.length > MAX_NAME || (!isByToken(this.#login) && (password ?? '').length > MAX_NAME))
      return { kind: 'refused', detail: 'user, password and database have 128 characters at most', isIdentity: true };
    // Every client could set them to something else.
    if (Object.keys(settings).length > 0)
      return { kind: 'refused', detail: 'settings cannot be kept from clients here, propagate nothing' };
    return undefined;
  }

  #prelogin(): void {
    this.#phase = 'prelogin';
    const encryption = this.#login.tls === 'require' ? ENCRYPT.ON : ENCRYPT.NOT_SUP;
    const options = [
      { token: PRELOGIN.VERSION, data: OWN_VERSION },
      { token: PRELOGIN.ENCRYPTION, data: Uint8Array.of(encryption) },
      { token: PRELOGIN.INSTOPT, data: Uint8Array.of(0) },
      { token: PRELOGIN.THREADID, data: new Uint8Array(4) },
      { token: PRELOGIN.MARS, data: Uint8Array.of(0) },
      ...(isByToken(this.#login) ? [{ token: PRELOGIN.FEDAUTHREQUIRED, data: Uint8Array.of(1) }] : []),
    ];
    this.#send(PACKET_TYPE.PRELOGIN, encodePrelogin({ options }));
  }

  #answered(payload: Uint8Array): void {
    const prelogin = readPrelogin(payload);
    this.#echo = preloginByte(prelogin, PRELOGIN.FEDAUTHREQUIRED) === 1;
    if (this.#encrypted) return this.#sendLogin();
    return this.#encryption(serverEncryption(this.#login.tls, preloginByte(prelogin, PRELOGIN.ENCRYPTION) ?? ENCRYPT.NOT_SUP));
  }

  #encryption(encryption: ServerEncryption): void {
    switch (encryption) {
      case 'clear':
        return this.#sendLogin();
      case 'tls':
        this.#phase = 'tls';
        if (this.#packets.buffered > 0) return this.#fail('protocol', 'the server sent bytes where none belong');
        return this.#host.startTls(new PreloginFraming());
      case 'no-tls':
        return this.#fail('insecure', 'the server does not offer TLS for the whole connection, and the upstream requires it');
      case 'tls-demanded':
        return this.#fail('refused', 'the server requires TLS, and the upstream disables it');
      default:
        return unreachable(encryption);
    }
  }

  #sendLogin(): void {
    this.#phase = 'login';
    this.#send(PACKET_TYPE.LOGIN7, encodeLogin7(ownLogin7(this.#login, this.#terms, this.#echo, this.#routedTo ?? '')));
  }

  #replied(reply: LoginReply): void {
    switch (reply.kind) {
      case 'refused':
        return this.#fail(
          'refused',
          `the database refused the gateway's login with error ${reply.number} (state ${reply.state}), ${adviceOn(reply.number)}`,
          isAboutIdentity(reply.number),
        );
      case 'routed':
        return this.#route(reply.to);
      case 'routed-elsewhere':
        return this.#fail('refused', 'the server sends the gateway to a server that it does not name by host and port');
      case 'logged-in':
        return this.#loggedIn(reply);
      default:
        return unreachable(reply);
    }
  }

  #loggedIn({ info, acknowledged }: { readonly info: ServerLoggedIn; readonly acknowledged: ReadonlySet<number> }): void {
    for (const id of acknowledged)
      if (!(id === FEATURE.UTF8_SUPPORT && this.#terms.utf8) && !(id === FEATURE.FEDAUTH && isByToken(this.#login)))
        return this.#fail('protocol', 'the server acknowledged a feature that it was not asked for');
    // [MS-TDS] section 3.2.5.4: else it is not the token that it looked at.
    if (isByToken(this.#login) && !acknowledged.has(FEATURE.FEDAUTH))
      return this.#fail('refused', 'the database did not look at the access token, log in with user name and password');
    this.#phase = 'over';
    this.#host.loggedIn(info);
  }

  /** [MS-TDS] section 2.2.7.9, "Routing". */
  #route(to: { readonly host: string; readonly port: number }): void {
    const { connectServer } = this.#host;
    if (this.#login.followsRouting !== true || connectServer === undefined)
      return this.#fail('refused', 'the server sends the gateway to another server, name that one, or set server.routing: follow');
    if (this.#routedTo !== undefined) return this.#fail('refused', 'the server sends the gateway from one server to the next');
    this.#routedTo = to.host;
    this.#phase = 'idle';
    this.#encrypted = false;
    this.#messages = new MessageAssembler(MAX_REPLY_BYTES);
    this.#packets.discard();
    connectServer(to);
  }

  #send(type: number, payload: Uint8Array): void {
    this.#host.send(encodeMessage({ type, packetSize: DEFAULT_PACKET_SIZE }, payload));
  }

  #failed({ kind, detail, isIdentity }: ServerLoginFailure): void {
    this.#fail(kind, detail, isIdentity);
  }

  #fail(kind: ServerLoginFailure['kind'], detail: string, isIdentity = false): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#host.loginFailed({ kind, detail, ...(isIdentity && { isIdentity }) });
  }
}
