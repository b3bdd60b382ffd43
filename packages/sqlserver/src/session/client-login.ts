import { type ClientMethod, type Refusal, unreachable } from '@sqlwarden/core';
import { type FedAuth, FEATURE, readFedAuth, readFedAuthTokenMessage } from '../protocol/login-features.js';
import { type Login7, readLogin7 } from '../protocol/login7.js';
import { MessageAssembler, type WireMessage } from '../protocol/message-assembler.js';
import { DEFAULT_PACKET_SIZE, PACKET_TYPE } from '../protocol/packet.js';
import type { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodeMessage } from '../protocol/packet-writer.js';
import { encodePrelogin, PRELOGIN, type Prelogin, preloginByte, preloginData, readPrelogin } from '../protocol/prelogin.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import type { FeatureAck } from '../protocol/server-token.js';
import { isOlder, type TdsVersion, versionLayout, versionNumber } from '../protocol/tds-version.js';
import { encodeTokens } from '../protocol/token-codec.js';
import { refusalMessage } from '../refusal.js';
import { type ProofStep, proofOf, type ShownFedAuth, tokenOf } from './client-proof.js';
import { termsOf, unsupportedIn } from './client-terms.js';
import { loginAcceptance } from './login-acceptance.js';
import type { AcceptedLogin, ClientLoginHost, ClientLoginOptions, ServerLoggedIn } from './login-parts.js';
import { ENCRYPT, encryptionAnswer } from './prelogin-encryption.js';
import { versionOption } from './server-version.js';
import { PreloginFraming } from './tls-framing.js';

type Phase = 'prelogin' | 'tls' | 'login' | 'fedauth' | 'over';

const OVERHEARD: Refusal = {
  code: 'identity-missing',
  message: 'this connection can be overheard, connect with encryption (Encrypt=yes)',
};
const CHANGED: Refusal = {
  code: 'identity-invalid',
  message: 'the client has not heard what it was told before its login, connect again',
};

/** Of UTF-16, twice the bytes that other protocols need for a token. */
const UTF16 = 2;
const NOTHING = new Uint8Array(0);

/**
 * The client's side of a login ([MS-TDS] section 3.3.5, "Server Details"): PRELOGIN, TLS where the leg has any, LOGIN7, and FEDAUTHINFO where a client is to
 * be told where tokens come from. The host says how this client is to prove itself, and nothing else will do: by a token or a password, only where
 * nobody can overhear it, or by what the host knows already. MARS is declined.
 */
export class ClientLogin {
  readonly #session: ClientLoginHost;
  readonly #packets: PacketSplitter;
  readonly #messages: MessageAssembler;
  readonly #options: ClientLoginOptions;
  #phase: Phase = 'prelogin';
  #encrypted: boolean;
  /** FEDAUTHREQUIRED was answered with 1: the login has to say so again. */
  #echo = false;
  #nonce: Uint8Array | undefined;
  #usedFedAuth = false;
  #accepted: AcceptedLogin | undefined;

  constructor(session: ClientLoginHost, packets: PacketSplitter, options: ClientLoginOptions) {
    this.#session = session;
    this.#packets = packets;
    this.#options = options;
    this.#messages = new MessageAssembler(UTF16 * options.maxStartupBytes);
    this.#encrypted = options.clientEncrypted === true;
  }

  /** Handles one packet if one is complete. False when more bytes are needed or the login is over. Throws a `ProtocolError`. */
  step(): boolean {
    const phase = this.#phase;
    if (phase === 'over' || phase === 'tls' || !this.#packets.next()) return false;
    const message = this.#messages.add(this.#packets);
    if (message === undefined) return true;
    if (message.isIgnored) throw new ProtocolError('unexpected-message', 'the client gave its login up');
    this.#message(phase, message);
    return true;
  }

  tlsStarted(): void {
    if (this.#phase !== 'tls') return;
    this.#encrypted = true;
    this.#phase = 'login';
  }

  /** The host lets in who was identified, and the server has: the answer to the login. */
  letIn(info: ServerLoggedIn): void {
    const { terms } = this.#accepted as AcceptedLogin;
    const features: FeatureAck[] = [];
    if (this.#usedFedAuth) features.push({ id: FEATURE.FEDAUTH, data: this.#nonce ?? NOTHING });
    if (terms.utf8 && info.utf8) features.push({ id: FEATURE.UTF8_SUPPORT, data: Uint8Array.of(1) });
    this.#session.send(loginAcceptance(info, answeredVersion(terms.version, info.version), features));
  }

  /** A refusal in the form that the client takes where its login is. */
  refusal(refusal: Refusal): Uint8Array {
    return refusalMessage(refusal, DEFAULT_PACKET_SIZE, versionNumber(this.#accepted?.terms.version ?? '7.4'));
  }

  #message(phase: Exclude<Phase, 'over' | 'tls'>, { type, payload }: WireMessage): void {
    switch (phase) {
      case 'prelogin':
        // Clients of before TDS 7.1 have none, and some of later leave it out.
        if (type === PACKET_TYPE.LOGIN7) return this.#login(readLogin7(payload));
        expect(type, PACKET_TYPE.PRELOGIN);
        return this.#prelogin(readPrelogin(payload));
      case 'login':
        expect(type, PACKET_TYPE.LOGIN7);
        return this.#login(readLogin7(payload));
      case 'fedauth':
        expect(type, PACKET_TYPE.FEDAUTH_TOKEN);
        return this.#step(tokenOf(readFedAuthTokenMessage(payload).token));
      default:
        return unreachable(phase);
    }
  }

  #prelogin(prelogin: Prelogin): void {
    const { host } = this.#session;
    const leg = { isEncrypted: this.#encrypted, canEncrypt: host.canEncryptClient, isPrivate: host.clientLegIsPrivate };
    const asked = preloginByte(prelogin, PRELOGIN.ENCRYPTION) ?? ENCRYPT.NOT_SUP;
    const { encryption, startsTls } = encryptionAnswer(asked, leg);
    this.#echo = preloginByte(prelogin, PRELOGIN.FEDAUTHREQUIRED) === 1;
    this.#nonce = preloginData(prelogin, PRELOGIN.NONCEOPT)?.slice();
    const answer = encodePrelogin(this.#answer(encryption));
    this.#session.send(encodeMessage({ type: PACKET_TYPE.TABULAR_RESULT, packetSize: DEFAULT_PACKET_SIZE }, answer));
    this.#phase = startsTls ? 'tls' : 'login';
    if (!startsTls) return;
    // INVARIANT: bytes behind PRELOGIN are never taken for bytes of the encrypted session.
    if (this.#packets.buffered > 0) throw new ProtocolError('unexpected-message', 'bytes in clear after PRELOGIN asked for TLS');
    this.#session.startTls(new PreloginFraming());
  }

  #answer(encryption: number): Prelogin {
    const options = [
      { token: PRELOGIN.VERSION, data: versionOption(this.#options.greeting) },
      { token: PRELOGIN.ENCRYPTION, data: Uint8Array.of(encryption) },
      // The instance is the one that was asked for, whatever its name.
      { token: PRELOGIN.INSTOPT, data: Uint8Array.of(0) },
      { token: PRELOGIN.THREADID, data: NOTHING },
      { token: PRELOGIN.MARS, data: Uint8Array.of(0) },
      { token: PRELOGIN.TRACEID, data: NOTHING },
    ];
    return { options: this.#echo ? [...options, { token: PRELOGIN.FEDAUTHREQUIRED, data: Uint8Array.of(1) }] : options };
  }

  #login(login: Login7): void {
    const terms = termsOf(login);
    this.#accepted = { user: login.userName, database: login.database, terms };
    const refusal = this.#problem(login);
    if (refusal !== undefined) return this.#step({ kind: 'proven', credential: { kind: 'refused', refusal } });
    const data = login.features?.find(({ id }) => id === FEATURE.FEDAUTH)?.data;
    const fedAuth = data && readFedAuth(data);
    if (fedAuth !== undefined && fedAuth.echo !== this.#echo)
      return this.#step({ kind: 'proven', credential: { kind: 'refused', refusal: CHANGED } });
    this.#usedFedAuth = fedAuth !== undefined;
    this.#step(proofOf(this.#method(), { password: login.password, fedAuth: fedAuth && shown(fedAuth) }));
  }

  #problem(login: Login7): Refusal | undefined {
    if (!this.#encrypted && !this.#session.host.clientLegIsPrivate) return OVERHEARD;
    return unsupportedIn(login);
  }

  #method(): ClientMethod {
    const { user, database } = this.#accepted as AcceptedLogin;
    return this.#options.clientMethod?.({ user, database, encrypted: this.#encrypted }) ?? { kind: 'token' };
  }

  #step(step: ProofStep): void {
    const accepted = this.#accepted as AcceptedLogin;
    const { user, database, terms } = accepted;
    if (step.kind === 'ask') {
      this.#phase = 'fedauth';
      const info = encodeTokens([{ kind: 'FEDAUTHINFO', ...step.source, others: [] }], versionLayout(terms.version));
      this.#session.send(encodeMessage({ type: PACKET_TYPE.TABULAR_RESULT, packetSize: DEFAULT_PACKET_SIZE }, info));
      return;
    }
    this.#phase = 'over';
    const parameters = { program_name: terms.applicationName, host_name: terms.hostName, client_interface_name: terms.libraryName };
    this.#session.identified({ user, database, parameters, credential: step.credential, encrypted: this.#encrypted }, accepted);
  }
}

function shown(fedAuth: FedAuth): ShownFedAuth {
  switch (fedAuth.library) {
    case 'security-token':
      return { kind: 'token', token: fedAuth.token };
    case 'adal':
      return { kind: 'ask' };
    case 'other':
      return { kind: 'unknown' };
    default:
      return unreachable(fedAuth);
  }
}

/** TDS 8.0 is 7.4 inside of TLS from the first byte, which the other leg need not have. */
function answeredVersion(asked: TdsVersion, server: TdsVersion): TdsVersion {
  return asked === '8.0' && server === '7.4' ? asked : isOlder(server, asked) ? server : asked;
}

function expect(type: number, wanted: number): void {
  if (type !== wanted) throw new ProtocolError('unexpected-message', 'the client sent a message that does not belong in a login');
}
