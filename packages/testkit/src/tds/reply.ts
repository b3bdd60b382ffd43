import type { CannedItem, CannedMessage, CannedSqlServerColumn, CannedValue } from './canned-answers.js';
import type { ReplyWriter } from './packets.js';
import type { TdsVersion } from './tds-version.js';
import {
  browseTokens,
  colmetadata,
  COMMAND,
  done,
  DONE_STATUS,
  message,
  order,
  returnStatus,
  returnValue,
  row,
  sentColumns,
  type Done,
} from './tokens.js';

/** What a reply needs to know of its connection, and tells it. */
export interface ReplyPlace {
  readonly version: TdsVersion;
  readonly serverName: string;
  /** An attention has come: nothing more is to be sent. */
  isCancelled(): boolean;
  /** Settles when an attention comes. */
  readonly cancelled: Promise<unknown>;
  /** Settles when what was sent has left. */
  drained(): Promise<void>;
  close(): void;
  setDatabase(name: string): Buffer;
  /** `undefined` without a transaction to end. */
  changeTransaction(action: 'begin' | 'commit' | 'rollback'): Buffer | undefined;
  inTransaction(): boolean;
}

/** A RETURNVALUE: `ordinal` is the place of the parameter in its call, from 0. */
export interface Output {
  readonly ordinal: number;
  readonly name: string;
  readonly type: string;
  readonly value: CannedValue;
}

type OutputItem = Extract<CannedItem, { kind: 'output' }>;

/** Rows of a cursor carry one more cell. */
export const ROWSTAT: CannedSqlServerColumn = { name: 'ROWSTAT', type: 'int not null' };

const SLICE_ROWS = 256;

/**
 * One reply: the tokens of a script's items, and the DONE that each of them and the whole need. DONE tokens are written when it is known whether
 * another follows.
 */
export class Reply {
  readonly #writer: ReplyWriter;
  readonly #place: ReplyPlace;
  readonly #isCall: boolean;
  #pending: Done | undefined;
  #failed = false;
  #status = 0;
  readonly #outputs: OutputItem[] = [];

  constructor(writer: ReplyWriter, place: ReplyPlace, isCall: boolean) {
    this.#writer = writer;
    this.#place = place;
    this.#isCall = isCall;
  }

  get failed(): boolean {
    return this.#failed;
  }

  get outputs(): readonly OutputItem[] {
    return this.#outputs;
  }

  async give(items: readonly CannedItem[]): Promise<void> {
    for (const item of items) {
      if (this.#place.isCancelled()) return;
      await this.#item(item);
    }
  }

  /** The end of a batch. */
  end(): void {
    const end = this.#pending ?? { status: DONE_STATUS.final, command: COMMAND.none, count: 0 };
    this.#pending = undefined;
    this.#writer.write(done('done', { ...end, status: end.status | this.#transactionBit() }, this.#place.version));
  }

  /** The end of a call: return status, output parameters, DONEPROC. `more`: another call of the message follows. */
  endCall(outputs: readonly Output[], more = false): void {
    this.#flushPending('inProcedure');
    const { version } = this.#place;
    this.#writer.write(returnStatus(this.#status));
    for (const { ordinal, name, type, value } of outputs) this.#writer.write(returnValue(ordinal, name, type, value, version));
    const status = (more ? DONE_STATUS.more : 0) | this.#errorBit() | this.#transactionBit();
    this.#writer.write(done('procedure', { status, command: COMMAND.execute, count: 0 }, version));
  }

  /** A token between others. */
  token(bytes: Uint8Array): void {
    this.#flushPending(this.#isCall ? 'inProcedure' : 'done');
    this.#writer.write(bytes);
  }

  /** COLMETADATA alone, as of a statement that is prepared or a cursor that is opened. */
  metadata(columns: readonly CannedSqlServerColumn[], browse: boolean): void {
    const { version } = this.#place;
    const sent = sentColumns(columns, version);
    this.token(colmetadata(sent, version));
    if (browse) this.token(browseTokens(sent, version));
  }

  /** The DONE of a statement that gives no rows of its own here. */
  statementDone(): void {
    this.token(Buffer.alloc(0));
    this.#pending = { status: DONE_STATUS.final, command: COMMAND.select, count: 0 };
  }

  /** Rows as a cursor's fetch gives them: ROWSTAT behind each, in COLMETADATA or not. */
  fetched(
    columns: readonly CannedSqlServerColumn[],
    rows: readonly (readonly CannedValue[])[],
    rowstat: 'listed' | 'unlisted' | 'no metadata',
  ): void {
    const { version } = this.#place;
    const all = sentColumns([...columns, ROWSTAT], version);
    const listed = rowstat === 'listed' ? all : rowstat === 'unlisted' ? all.slice(0, -1) : [];
    this.token(colmetadata(listed, version));
    for (const cells of rows) this.#writer.write(row(all, [...cells, 1], { chunkBytes: 8_000, unknownLength: false }, false));
    this.#pending = { status: DONE_STATUS.count, command: COMMAND.select, count: rows.length };
  }

  async #item(item: CannedItem): Promise<void> {
    switch (item.kind) {
      case 'rows':
        return this.#rows(item);
      case 'count':
        this.token(Buffer.alloc(0));
        this.#pending = { status: item.noCount === true ? 0 : DONE_STATUS.count, command: COMMAND.insert, count: item.count };
        return;
      case 'error':
        this.#failed = true;
        return this.#message('error', item, DONE_STATUS.error);
      case 'info':
        return this.#message('info', item, undefined);
      case 'return status':
        this.#status = item.value;
        return;
      case 'output':
        this.#outputs.push(item);
        return;
      case 'database':
        this.token(this.#place.setDatabase(item.name));
        return;
      case 'transaction':
        this.token(this.#place.changeTransaction(item.action) ?? Buffer.alloc(0));
        return;
      case 'raw':
        this.token(item.tokens);
        return;
      case 'wait':
        this.token(Buffer.alloc(0));
        this.#writer.flush();
        await Promise.race([item.until ?? new Promise(() => undefined), this.#place.cancelled]);
        return;
      case 'close':
        this.#writer.flush();
        this.#place.close();
        return;
      default:
        throw new Error(`unexpected ${String(item satisfies never)}`);
    }
  }

  async #rows(item: Extract<CannedItem, { kind: 'rows' }>): Promise<void> {
    const { version } = this.#place;
    const { nullBitmap = 'auto', plpChunkBytes = 8_000, plpUnknownLength = false } = item;
    const plp = { chunkBytes: plpChunkBytes, unknownLength: plpUnknownLength };
    const columns = sentColumns(item.columns, version);
    this.metadata(item.columns, item.browse === true);
    if (item.order !== undefined) this.token(order(item.order));
    const mayHaveBitmap = nullBitmap !== 'never' && ['7.3B', '7.4', '8.0'].includes(version);
    let count = 0;
    for (const cells of item.rows) {
      if (count > 0 && count % SLICE_ROWS === 0) {
        await this.#place.drained();
        if (this.#place.isCancelled()) return;
      }
      const bitmap = mayHaveBitmap && (nullBitmap === 'always' || cells.includes(null));
      this.#writer.write(row(columns, cells, plp, bitmap));
      count += 1;
    }
    this.#pending = { status: item.noCount === true ? 0 : DONE_STATUS.count, command: COMMAND.select, count };
  }

  /** An error ends its statement, a message does not. */
  #message(kind: 'error' | 'info', text: CannedMessage, status: number | undefined): void {
    this.token(message(kind, text, this.#place.serverName, this.#place.version));
    if (status !== undefined) this.#pending = { status, command: COMMAND.select, count: 0 };
  }

  #flushPending(token: 'done' | 'inProcedure'): void {
    if (this.#pending === undefined) return;
    const { status } = this.#pending;
    const bits = DONE_STATUS.more | this.#transactionBit();
    this.#writer.write(done(token, { ...this.#pending, status: status | bits }, this.#place.version));
    this.#pending = undefined;
  }

  #errorBit(): number {
    return this.#failed ? DONE_STATUS.error : 0;
  }

  #transactionBit(): number {
    return this.#place.inTransaction() ? DONE_STATUS.inTransaction : 0;
  }
}
