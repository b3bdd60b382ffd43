import type { InjectResult, ServerClient, ServerClientHost, ServerClientOptions, TlsFacts } from '@sqlwarden/core';
import { ProtocolError } from '../protocol/protocol-error.js';
import { PACKET_TYPE } from '../protocol/packet.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodeMessage } from '../protocol/packet-writer.js';
import { TOKEN } from '../protocol/server-token.js';
import { encodeSqlBatch } from '../protocol/sql-batch.js';
import { type VersionLayout, versionLayout } from '../protocol/tds-version.js';
import { type TokenEvent, TokenReader } from '../protocol/token-reader.js';
import type { ServerLoggedIn } from './login-parts.js';
import { OwnRows } from './own-rows.js';
import { ServerLoginLeg } from './server-login.js';
import { OWN_TERMS } from './server-login7.js';

/**
 * A client of the gateway's own: one login, then batches one after another. With `cancel` it logs in, ends the session of that number (KILL) and calls
 * `ready`, after which the host closes the connection: in this protocol only the session itself can have its request given up (ATTENTION).
 */
export function createServerClient(host: ServerClientHost, options: ServerClientOptions): ServerClient {
  return new SqlServerClient(host, options);
}

interface Asked {
  readonly sql: string;
  readonly done: (result: InjectResult) => void;
}

/** The reply that is under way. */
interface Reply {
  readonly reader: TokenReader;
  readonly rows: OwnRows;
  bytes: number;
  /** The first of its errors. */
  error: Extract<InjectResult, { kind: 'error' }> | undefined;
}

class SqlServerClient implements ServerClient {
  readonly #host: ServerClientHost;
  readonly #packets = new PacketSplitter();
  readonly #login: ServerLoginLeg;
  readonly #cancel: ServerClientOptions['cancel'];
  readonly #maxMessageBytes: number;
  readonly #queue: Asked[] = [];
  #phase: 'login' | 'ready' | 'over' = 'login';
  #layout: VersionLayout = versionLayout(OWN_TERMS.version);
  #packetSize = OWN_TERMS.packetSize;
  #reply: Reply | undefined;

  constructor(host: ServerClientHost, options: ServerClientOptions) {
    this.#host = host;
    this.#cancel = options.cancel;
    this.#maxMessageBytes = options.maxMessageBytes;
    this.#login = new ServerLoginLeg(
      {
        send: (bytes) => host.send(bytes),
        startTls: (framing) => host.startTls(framing),
        connectServer: host.connectServer && ((to) => host.connectServer?.(to)),
        loggedIn: (info) => this.#loggedIn(info),
        loginFailed: ({ kind, detail }) => this.#fail(detail, kind === 'refused'),
      },
      options.login,
      OWN_TERMS,
      this.#packets,
    );
  }

  connected(): void {
    this.#login.connected();
  }

  receive(bytes: Uint8Array): void {
    if (this.#phase === 'over') return;
    this.#packets.push(bytes);
    try {
      while (this.#step());
    } catch (error) {
      this.#fail(error instanceof ProtocolError ? `the server broke the protocol: ${error.message}` : 'the connection failed');
    }
  }

  tlsStarted(facts?: TlsFacts): void {
    this.#login.tlsStarted(facts);
  }

  ended(): void {
    this.#fail('the connection to the database was lost');
  }

  query(sql: string, done: (result: InjectResult) => void): void {
    if (this.#phase === 'over') return done(LOST);
    this.#queue.push({ sql, done });
    this.#next();
  }

  #step(): boolean {
    if (this.#phase === 'login') return this.#login.step();
    if (this.#phase !== 'ready' || !this.#packets.next()) return false;
    this.#packet();
    return true;
  }

  #loggedIn({ version, packetSize }: ServerLoggedIn): void {
    this.#phase = 'ready';
    this.#layout = versionLayout(version);
    this.#packetSize = packetSize;
    this.#packets.maxPacketSize = packetSize;
    const id = this.#cancel?.processId;
    if (id === undefined) this.#host.ready();
    // That it has ended meanwhile is not a failure.
    else this.query(`KILL ${id}`, () => this.#host.ready());
    this.#next();
  }

  #next(): void {
    const asked = this.#queue[0];
    if (this.#phase !== 'ready' || this.#reply !== undefined || asked === undefined) return;
    this.#reply = { reader: new TokenReader(this.#layout), rows: new OwnRows(), bytes: 0, error: undefined };
    // Nothing of its own begins a transaction that another batch would be part of.
    const headers = this.#layout.allHeaders
      ? ([{ kind: 'transaction-descriptor', descriptor: 0n, outstandingRequests: 1 }] as const)
      : undefined;
    const payload = encodeSqlBatch({ headers, text: asked.sql });
    this.#host.send(encodeMessage({ type: PACKET_TYPE.SQL_BATCH, packetSize: this.#packetSize }, payload));
  }

  #packet(): void {
    const { buffer, bodyStart, end, type, isLast } = this.#packets;
    const reply = this.#reply;
    if (reply === undefined || type !== PACKET_TYPE.TABULAR_RESULT)
      throw new ProtocolError('unexpected-message', 'a packet where none belongs');
    reply.bytes += end - bodyStart;
    if (reply.bytes > this.#maxMessageBytes) throw new ProtocolError('too-large', 'an answer is longer than the limit');
    reply.reader.push(buffer, bodyStart, end);
    for (let event = reply.reader.next(); event !== undefined; event = reply.reader.next()) take(reply, event);
    if (!isLast) return;
    reply.reader.endMessage();
    this.#finished(reply);
  }

  #finished({ rows, error }: Reply): void {
    const asked = this.#queue.shift();
    this.#reply = undefined;
    asked?.done(error ?? { kind: 'rows', rows: rows.rows });
    this.#next();
  }

  #fail(detail: string, refused = false): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    for (const asked of this.#queue.splice(0)) asked.done(LOST);
    this.#host.failed(detail, refused);
  }
}

function take(reply: Reply, event: TokenEvent): void {
  const { reader, rows } = reply;
  rows.take(reader, event);
  if (event !== 'token' || reader.tokenType !== TOKEN.ERROR) return;
  const { token } = reader;
  if (token.kind === 'ERROR') reply.error ??= { kind: 'error', code: String(token.number), message: token.message };
}

const LOST: InjectResult = { kind: 'error', code: '0', message: 'the connection to the database was lost' };
