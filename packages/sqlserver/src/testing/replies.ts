import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { type AdmittedStatement, type MaskPlan, Outbox, type Outcome, type OutputMask, type SecurityEvent } from '@sqlwarden/core';
import { cellType } from '../masking/index.js';
import { type CellValue, writeCell, writeNull } from '../protocol/cell-value.js';
import { DATA_TYPE } from '../protocol/data-types.js';
import { PACKET_TYPE } from '../protocol/packet.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodeMessage } from '../protocol/packet-writer.js';
import { PayloadWriter } from '../protocol/payload-writer.js';
import { type Column, type Done, type ServerToken, TOKEN } from '../protocol/server-token.js';
import { versionLayout, versionNumber, type TdsVersion } from '../protocol/tds-version.js';
import { encodeToken } from '../protocol/token-codec.js';
import { TokenReader } from '../protocol/token-reader.js';
import type { TypeInfo } from '../protocol/type-info.js';
import type { ExpectedReply, RepliesTo, Work } from '../session/expected-reply.js';
import { ServerMessages } from '../session/server-messages.js';

export const PASSES: AdmittedStatement = {
  plan: undefined,
  changesState: false,
  changesSchema: false,
  hasEffects: false,
  action: 'select',
  mayCopy: false,
};

const REDACTED: OutputMask = { label: 'pii', function: { kind: 'redact', text: '[hidden]' }, sources: ['dbo.people.ssn'] };
/** Something is protected, though no test reads it. */
export const PROTECTED: MaskPlan['byOrigin'] = new Map([['elsewhere', REDACTED]]);

export function mask(fn: OutputMask['function']): OutputMask {
  return { label: 'pii', function: fn, sources: ['dbo.people.ssn'] };
}

/** A statement with these masks for its outputs. */
export function planned(outputs: readonly (OutputMask | null)[], more: Partial<AdmittedStatement> = {}): AdmittedStatement {
  return { ...PASSES, plan: { outputs, byOrigin: PROTECTED }, ...more };
}

const tools: RepliesTo['tools'] = {
  cellType: (of: Parameters<typeof cellType>[0]) => cellType(of),
  hash: {
    sha256: (data: Uint8Array) => createHash('sha256').update(data).digest(),
    hmacSha256: (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest(),
    pbkdf2Sha256: (password, salt, iterations, length) => pbkdf2Sync(password, salt, iterations, length, 'sha256'),
  },
  maskKey: new Uint8Array(32).fill(7),
  compilePattern: () => ({ test: () => false, replaceAll: (text) => text }),
};

/** The session's side of what is tested: says what is expected, and keeps what it is told. */
export class Talk implements RepliesTo {
  readonly tools = tools;
  readonly host: RepliesTo['host'];
  readonly toClient: Outbox;
  readonly toServer: Outbox;
  readonly tdsVersion: number;
  readonly packetSize: number;
  #expected: ExpectedReply | undefined = undefined;
  stateStale = false;
  readonly state = { database: 'app' };
  readonly outcomes: { readonly status: Outcome['status']; readonly work: Work | undefined; readonly suspended: boolean }[] = [];
  readonly security: SecurityEvent[] = [];
  readonly environment: (readonly [number, string])[] = [];
  readonly told: string[] = [];
  readonly shown: Uint8Array[] = [];
  replies = 0;
  readonly messages: ServerMessages;
  readonly #packets = new PacketSplitter();

  constructor(version: TdsVersion = '7.4', packetSize = 4096, maxValueBytes = 1 << 20) {
    this.tdsVersion = versionNumber(version);
    this.packetSize = packetSize;
    this.toClient = new Outbox('client', (_, bytes) => void this.shown.push(bytes.slice()));
    this.toServer = new Outbox('server', () => undefined);
    this.host = { security: (event: SecurityEvent) => this.security.push(event) } as unknown as RepliesTo['host'];
    this.messages = new ServerMessages(this, this.#packets, maxValueBytes);
  }

  get expected(): ExpectedReply | undefined {
    return this.#expected;
  }

  set expected(reply: ExpectedReply | undefined) {
    this.#expected = reply;
    if (reply === undefined) this.replies += 1;
  }

  settle(work: Work | undefined, status: Outcome['status'], suspended = false): void {
    this.outcomes.push({ status, work, suspended });
  }

  touched(_work: Work, action: string): void {
    this.told.push(`touched ${action}`);
  }

  statementEnded(_work: Work, action: string): void {
    this.told.push(`ended ${action}`);
  }

  failed(number: number): void {
    this.told.push(`failed ${number}`);
  }

  environmentChanged(type: number, newValue: Uint8Array): void {
    this.environment.push([type, Buffer.from(newValue).toString('hex')]);
  }

  /** Bytes of the server come. */
  receive(bytes: Uint8Array): void {
    this.#packets.push(bytes);
    while (this.messages.step());
    this.toClient.flush();
  }

  get client(): Uint8Array {
    return Buffer.concat(this.shown);
  }
}

export function column(name: string, type: TypeInfo, more: Partial<Column> = {}): Column {
  return { userType: 0, flags: 1, type, name, ...more };
}

export const INT: TypeInfo = { type: DATA_TYPE.INT4, name: 'INT4', form: 'fixed', maxLength: 4 };
export const INTN: TypeInfo = { type: DATA_TYPE.INTN, name: 'INTN', form: 'byte-length', maxLength: 4 };
const LATIN = { lcid: 1033, flags: 0x0d, version: 0, sortId: 52 };
export const NVARCHAR: TypeInfo = { type: DATA_TYPE.NVARCHAR, name: 'NVARCHAR', form: 'ushort-length', maxLength: 200, collation: LATIN };
export const NVARCHAR_MAX: TypeInfo = { ...NVARCHAR, form: 'plp', maxLength: undefined };

/** A row to be written: `null` for NULL. */
export type Row = readonly (CellValue | null)[];

/** What a server sends, token by token. */
export class Reply {
  readonly #writer = new PayloadWriter();
  readonly #layout;
  #columns: readonly Column[] = [];

  constructor(version: TdsVersion = '7.4') {
    this.#layout = versionLayout(version);
  }

  token(token: ServerToken): this {
    encodeToken(this.#writer, token, this.#layout);
    return this;
  }

  columns(...columns: readonly Column[]): this {
    this.#columns = columns;
    return this.token({ kind: 'COLMETADATA', columns });
  }

  row(...cells: Row): this {
    this.#writer.int1(TOKEN.ROW);
    this.#cells(cells, false);
    return this;
  }

  nbcRow(...cells: Row): this {
    this.#writer.int1(TOKEN.NBCROW);
    const bitmap = new Uint8Array((cells.length + 7) >> 3);
    for (const [at, cell] of cells.entries()) if (cell === null) bitmap[at >> 3] = (bitmap[at >> 3] ?? 0) | (1 << (at & 7));
    this.#writer.bytes(bitmap);
    this.#cells(cells, true);
    return this;
  }

  #cells(cells: Row, leavesNulls: boolean): void {
    for (const [at, cell] of cells.entries()) {
      const type = this.#columns[at]?.type;
      if (type === undefined) throw new Error('a row has more cells than columns');
      if (cell !== null) writeCell(this.#writer, type, cell, 'row');
      else if (!leavesNulls) writeNull(this.#writer, type, 'row');
    }
  }

  /** RETURNVALUE with its value. */
  value(ordinal: number, type: TypeInfo, value: CellValue | null, name = ''): this {
    this.token({ kind: 'RETURNVALUE', ordinal, name, status: 1, userType: 0, flags: 1, type });
    if (value === null) writeNull(this.#writer, type, 'row');
    else writeCell(this.#writer, type, value, 'row');
    return this;
  }

  error(number: number, message: string, kind: 'ERROR' | 'INFO' = 'ERROR', severity = kind === 'ERROR' ? 16 : 0): this {
    return this.token({ kind, number, state: 3, class: severity, message, serverName: 'srv', procedureName: '', line: 2 });
  }

  done(kind: Done['kind'], status: number, currentCommand = 0xc1, rows = 0): this {
    return this.token({ kind, status, currentCommand, rowCount: BigInt(rows) });
  }

  /** In packets. */
  bytes(packetSize = 4096): Uint8Array {
    return encodeMessage({ type: PACKET_TYPE.TABULAR_RESULT, packetSize, spid: 51 }, this.#writer.take());
  }
}

/** What a client reads. */
export interface Read {
  readonly tokens: readonly ServerToken[];
  /** Values in hex. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly values: readonly (string | null)[];
  readonly messages: number;
}

/** Reads what a client got; throws when it is not whole. `columns`: what it knows where a COLMETADATA tells nothing. */
export function readAsClient(bytes: Uint8Array, version: TdsVersion = '7.4', columns?: readonly Column[]): Read {
  const packets = new PacketSplitter();
  const reader = new TokenReader(versionLayout(version));
  const tokens: ServerToken[] = [];
  const rows: (string | null)[][] = [];
  const values: (string | null)[] = [];
  let row: (string | null)[] = [];
  let long = '';
  let messages = 0;
  const watch = (): void => reader.watch(reader.columns === undefined ? undefined : new Uint8Array(reader.columns.length).fill(1));
  watch();
  const hex = (start: number): string => Buffer.from(reader.buffer.slice(start, reader.end)).toString('hex');
  packets.push(bytes);
  while (packets.next()) {
    reader.push(packets.buffer, packets.bodyStart, packets.end);
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      if (event === 'token') {
        tokens.push(reader.token);
        if (reader.tokenType === TOKEN.COLMETADATA && reader.columns === undefined && columns !== undefined) reader.useColumns(columns);
        watch();
        row = [];
      } else if (event === 'row') row = [];
      else if (event === 'cell') row.push(reader.valueStart < 0 ? null : hex(reader.valueStart));
      else if (event === 'long-cell') long = '';
      else if (event === 'part') long += hex(reader.valueStart);
      else if (event === 'long-end') row.push(long);
      else if (event === 'row-end' && reader.tokenType === TOKEN.RETURNVALUE) values.push(row[0] ?? null);
      else if (event === 'row-end') rows.push(row);
    }
    if (packets.isLast) {
      reader.endMessage();
      messages += 1;
    }
  }
  if (packets.buffered > 0) throw new Error('a packet is not whole');
  return { tokens, rows, values, messages };
}

/** Pieces of random lengths, the same for the same seed. */
export function pieces(bytes: Uint8Array, seed: number, longest = 3000): Uint8Array[] {
  let state = seed;
  const cut: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const length = 1 + ((state >>> 8) % longest);
    cut.push(bytes.slice(at, at + length));
    at += length;
  }
  return cut;
}
