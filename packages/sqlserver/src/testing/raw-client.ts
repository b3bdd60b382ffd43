import net from 'node:net';
import { DATA_TYPE } from '../protocol/data-types.js';
import { encodeLogin7 } from '../protocol/login7.js';
import { MessageAssembler } from '../protocol/message-assembler.js';
import { encodeAttention, PACKET_TYPE } from '../protocol/packet.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodeMessage } from '../protocol/packet-writer.js';
import { encodeUtf16 } from '../protocol/payload-writer.js';
import { encodePrelogin, PRELOGIN } from '../protocol/prelogin.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { encodeRpcRequest, PARAMETER_STATUS, type RpcCall, type RpcParameter } from '../protocol/rpc-request.js';
import type { ServerToken } from '../protocol/server-token.js';
import { encodeSqlBatch } from '../protocol/sql-batch.js';
import { type TdsVersion, versionLayout, versionNumber } from '../protocol/tds-version.js';
import { TokenReader } from '../protocol/token-reader.js';
import { encodeTransactionManagerRequest, type TransactionRequest } from '../protocol/transaction-manager-request.js';
import { GOOD_TOKEN } from './gateway.js';

/** One message of the server, as far as it could be read. */
export interface RawReply {
  readonly tokens: readonly ServerToken[];
  readonly rows: number;
  /** Its payload, byte by byte as characters. */
  readonly bytes: string;
}

type Taken = (reply: RawReply) => void;

/** A client that says exactly what it is told, and shows what comes back token by token. */
export class RawClient {
  readonly #socket: net.Socket;
  readonly #version: TdsVersion;
  readonly #packets = new PacketSplitter();
  readonly #messages = new MessageAssembler(1 << 26);
  readonly #ready: RawReply[] = [];
  readonly #waiting: Taken[] = [];
  isClosed = false;

  private constructor(socket: net.Socket, version: TdsVersion) {
    this.#socket = socket;
    this.#version = version;
    socket
      .setNoDelay(true)
      .on('data', (bytes) => this.#receive(bytes))
      .on('error', () => undefined)
      .on('close', () => void (this.isClosed = true));
  }

  static async connect(port: number, version: TdsVersion = '7.4'): Promise<RawClient> {
    const socket = net.connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const client = new RawClient(socket, version);
    await client.#login();
    return client;
  }

  close(): void {
    this.#socket.destroy();
  }

  batch(text: string, status = 0): void {
    this.#send(PACKET_TYPE.SQL_BATCH, encodeSqlBatch({ headers: this.#headers, text }), status);
  }

  rpc(...calls: readonly (Pick<RpcCall, 'procedure' | 'parameters'> & Partial<RpcCall>)[]): void {
    const last = calls.length - 1;
    const given = calls.map((call, at): RpcCall => ({ options: 0, separator: at < last ? 'batch' : undefined, ...call }));
    this.#send(PACKET_TYPE.RPC, encodeRpcRequest({ headers: this.#headers, calls: given }, versionLayout(this.#version)));
  }

  transaction(request: TransactionRequest): void {
    this.#send(PACKET_TYPE.TRANSACTION_MANAGER, encodeTransactionManagerRequest({ headers: this.#headers ?? [], request }));
  }

  attention(): void {
    this.#socket.write(encodeAttention());
  }

  raw(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The next message of the server. */
  reply(): Promise<RawReply> {
    const ready = this.#ready.shift();
    return ready === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(ready);
  }

  get #headers() {
    return versionLayout(this.#version).allHeaders
      ? [{ kind: 'transaction-descriptor', descriptor: 0n, outstandingRequests: 1 } as const]
      : undefined;
  }

  #send(type: number, payload: Uint8Array, status = 0): void {
    this.#socket.write(encodeMessage({ type, status, packetSize: 4096 }, payload));
  }

  async #login(): Promise<void> {
    const options = [
      { token: PRELOGIN.VERSION, data: Uint8Array.of(16, 0, 0, 0, 0, 0) },
      { token: PRELOGIN.ENCRYPTION, data: Uint8Array.of(2) },
    ];
    const prelogin = new Promise<void>((resolve) => this.#waiting.push(() => resolve()));
    this.#send(PACKET_TYPE.PRELOGIN, encodePrelogin({ options }));
    await prelogin;
    const login = encodeLogin7({
      tdsVersion: versionNumber(this.#version),
      packetSize: 4096,
      clientProgramVersion: 1,
      clientProcessId: 1,
      connectionId: 0,
      optionFlags1: 0xe0,
      optionFlags2: 0x03,
      typeFlags: 0,
      optionFlags3: 0,
      clientTimeZone: 0,
      clientLcid: 0x0409,
      hostName: 'raw',
      userName: 'alice',
      password: GOOD_TOKEN,
      applicationName: 'raw',
      serverName: '',
      libraryName: 'raw',
      language: '',
      database: '',
      clientId: new Uint8Array(6),
      sspi: new Uint8Array(0),
      attachDatabaseFile: '',
      newPassword: '',
      features: undefined,
    });
    this.#send(PACKET_TYPE.LOGIN7, login);
    const { tokens } = await this.reply();
    if (!tokens.some(({ kind }) => kind === 'LOGINACK')) throw new Error(JSON.stringify(tokens, (_, value) => String(value)));
  }

  #receive(bytes: Uint8Array): void {
    this.#packets.push(bytes);
    while (this.#packets.next()) {
      const message = this.#messages.add(this.#packets);
      if (message === undefined) continue;
      const reply = this.#packets.type === PACKET_TYPE.TABULAR_RESULT ? this.#read(message.payload) : EMPTY;
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#ready.push(reply);
      else waiting(reply);
    }
  }

  #read(payload: Uint8Array): RawReply {
    const bytes = Buffer.from(payload).toString('latin1');
    // The answer to PRELOGIN is no stream of tokens.
    if (payload[0] === 0) return { tokens: [], rows: 0, bytes };
    const reader = new TokenReader(versionLayout(this.#version));
    const tokens: ServerToken[] = [];
    let rows = 0;
    reader.push(payload, 0, payload.length);
    try {
      for (let event = reader.next(); event !== undefined; event = reader.next()) {
        if (event === 'token') tokens.push(reader.token);
        if (event === 'row') rows += 1;
      }
    } catch (error) {
      // Rows of cursors have a ROWSTAT that their COLMETADATA does not list: the bytes tell the rest.
      if (!(error instanceof ProtocolError)) throw error;
    }
    return { tokens, rows, bytes };
  }
}

const EMPTY: RawReply = { tokens: [], rows: 0, bytes: '' };

/** An int, by position. */
export function int(value: number, status = 0): RpcParameter {
  const type = { type: DATA_TYPE.INTN, name: 'INTN', form: 'byte-length', maxLength: 4 } as const;
  return { kind: 'value', name: '', status, type, value: { bytes: Uint8Array.of(value, value >> 8, value >> 16, value >> 24) } };
}

/** An int that comes back, by position. */
export function intOut(): RpcParameter {
  const type = { type: DATA_TYPE.INTN, name: 'INTN', form: 'byte-length', maxLength: 4 } as const;
  return { kind: 'value', name: '', status: PARAMETER_STATUS.BY_REFERENCE, type, value: { bytes: null } };
}

/** A Unicode text, by position. */
export function unicode(value: string): RpcParameter {
  const collation = { lcid: 0x0409, flags: 0x0d, version: 0, sortId: 52 };
  const type = { type: DATA_TYPE.NVARCHAR, name: 'NVARCHAR', form: 'ushort-length', maxLength: 8000, collation } as const;
  return { kind: 'value', name: '', status: 0, type, value: { bytes: encodeUtf16(value) } };
}
