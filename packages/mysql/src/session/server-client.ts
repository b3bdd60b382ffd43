import { type InjectResult, type ServerClient, unreachable } from '@sqlwarden/core';
import type { ServerClientHost, ServerClientOptions } from '@sqlwarden/core';
import { CAPABILITIES, hasCapability } from '../protocol/capabilities.js';
import { COMMAND } from '../protocol/command.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodePacket } from '../protocol/packet-writer.js';
import { PayloadReader, lenientText } from '../protocol/payload-reader.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { readErr } from '../protocol/err-packet.js';
import { STATUS } from '../protocol/status-flags.js';
import { OWN_OPENING, ServerLoginLeg } from './server-login.js';

/**
 * A client of the gateway's own: one login, then statements one after another by COM_QUERY. With `cancel` it logs in, ends what runs in the session of
 * that number (KILL QUERY) and calls `ready`, after which the host closes the connection.
 */
export function createServerClient(host: ServerClientHost, options: ServerClientOptions): ServerClient {
  return new MysqlServerClient(host, options);
}

interface Asked {
  readonly sql: string;
  readonly done: (result: InjectResult) => void;
  readonly rows: (readonly (string | null)[])[];
  error: Extract<InjectResult, { kind: 'error' }> | undefined;
}

/** Where in the answer to a statement the server is: under CLIENT_DEPRECATE_EOF or without it. */
type Awaiting = 'first' | 'columns' | 'columns-end' | 'rows';

const HEADER = { OK: 0x00, LOCAL_INFILE: 0xfb, EOF: 0xfe, ERR: 0xff } as const;
const MAX_EOF = 0xff_ffff;

class MysqlServerClient implements ServerClient {
  readonly #host: ServerClientHost;
  readonly #packets: PacketSplitter;
  readonly #login: ServerLoginLeg;
  readonly #cancel: ServerClientOptions['cancel'];
  readonly #queue: Asked[] = [];
  #phase: 'login' | 'ready' | 'over' = 'login';
  #running = false;
  #deprecateEof = false;
  #awaiting: Awaiting = 'first';
  #columns = 0;
  #columnsLeft = 0;

  constructor(host: ServerClientHost, options: ServerClientOptions) {
    this.#host = host;
    this.#cancel = options.cancel;
    this.#packets = new PacketSplitter('server', options.maxMessageBytes);
    this.#login = new ServerLoginLeg(
      {
        hash: options.hash,
        publicKey: options.publicKey,
        send: (bytes) => host.send(bytes),
        startTls: () => host.startTls(),
        loggedIn: ({ capabilities }) => this.#loggedIn(capabilities),
        loginFailed: ({ kind, detail }) => this.#fail(detail, kind === 'refused'),
      },
      options.login,
      OWN_OPENING,
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

  tlsStarted(): void {
    this.#login.tlsStarted();
  }

  ended(): void {
    this.#fail('the connection to the database was lost');
  }

  query(sql: string, done: (result: InjectResult) => void): void {
    if (this.#phase === 'over') return done(LOST);
    this.#queue.push({ sql, done, rows: [], error: undefined });
    this.#next();
  }

  #step(): boolean {
    if (this.#phase === 'login') return this.#login.step();
    if (this.#phase !== 'ready' || !this.#packets.next()) return false;
    this.#packet();
    return true;
  }

  #loggedIn(capabilities: number): void {
    this.#phase = 'ready';
    this.#deprecateEof = hasCapability(capabilities, CAPABILITIES.CLIENT_DEPRECATE_EOF);
    const id = this.#cancel?.processId;
    if (id === undefined) this.#host.ready();
    // That it has ended meanwhile is not a failure.
    else this.query(`KILL QUERY ${id}`, () => this.#host.ready());
    this.#next();
  }

  #next(): void {
    const asked = this.#queue[0];
    if (this.#phase !== 'ready' || this.#running || asked === undefined) return;
    this.#running = true;
    this.#awaiting = 'first';
    this.#packets.expected = 1;
    this.#host.send(encodePacket(0, (writer) => writer.int1(COMMAND.COM_QUERY).text(asked.sql)));
  }

  #packet(): void {
    const packets = this.#packets;
    const asked = this.#running ? this.#queue[0] : undefined;
    const first = packets.firstByte;
    if (asked === undefined) throw new ProtocolError('unexpected-message', 'a packet where none belongs');
    if (first === HEADER.ERR && this.#awaiting !== 'columns') return this.#error(asked);
    switch (this.#awaiting) {
      case 'first':
        return this.#header(first);
      case 'columns':
        this.#columnsLeft -= 1;
        if (this.#columnsLeft === 0) this.#awaiting = this.#deprecateEof ? 'rows' : 'columns-end';
        return;
      case 'columns-end':
        this.#awaiting = 'rows';
        return;
      case 'rows':
        return this.#row(asked, first);
      default:
        return unreachable(this.#awaiting);
    }
  }

  #header(first: number): void {
    if (first === HEADER.LOCAL_INFILE) throw new ProtocolError('unexpected-message', 'the server asks for a file');
    if (first === HEADER.OK) return this.#ended(this.#okStatus());
    const reader = this.#reader();
    this.#columns = reader.lenencInt();
    reader.finish();
    if (this.#columns === 0) throw new ProtocolError('invalid-value', 'a result has no columns');
    this.#columnsLeft = this.#columns;
    this.#awaiting = 'columns';
  }

  #row(asked: Asked, first: number): void {
    const { bodyStart, end } = this.#packets;
    const isEnd = first === HEADER.EOF && end - bodyStart < (this.#deprecateEof ? MAX_EOF : 9);
    if (isEnd) return this.#ended(this.#deprecateEof ? this.#okStatus() : this.#eofStatus());
    const reader = this.#reader();
    const row: (string | null)[] = [];
    for (let at = 0; at < this.#columns; at++) {
      const cell = reader.nullableBytes();
      row.push(cell === null ? null : lenientText(cell));
    }
    reader.finish();
    asked.rows.push(row);
  }

  #error(asked: Asked): void {
    const { code, message } = readErr(this.#reader());
    asked.error = { kind: 'error', code: String(code), message };
    this.#finished();
  }

  #ended(status: number): void {
    this.#awaiting = 'first';
    if ((status & STATUS.SERVER_MORE_RESULTS_EXISTS) === 0) this.#finished();
  }

  #okStatus(): number {
    const reader = this.#reader();
    reader.skip(1);
    reader.lenencInt8();
    reader.lenencInt8();
    return reader.int2();
  }

  #eofStatus(): number {
    const reader = this.#reader();
    reader.skip(3);
    return reader.int2();
  }

  #reader(): PayloadReader {
    const { buffer, bodyStart, end } = this.#packets;
    return new PayloadReader(buffer, bodyStart, end);
  }

  #finished(): void {
    const asked = this.#queue.shift();
    this.#running = false;
    if (asked !== undefined) asked.done(asked.error ?? { kind: 'rows', rows: asked.rows });
    this.#next();
  }

  #fail(detail: string, refused = false): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    for (const asked of this.#queue.splice(0)) asked.done(LOST);
    this.#host.failed(detail, refused);
  }
}

const LOST: InjectResult = { kind: 'error', code: '2013', message: 'the connection to the database was lost' };
