import { constants, createHash, publicEncrypt } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  type Column,
  Cursor,
  CURSOR_EXISTS,
  LAST_ROW_SENT,
  MORE_RESULTS,
  readBinaryRow,
  readColumn,
  readError,
  readOk,
  readTextRow,
  type Result,
  type Row,
} from './reply-reader.js';
import { executeCommand, type Parameter } from './execute-command.js';

export interface MysqlLogin {
  readonly host?: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database?: string;
  /** PEM of the authority: asks for TLS and checks the certificate for `localhost`. */
  readonly authority?: string;
  /** Whether results end with OK in place of EOF. Default true. */
  readonly deprecateEof?: boolean;
  /** Name of the authentication plugin that the client offers. Default `mysql_clear_password`, as for a token. */
  readonly plugin?: string;
}

/** A prepared statement as the server told of it. */
export interface PreparedStatement {
  readonly id: number;
  readonly parameters: number;
  readonly columns: readonly Column[];
}

// Page "Capabilities Flags".
const CAPABILITY = {
  CONNECT_WITH_DB: 0x8,
  PROTOCOL_41: 0x200,
  SSL: 0x800,
  TRANSACTIONS: 0x2000,
  SECURE_CONNECTION: 0x8000,
  MULTI_STATEMENTS: 0x1_0000,
  MULTI_RESULTS: 0x2_0000,
  PS_MULTI_RESULTS: 0x4_0000,
  PLUGIN_AUTH: 0x8_0000,
  LENENC_AUTH: 0x20_0000,
  DEPRECATE_EOF: 0x100_0000,
  QUERY_ATTRIBUTES: 0x800_0000,
} as const;
const WANTED = Object.values(CAPABILITY).reduce((all, flag) => all | flag, 0) & ~CAPABILITY.SSL;
const TIMEOUT_MS = 50_000;
const UTF8MB4 = 45;

/**
 * A MySQL client that adds nothing of its own: it sends the commands that it is given and keeps every byte that it receives. It may ask for one
 * command at a time, as the protocol wants it.
 */
export class MysqlClient {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  readonly #packets: Buffer[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #partial: Buffer[] = [];
  #sequence = 0;
  #closed = false;
  #wake: (() => void) | undefined;
  #capabilities = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      this.#wake?.();
    });
  }

  /** @throws Error with the server's own error when it does not let the client in. */
  static async connect(login: MysqlLogin): Promise<MysqlClient> {
    const socket = connectTcp({ host: login.host ?? '127.0.0.1', port: login.port });
    const plain = new MysqlClient(socket);
    const greeting = new Cursor(await plain.packet(), 1);
    greeting.untilNul();
    greeting.int(4);
    const salt = [greeting.take(8)];
    greeting.int(1);
    let offered = greeting.int(2);
    greeting.int(3);
    offered += greeting.int(2) * 0x1_0000;
    greeting.take(11);
    salt.push(greeting.take(12));
    let flags = WANTED & offered;
    if (login.deprecateEof === false) flags &= ~CAPABILITY.DEPRECATE_EOF;
    if (login.database === undefined) flags &= ~CAPABILITY.CONNECT_WITH_DB;
    const client = login.authority === undefined ? plain : await plain.#encrypted(flags, login.authority);
    client.#capabilities = flags;
    await client.#logIn(login, flags | (login.authority === undefined ? 0 : CAPABILITY.SSL), Buffer.concat(salt));
    return client;
  }

  /** Every byte that the server has sent so far. */
  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get sendsAttributes(): boolean {
    return (this.#capabilities & CAPABILITY.QUERY_ATTRIBUTES) !== 0;
  }

  /** Sends one payload with this sequence id; cut into packets of 16 MiB where it is longer. */
  send(payload: Uint8Array, sequence = 0): void {
    for (let at = 0, id = sequence; ; at += 0xff_ffff, id += 1) {
      const part = payload.subarray(at, at + 0xff_ffff);
      const header = Buffer.alloc(4);
      header.writeUIntLE(part.length, 0, 3);
      header.writeUInt8(id & 0xff, 3);
      if (!this.#closed) this.#socket.write(Buffer.concat([header, part]));
      this.#sequence = id + 1;
      if (part.length < 0xff_ffff) return;
    }
  }

  /** The next payload that was not read yet. Rejects when the server closes, or says nothing. */
  async packet(): Promise<Buffer> {
    const deadline = Date.now() + TIMEOUT_MS;
    for (;;) {
      const payload = this.#packets.shift();
      if (payload !== undefined) return payload;
      if (this.#closed) throw new Error('the server closed the connection');
      if (Date.now() >= deadline) throw new Error(`the server said nothing for ${TIMEOUT_MS} ms`);
      await this.#something(deadline - Date.now());
    }
  }

  /** COM_QUERY, with query attributes where the server takes any. */
  query(sql: string | Uint8Array, attributes: Readonly<Record<string, string>> = {}): Promise<Result[]> {
    const text = typeof sql === 'string' ? Buffer.from(sql) : sql;
    const parts: Uint8Array[] = [Buffer.from([0x03])];
    if (this.sendsAttributes) {
      const names = Object.entries(attributes);
      parts.push(Buffer.from([names.length, 1]));
      if (names.length > 0) {
        parts.push(Buffer.alloc(Math.ceil(names.length / 8)), Buffer.from([1]));
        for (const [name] of names) parts.push(Buffer.from([0xfd, 0, name.length]), Buffer.from(name));
        for (const [, value] of names) parts.push(Buffer.from([value.length]), Buffer.from(value));
      }
    }
    return this.command(Buffer.concat([...parts, text]));
  }

  /** A command that is answered as COM_QUERY is: results until there are no more. */
  async command(payload: Uint8Array): Promise<Result[]> {
    this.send(payload);
    return this.#results((bytes, columns) => readTextRow(bytes, columns.length));
  }

  /** COM_STMT_PREPARE. */
  async prepare(sql: string): Promise<PreparedStatement | Result> {
    this.send(Buffer.concat([Buffer.from([0x16]), Buffer.from(sql)]));
    const first = await this.packet();
    if (first[0] === 0xff) return readError(first);
    const [id, columns, parameters] = [first.readUInt32LE(1), first.readUInt16LE(5), first.readUInt16LE(7)];
    await this.#definitions(parameters);
    return { id, parameters, columns: await this.#definitions(columns) };
  }

  /** COM_STMT_EXECUTE; with rows for each COM_STMT_FETCH where a cursor is asked for. */
  async execute(statement: PreparedStatement, values: readonly Parameter[], cursorRows?: number): Promise<Result[]> {
    this.send(executeCommand(statement.id, values, cursorRows !== undefined, this.sendsAttributes));
    const results = await this.#results(readBinaryRow, cursorRows !== undefined);
    const [first] = results;
    if (cursorRows === undefined || first?.kind !== 'rows' || (first.status & CURSOR_EXISTS) === 0) return results;
    const rows: Row[] = [];
    for (let status = 0; (status & LAST_ROW_SENT) === 0; ) {
      const fetch = Buffer.alloc(9, 0x1c);
      fetch.writeUInt32LE(statement.id, 1);
      fetch.writeUInt32LE(cursorRows, 5);
      this.send(fetch);
      const part = await this.#rows(first.columns, readBinaryRow);
      if (part.kind === 'error') return [...results, part];
      rows.push(...part.rows);
      status = part.status;
    }
    return [{ ...first, rows }];
  }

  /** COM_FIELD_LIST: the columns' definitions, and an error where there is one. */
  async fields(table: string): Promise<Result[]> {
    this.send(Buffer.concat([Buffer.from([0x04]), Buffer.from(`${table}\0`)]));
    const columns: Column[] = [];
    for (;;) {
      const payload = await this.packet();
      if (payload[0] === 0xff) return [readError(payload)];
      if (payload[0] === 0xfe && payload.length < 9) return [{ kind: 'rows', columns, rows: [], status: 0 }];
      columns.push(readColumn(payload));
    }
  }

  /** Waits until the server has closed the connection. */
  async untilClosed(): Promise<void> {
    const deadline = Date.now() + TIMEOUT_MS;
    while (!this.#closed) {
      if (Date.now() >= deadline) throw new Error(`the server did not close within ${TIMEOUT_MS} ms`);
      await this.#something(deadline - Date.now());
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.send(Buffer.from([0x01]));
    this.#socket.end();
    await this.untilClosed().catch(() => this.#socket.destroy());
  }

  /** Drops the connection without a word. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Results until there are no more, or the server closes. */
  async #results(readRow: RowReader, mayOpenCursor = false): Promise<Result[]> {
    const results: Result[] = [];
    for (;;) {
      const first = await this.packet();
      const result =
        first[0] === 0xff ? readError(first) : first[0] === 0 ? readOk(first) : await this.#resultSet(first, readRow, mayOpenCursor);
      results.push(result);
      if (result.kind === 'error' || (result.status & MORE_RESULTS) === 0) return results;
    }
  }

  async #resultSet(first: Buffer, readRow: RowReader, mayOpenCursor: boolean): Promise<Result> {
    if (first[0] === 0xfb) throw new Error('the server asks for a file of this client');
    const columns: Column[] = [];
    for (let left = first.length === 1 ? first.readUInt8(0) : first.readUInt16LE(1); left > 0; left -= 1)
      columns.push(readColumn(await this.packet()));
    const deprecated = (this.#capabilities & CAPABILITY.DEPRECATE_EOF) !== 0;
    if (!deprecated) {
      const status = (await this.packet()).readUInt16LE(3);
      // MariaDB sets the flag of a procedure's own cursors, too.
      if (mayOpenCursor && (status & CURSOR_EXISTS) !== 0) return { kind: 'rows', columns, rows: [], status };
    }
    return this.#rows(columns, readRow);
  }

  async #rows(columns: readonly Column[], readRow: RowReader): Promise<Result & { kind: 'rows' | 'error' }> {
    const rows: Row[] = [];
    for (;;) {
      const payload = await this.packet();
      if (payload[0] === 0xff) return readError(payload) as Result & { kind: 'error' };
      if (payload[0] === 0xfe && payload.length < 0xff_ffff && this.#isEnd(payload))
        return { kind: 'rows', columns, rows, status: this.#statusOf(payload) };
      rows.push(readRow(payload, columns));
    }
  }

  #isEnd(payload: Buffer): boolean {
    return (this.#capabilities & CAPABILITY.DEPRECATE_EOF) !== 0 || payload.length < 9;
  }

  #statusOf(payload: Buffer): number {
    return (this.#capabilities & CAPABILITY.DEPRECATE_EOF) !== 0 ? readOk(payload).status : payload.readUInt16LE(3);
  }

  /** Definitions, and the EOF behind them where there is one. */
  async #definitions(count: number): Promise<Column[]> {
    const columns: Column[] = [];
    for (let left = count; left > 0; left -= 1) columns.push(readColumn(await this.packet()));
    if (count > 0 && (this.#capabilities & CAPABILITY.DEPRECATE_EOF) === 0) await this.packet();
    return columns;
  }

  async #encrypted(flags: number, authority: string): Promise<MysqlClient> {
    this.send(head(flags | CAPABILITY.SSL), 1);
    this.#socket.removeAllListeners('data');
    const socket = connectTls({ socket: this.#socket, ca: authority, servername: 'localhost' });
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    const client = new MysqlClient(socket);
    client.#sequence = 2;
    return client;
  }

  async #logIn(login: MysqlLogin, flags: number, salt: Buffer): Promise<void> {
    const plugin = login.plugin ?? 'mysql_clear_password';
    const proof = proofOf(plugin, login.password, salt);
    const parts = [head(flags), Buffer.from(`${login.user}\0`), lenenc(proof.length), proof];
    if (login.database !== undefined) parts.push(Buffer.from(`${login.database}\0`));
    this.send(Buffer.concat([...parts, Buffer.from(`${plugin}\0`)]), Math.max(this.#sequence, 1));
    let method = { plugin, salt };
    for (;;) {
      const payload = await this.packet();
      if (payload[0] === 0) return;
      if (payload[0] === 0xff) {
        const error = readError(payload);
        throw new Error(error.kind === 'error' ? `login failed: ${error.number} ${error.sqlState} ${error.message}` : '');
      }
      if (payload[0] === 0xfe) {
        const cursor = new Cursor(payload, 1);
        method = { plugin: cursor.untilNul(), salt: cursor.rest().subarray(0, 20) };
        this.send(proofOf(method.plugin, login.password, method.salt), this.#sequence);
      } else if (payload[1] === 4) {
        await this.#fullAuthentication(login, method.salt);
      }
    }
  }

  /** caching_sha2_password: the password in clear inside TLS, under the server's RSA key elsewhere. */
  async #fullAuthentication(login: MysqlLogin, salt: Buffer): Promise<void> {
    const clear = Buffer.from(`${login.password}\0`);
    if (login.authority !== undefined) {
      this.send(clear, this.#sequence);
      return;
    }
    this.send(Buffer.from([2]), this.#sequence);
    const key = (await this.packet()).subarray(1).toString('latin1');
    const hidden = clear.map((byte, index) => byte ^ (salt[index % salt.length] ?? 0));
    this.send(publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING }, hidden), this.#sequence);
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUIntLE(0, 3)) {
      const length = rest.readUIntLE(0, 3);
      this.#sequence = rest.readUInt8(3) + 1;
      this.#partial.push(rest.subarray(4, 4 + length));
      rest = rest.subarray(4 + length);
      if (length === 0xff_ffff) continue;
      this.#packets.push(this.#partial.length === 1 ? (this.#partial[0] as Buffer) : Buffer.concat(this.#partial));
      this.#partial = [];
    }
    this.#rest = rest;
    this.#wake?.();
  }

  #something(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

type RowReader = (payload: Buffer, columns: readonly Column[]) => Row;

/** What HandshakeResponse41 and SSLRequest begin with. */
function head(flags: number): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt32LE(flags >>> 0, 0);
  bytes.writeUInt32LE(0x4000_0000, 4);
  bytes.writeUInt8(UTF8MB4, 8);
  return bytes;
}

function lenenc(value: number): Buffer {
  return value < 0xfb ? Buffer.from([value]) : Buffer.from([0xfc, value & 0xff, value >> 8]);
}

const hash = (algorithm: string, ...parts: readonly Uint8Array[]): Buffer =>
  parts.reduce((state, part) => state.update(part), createHash(algorithm)).digest();
const xor = (one: Buffer, other: Buffer): Buffer => Buffer.from(one.map((byte, index) => byte ^ (other[index] ?? 0)));

function proofOf(plugin: string, password: string, salt: Buffer): Buffer {
  switch (plugin) {
    case 'mysql_clear_password':
      return Buffer.from(`${password}\0`);
    case 'mysql_native_password': {
      const once = hash('sha1', Buffer.from(password));
      return xor(once, hash('sha1', salt.subarray(0, 20), hash('sha1', once)));
    }
    case 'caching_sha2_password': {
      const once = hash('sha256', Buffer.from(password));
      return xor(once, hash('sha256', hash('sha256', once), salt.subarray(0, 20)));
    }
    default:
      throw new Error(`the server asks for ${plugin}, which this client does not know`);
  }
}
