import type { ServerAddress } from '@sqlwarden/core';
import { DEFAULT_PACKET_SIZE, MIN_PACKET_SIZE } from '../protocol/packet.js';
import { PayloadReader } from '../protocol/payload-reader.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import {
  DONE_STATUS,
  ENV_CHANGE,
  type EnvChange,
  type FeatureExtAck,
  type LoginAck,
  type Routing,
  TOKEN,
} from '../protocol/server-token.js';
import { isOlder, type VersionLayout, versionLayout, versionOf } from '../protocol/tds-version.js';
import { decodeToken } from '../protocol/token-codec.js';
import { TokenLength } from '../protocol/token-length.js';
import type { LoginTerms, ServerLoggedIn } from './login-parts.js';

/** What a server answers a LOGIN7 with. */
export type LoginReply =
  | { readonly kind: 'logged-in'; readonly info: ServerLoggedIn; readonly acknowledged: ReadonlySet<number> }
  /** `number` and `state`: of its first ERROR. */
  | { readonly kind: 'refused'; readonly number: number; readonly state: number }
  | { readonly kind: 'routed'; readonly to: ServerAddress }
  | { readonly kind: 'routed-elsewhere' };

/** `UTF8_SUPPORT` of FeatureExt. */
export const UTF8_SUPPORT = 0x0a;
const SQL_TSQL = 1;
const TCP = 0;
const NUMBER = 3;
const STATE = 7;

/** What of a LOGIN7 the answer must keep to. */
export type AskedTerms = Pick<LoginTerms, 'version' | 'packetSize'>;

/**
 * Reads the whole message by which a server answers a LOGIN7 ([MS-TDS] section 3.2.5.4 and those that follow), every token of it. `asked`: the version
 * and the packet size that it was asked for. Throws a `ProtocolError` for what does not belong there.
 */
export function readLoginReply(payload: Uint8Array, spid: number, asked: AskedTerms): LoginReply {
  const reply = new ReplyParts(asked);
  let at = 0;
  while (at < payload.length) {
    const length = new TokenLength(reply.layout, 'server', payload.length).of(payload, at, payload.length);
    if (length === 0 || at + length > payload.length) throw new ProtocolError('truncated', 'the answer to the login ends within a token');
    if (payload[at] === TOKEN.ERROR) return errorOf(payload, at, at + length);
    reply.token(payload, at, at + length);
    at += length;
  }
  return reply.result(spid);
}

/** The beginning of an ERROR, which is the same in every version: which one a server that refuses speaks is not known. */
function errorOf(payload: Uint8Array, start: number, end: number): LoginReply {
  const reader = new PayloadReader(payload, start + NUMBER, end);
  const number = reader.signed4();
  return { kind: 'refused', number, state: new PayloadReader(payload, start + STATE, end).int1() };
}

class ReplyParts {
  layout: VersionLayout;
  readonly #texts = new Map<number, string>();
  #collation: ServerLoggedIn['collation'];
  #routing: Routing | undefined;
  #ack: LoginAck | undefined;
  #features: ReadonlyMap<number, Uint8Array> = new Map();
  #packetSize = DEFAULT_PACKET_SIZE;
  #isDone = false;
  readonly #asked: AskedTerms;

  constructor(asked: AskedTerms) {
    this.#asked = asked;
    this.layout = versionLayout(asked.version);
  }

  token(payload: Uint8Array, start: number, end: number): void {
    if (this.#isDone) throw new ProtocolError('trailing-bytes', 'the answer to the login goes on after its end');
    // Its form is that of a version which is not known yet, and nothing in it is of use.
    if (payload[start] === TOKEN.INFO) return;
    const token = decodeToken(payload, start, end, this.layout);
    switch (token.kind) {
      case 'ENVCHANGE':
        return this.#changed(token);
      case 'LOGINACK':
        return this.#acknowledged(token);
      case 'FEATUREEXTACK':
        this.#features = featuresOf(token);
        return;
      case 'DONE':
        if ((token.status & DONE_STATUS.ERROR) !== 0) throw new ProtocolError('unexpected-message', 'the login failed without an ERROR');
        this.#isDone = (token.status & DONE_STATUS.MORE) === 0;
        return;
      default:
        throw new ProtocolError('unexpected-message', `the server answered the login with ${token.kind}`);
    }
  }

  result(spid: number): LoginReply {
    const ack = this.#ack;
    if (!this.#isDone || ack === undefined) throw new ProtocolError('unexpected-message', 'the answer to the login has no end');
    if (this.#routing !== undefined) return routed(this.#routing);
    const { major, minor, build } = ack.programVersion;
    const info: ServerLoggedIn = {
      spid,
      version: this.layout.version,
      packetSize: this.#packetSize,
      utf8: (this.#features.get(UTF8_SUPPORT)?.[0] ?? 0) !== 0,
      serverVersion: `${major}.${minor}.${build}`,
      programName: ack.programName,
      programVersion: ack.programVersion,
      database: this.#texts.get(ENV_CHANGE.DATABASE) ?? '',
      language: this.#texts.get(ENV_CHANGE.LANGUAGE) ?? '',
      collation: this.#collation,
    };
    return { kind: 'logged-in', info, acknowledged: new Set(this.#features.keys()) };
  }

  #acknowledged(ack: LoginAck): void {
    if (this.#ack !== undefined || ack.interface !== SQL_TSQL) throw new ProtocolError('unexpected-message', 'the server speaks no T-SQL');
    this.#ack = ack;
    const version = versionOf(ack.tdsVersion);
    if (isOlder(this.#asked.version, version))
      throw new ProtocolError('invalid-value', 'the server answered with a newer protocol than it was asked for');
    this.layout = versionLayout(version);
  }

  #changed(change: EnvChange): void {
    switch (change.type) {
      case ENV_CHANGE.SQL_COLLATION:
        this.#collation = change.newCollation;
        return;
      case ENV_CHANGE.ROUTING:
        this.#routing = { ...change.routing };
        return;
      case ENV_CHANGE.PACKET_SIZE:
        this.#packetSize = packetSizeOf(change.newText, this.#asked.packetSize);
        return;
      case ENV_CHANGE.DATABASE:
      case ENV_CHANGE.LANGUAGE:
        this.#texts.set(change.type, change.newText);
        return;
      default:
        // Names of other servers among them (mirroring partner, user instance): a client must not go there.
        return;
    }
  }
}

function featuresOf({ features }: FeatureExtAck): ReadonlyMap<number, Uint8Array> {
  return new Map(features.map(({ id, data }) => [id, data.slice()]));
}

function packetSizeOf(text: string, asked: number): number {
  const size = /^\d{3,5}$/.test(text) ? Number(text) : 0;
  if (size < MIN_PACKET_SIZE || size > asked)
    throw new ProtocolError('invalid-value', 'the server answered with a packet size that it was not asked for');
  return size;
}

/** A name may have an instance behind a backslash; the port is that of the instance. */
function routed({ protocol, server, port }: Routing): LoginReply {
  const [host = ''] = server.split('\\');
  return protocol === TCP && host !== '' && port !== 0 ? { kind: 'routed', to: { host, port } } : { kind: 'routed-elsewhere' };
}
