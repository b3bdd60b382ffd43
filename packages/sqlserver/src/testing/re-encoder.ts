import { readCell, writeCell } from '../protocol/cell-value.js';
import { encodeLogin7, readLogin7 } from '../protocol/login7.js';
import { MessageAssembler, type WireMessage } from '../protocol/message-assembler.js';
import { PACKET_HEADER, PACKET_TYPE } from '../protocol/packet.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { PacketWriter } from '../protocol/packet-writer.js';
import { PayloadReader } from '../protocol/payload-reader.js';
import { PayloadWriter } from '../protocol/payload-writer.js';
import { encodePrelogin, readPrelogin } from '../protocol/prelogin.js';
import { isNullBit, nullBitmapBytes } from '../protocol/row-walk.js';
import { decodeRpcRequest, encodeRpcRequest, type RpcRequest } from '../protocol/rpc-request.js';
import { type Column, type ServerToken, TOKEN } from '../protocol/server-token.js';
import { decodeSqlBatch, encodeSqlBatch } from '../protocol/sql-batch.js';
import { type VersionLayout, versionLayout, versionOf } from '../protocol/tds-version.js';
import { encodeToken } from '../protocol/token-codec.js';
import { TokenReader } from '../protocol/token-reader.js';
import { decodeTransactionManagerRequest, encodeTransactionManagerRequest } from '../protocol/transaction-manager-request.js';
import { fixedType } from '../protocol/type-info.js';

/** What the two ends of a conversation have agreed on, as far as it was seen in clear. */
export interface Agreed {
  layout: VersionLayout;
  /** The request that is answered is a `sp_cursorfetch`. */
  fetches: boolean;
}

export type SeenMessage =
  | { readonly kind: 'batch'; readonly text: string }
  | { readonly kind: 'rpc'; readonly request: RpcRequest }
  | { readonly kind: 'transaction-manager'; readonly request: string }
  | { readonly kind: 'bulk-load'; readonly rows: number }
  | { readonly kind: 'attention' | 'login' | 'prelogin' | 'tls' };

const MAX_MESSAGE = 64 << 20;
const SP_CURSORFETCH = 7;
const TLS_HEADER = 5;
const PACKET_ID = 6;
const ROWSTAT: Column = { userType: 0, flags: 0, type: fixedType('INT4'), name: 'ROWSTAT' };

export function agreed(): Agreed {
  return { layout: versionLayout('7.4'), fetches: false };
}

/**
 * Decodes all that one end of a conversation sends, as it comes, and encodes it again from what was decoded: `written` must be the same bytes. Records of TLS
 * are passed over. `pieces` cuts the bodies of packets for the token reader, too.
 */
export class ReEncoder {
  readonly seen: SeenMessage[] = [];
  readonly tokens: ServerToken[] = [];
  rows = 0;
  /** Whole messages. */
  messages = 0;
  readonly #from: 'client' | 'server';
  readonly #agreed: Agreed;
  readonly #pieces: (bytes: Uint8Array) => readonly Uint8Array[];
  readonly #packets = new PacketSplitter();
  readonly #messages = new MessageAssembler(MAX_MESSAGE);
  readonly #written: Uint8Array[] = [];
  #record: Uint8Array = new Uint8Array(0);
  #sawPrelogin = false;

  constructor(from: 'client' | 'server', common: Agreed, pieces: (bytes: Uint8Array) => readonly Uint8Array[]) {
    this.#from = from;
    this.#agreed = common;
    this.#pieces = pieces;
  }

  get written(): Uint8Array {
    return Buffer.concat(this.#written);
  }

  /** Bytes that did not belong to a whole message. */
  get left(): number {
    return this.#record.length + this.#packets.buffered + (this.#messages.midMessage ? 1 : 0);
  }

  push(bytes: Uint8Array): void {
    if (this.#record.length > 0 || (this.#packets.buffered === 0 && isTls(bytes[0] ?? 0))) return this.#pushRecord(bytes);
    this.#packets.push(bytes);
    while (this.#packets.next()) {
      const message = this.#messages.add(this.#packets);
      if (message !== undefined) this.#message(message);
      if (this.#packets.buffered > 0 && !this.#messages.midMessage && this.#nextIsTls()) return;
    }
  }

  #nextIsTls(): boolean {
    const rest = this.#packets.takeRest();
    if (!isTls(rest[0] ?? 0)) {
      this.#packets.push(rest);
      return false;
    }
    this.#pushRecord(rest);
    return true;
  }

  #pushRecord(bytes: Uint8Array): void {
    this.#record = Buffer.concat([this.#record, bytes]);
    if (this.#record.length < TLS_HEADER) return;
    const length = TLS_HEADER + (((this.#record[3] ?? 0) << 8) | (this.#record[4] ?? 0));
    if (this.#record.length < length) return;
    this.seen.push({ kind: 'tls' });
    this.#written.push(this.#record.subarray(0, length));
    const rest = this.#record.subarray(length);
    this.#record = new Uint8Array(0);
    if (rest.length > 0) this.push(rest);
  }

  #message(message: WireMessage): void {
    const payload = this.#from === 'client' ? this.#clientPayload(message) : this.#serverPayload(message);
    const [first] = message.packets;
    const header = {
      type: message.type,
      status: message.status & ~1,
      packetSize: 32_767,
      spid: ((first?.[4] ?? 0) << 8) | (first?.[5] ?? 0),
      packetId: first?.[PACKET_ID] ?? 0,
    };
    const writer = new PacketWriter().begin(header);
    let at = 0;
    message.packets.forEach((packet, i) => {
      const body = packet.length - PACKET_HEADER;
      writer.bytes(payload, at, Math.min(at + body, payload.length));
      at += body;
      if (i < message.packets.length - 1) writer.cut();
    });
    writer.bytes(payload, Math.min(at, payload.length));
    const written = writer.end().take();
    // Not every server counts its packets.
    let start = 0;
    for (const packet of message.packets) {
      written[start + PACKET_ID] = packet[PACKET_ID] ?? 0;
      start += packet.length;
    }
    this.#written.push(written);
    this.messages += 1;
  }

  #clientPayload({ type, payload }: WireMessage): Uint8Array {
    switch (type) {
      case PACKET_TYPE.PRELOGIN:
        return this.#preloginPayload(payload);
      case PACKET_TYPE.LOGIN7: {
        const login = readLogin7(payload);
        this.#agreed.layout = versionLayout(versionOf(login.tdsVersion));
        this.seen.push({ kind: 'login' });
        return encodeLogin7(login);
      }
      case PACKET_TYPE.BULK_LOAD: {
        const before = this.rows;
        const encoded = this.#tokenPayload(payload, new TokenReader(this.#agreed.layout, { from: 'bulk-load' }), 'bulk-load');
        this.seen.push({ kind: 'bulk-load', rows: this.rows - before });
        return encoded;
      }
      default:
        return this.#requestPayload(type, payload);
    }
  }

  #requestPayload(type: number, payload: Uint8Array): Uint8Array {
    const { layout } = this.#agreed;
    this.#agreed.fetches = false;
    switch (type) {
      case PACKET_TYPE.SQL_BATCH: {
        const batch = decodeSqlBatch(payload, layout);
        this.seen.push({ kind: 'batch', text: batch.text });
        return encodeSqlBatch(batch);
      }
      case PACKET_TYPE.RPC: {
        const request = decodeRpcRequest(payload, layout);
        this.seen.push({ kind: 'rpc', request });
        this.#agreed.fetches = request.calls.some(({ procedure }) => 'id' in procedure && procedure.id === SP_CURSORFETCH);
        return encodeRpcRequest(request, layout);
      }
      case PACKET_TYPE.TRANSACTION_MANAGER: {
        const request = decodeTransactionManagerRequest(payload, layout);
        this.seen.push({ kind: 'transaction-manager', request: request.request.kind });
        return encodeTransactionManagerRequest(request);
      }
      case PACKET_TYPE.ATTENTION:
        this.seen.push({ kind: 'attention' });
        return payload;
      default:
        throw new Error(`a message of type ${type}`);
    }
  }

  #preloginPayload(payload: Uint8Array): Uint8Array {
    if (isTls(payload[0] ?? 0)) {
      this.seen.push({ kind: 'tls' });
      return payload;
    }
    this.#sawPrelogin = true;
    this.seen.push({ kind: 'prelogin' });
    return encodePrelogin(readPrelogin(payload));
  }

  #serverPayload({ type, payload }: WireMessage): Uint8Array {
    if (type === PACKET_TYPE.PRELOGIN || !this.#sawPrelogin) return this.#preloginPayload(payload);
    return this.#tokenPayload(payload, new TokenReader(this.#agreed.layout), 'server');
  }

  #tokenPayload(payload: Uint8Array, reader: TokenReader, of: 'server' | 'bulk-load'): Uint8Array {
    const writer = new PayloadWriter();
    reader.watchesReturnValues = false;
    let row: Uint8Array[] = [];
    let columns: readonly Pick<Column, 'type'>[] = [];
    for (const piece of this.#pieces(payload)) {
      reader.push(piece, 0, piece.length);
      for (let event = reader.next(); event !== undefined; event = reader.next()) {
        const bytes = reader.buffer.slice(reader.start, reader.end);
        if (event === 'token') {
          columns = this.#token(writer, reader, of);
        } else if (event === 'row') {
          columns = reader.columns ?? [];
          this.rows += 1;
          row = [bytes];
        } else if (event === 'span') row.push(bytes);
        else if (event === 'row-end') {
          writeRow(writer, reader.tokenType, Buffer.concat(row), columns);
          row = [];
        } else throw new Error(`${event} of a row that is not watched`);
      }
    }
    reader.endMessage();
    return writer.take();
  }

  #token(writer: PayloadWriter, reader: TokenReader, of: 'server' | 'bulk-load'): readonly Pick<Column, 'type'>[] {
    const { token } = reader;
    encodeToken(writer, token, this.#agreed.layout, of);
    if (of === 'server') this.tokens.push(token);
    if (token.kind === 'LOGINACK') this.#agreed.layout = versionLayout(versionOf(token.tdsVersion));
    if (token.kind === 'RETURNVALUE') return [token];
    const lacksRowstat = this.#agreed.fetches && token.kind === 'COLMETADATA' && !token.columns?.some(({ name }) => name === 'ROWSTAT');
    if (lacksRowstat && token.kind === 'COLMETADATA' && token.columns !== undefined) reader.useColumns([...token.columns, ROWSTAT]);
    return [];
  }
}

function writeRow(writer: PayloadWriter, type: number, bytes: Uint8Array, columns: readonly Pick<Column, 'type'>[]): void {
  const bitmap = type === TOKEN.NBCROW ? nullBitmapBytes(columns.length) : 0;
  const head = type === TOKEN.RETURNVALUE ? 0 : 1 + bitmap;
  writer.bytes(bytes.subarray(0, head));
  const cells = new PayloadReader(bytes, head);
  columns.forEach(({ type: typeInfo }, i) => {
    if (bitmap > 0 && isNullBit(bytes, 1, i)) return;
    writeCell(writer, typeInfo, readCell(cells, typeInfo, 'row'), 'row');
  });
  cells.finish();
}

function isTls(byte: number): boolean {
  return byte >= 0x14 && byte <= 0x17;
}
