import { type CellMask, type RowAllowance, takeRowsOf, UnmaskableResult } from '@sqlwarden/core';
import { ProtocolError } from '../protocol/protocol-error.js';
import { rowLayout } from '../protocol/row-walk.js';
import { type ColInfo, type ColMetadata, type Column, type ReturnValue, type TabName, TOKEN } from '../protocol/server-token.js';
import type { TokenEvent, TokenReader } from '../protocol/token-reader.js';
import type { ExpectedReply, RepliesTo, Work } from './expected-reply.js';
import type { ReplyStream } from './reply-stream.js';
import { type BoundResult, endsWithRowStat, ResultBinding, withColInfo } from './result-binding.js';
import { isUnprotected, nextResult } from './result-plans.js';
import { returnValueUse } from './return-values.js';
import { RowMasker } from './row-masker.js';

type Columns = readonly Column[];
type RowEvent = Exclude<TokenEvent, 'token'>;

/** What the cells of rows, or the one of a RETURNVALUE, are read for. */
interface Reading {
  /** How each is masked; shorter than the row where the rest passes. */
  readonly cells: readonly (CellMask | null)[];
  readonly forms: Uint8Array;
  /** Cells come one by one; else rows are passed over. */
  readonly isWatched: boolean;
}

const NO_CELLS: readonly (CellMask | null)[] = Object.freeze([]);
const UNREAD: Reading = { cells: NO_CELLS, forms: new Uint8Array(0), isWatched: false };
const NO_COLINFO: ColInfo = { kind: 'COLINFO', columns: [] };
const MAX_OWN_BYTES = 8;

/** Reads the results of replies: binds masks to COLMETADATA, and masks rows and output parameters as they come. One instance per session. */
export class ResultReader {
  readonly #talk: RepliesTo;
  readonly #stream: ReplyStream;
  readonly #masker: RowMasker;
  readonly #binding: ResultBinding;
  #result: BoundResult | undefined;
  #plans: Parameters<ResultBinding['bind']>[0] = [];
  #returned: RowAllowance | undefined;
  #tables: TabName['tables'] = [];
  #reading = UNREAD;
  /** A long cell that is not masked is read and not at its end. */
  #passesLong = false;
  /** Takes the number in the RETURNVALUE that is read. */
  #takeOwn: ((value: number) => void) | undefined;
  /** A row, or the value of a RETURNVALUE, is read and not at its end: the client may have a part of it. */
  inRow = false;

  constructor(talk: RepliesTo, stream: ReplyStream, maxValueBytes: number) {
    this.#talk = talk;
    this.#stream = stream;
    this.#masker = new RowMasker(stream, maxValueBytes);
    this.#binding = new ResultBinding(talk.tools);
  }

  /** The result at hand. */
  get result(): BoundResult | undefined {
    return this.#result;
  }

  /** What the rows of the result at hand draw from. */
  get returned(): RowAllowance | undefined {
    return this.#returned;
  }

  /** Rows of a cursor may come without COLMETADATA, which the client has had. */
  begin(tokens: TokenReader, head: ExpectedReply | undefined): void {
    this.end();
    const cursor = head?.work?.call?.cursor;
    if (head !== undefined && cursor !== undefined) this.#use(tokens, head, cursor.result.columns);
  }

  /** The result at hand is at its end. */
  end(): void {
    this.#result = undefined;
    this.#plans = [];
    this.#returned = undefined;
    this.#tables = [];
    this.#reading = UNREAD;
    this.#takeOwn = undefined;
    this.inRow = false;
  }

  // ---- what describes a result ----

  columns(tokens: TokenReader, { columns }: ColMetadata, head: ExpectedReply): void {
    const call = head.work?.call;
    if (columns === undefined) {
      const known = call?.cursor?.result ?? call?.statement?.lastResult;
      if (known !== undefined) this.#use(tokens, head, known.columns);
      return;
    }
    const open = call?.cursor?.result.columns;
    // The server tells of ROWSTAT when the cursor is opened, and may leave it out when rows are fetched.
    if (open !== undefined && open.length === columns.length + 1 && endsWithRowStat(open))
      return this.#use(tokens, head, [...columns, ...open.slice(-1)]);
    this.#use(tokens, head, columns, tokens.buffer.subarray(tokens.start, tokens.end));
  }

  tables({ tables }: TabName): void {
    this.#tables = tables;
  }

  /** The server's second opinion: where the columns come from. */
  origins(tokens: TokenReader, info: ColInfo, head: ExpectedReply): void {
    const { work } = head;
    const result = this.#result;
    const [plan] = this.#plans;
    if (work === undefined || result === undefined || plan === undefined || plan.byOrigin.size === 0) return;
    const described = withColInfo(result.columns, this.#tables, info);
    const hasRowStat = plan.outputs.length === result.columns.length - 1;
    this.#take(tokens, this.#binding.withOrigins(this.#plans, result.columns, described, hasRowStat), work);
  }

  /** `metadata`: the COLMETADATA that tells all of the columns. */
  #use(tokens: TokenReader, head: ExpectedReply, columns: Columns, metadata?: Uint8Array): void {
    const { work } = head;
    tokens.useColumns(columns);
    this.end();
    if (work === undefined) throw new ProtocolError('unexpected-message', 'a result came where none was asked for');
    const { call } = work;
    const mayHaveRowStat = (call?.cursorAt !== undefined || call?.cursor !== undefined) && endsWithRowStat(columns);
    const next = nextResult(head, work, mayHaveRowStat ? [columns.length, columns.length - 1] : [columns.length]);
    if (next === undefined) throw new UnmaskableResult('the result belongs to no statement that was analysed');
    const hasRowStat = mayHaveRowStat && next.plans[0]?.outputs.length === columns.length - 1;
    this.#plans = next.plans;
    this.#returned = call?.cursor?.returned ?? next.returned;
    const bound =
      metadata === undefined
        ? this.#binding.withOrigins(next.plans, columns, withColInfo(columns, [], NO_COLINFO), hasRowStat)
        : this.#binding.bind(next.plans, columns, metadata, hasRowStat);
    this.#take(tokens, bound, work);
  }

  #take(tokens: TokenReader, bound: BoundResult, work: Work): void {
    const { rows, watched, columns } = bound;
    this.#result = bound;
    tokens.watch(watched);
    this.#reading = watched === undefined ? UNREAD : { cells: rows.cells ?? NO_CELLS, forms: rowLayout(columns).forms, isWatched: true };
    if (work.call?.statement !== undefined) work.call.statement.lastResult = bound;
    const { disagreements } = rows;
    if (disagreements.length > 0) this.#talk.host.security({ kind: 'lineage-disagreement', ticket: work.ticket, columns: disagreements });
  }

  // ---- output parameters ----

  /** `takeOwn`: gets the number of a parameter of the server's own, unless it is NULL. */
  returnValue(tokens: TokenReader, token: ReturnValue, head: ExpectedReply, takeOwn: (ordinal: number, value: number) => void): void {
    // INVARIANT: no row comes after it under the columns before it, whose masks are given up here.
    tokens.useColumns(undefined);
    this.end();
    const use = returnValueUse(head.works.slice(head.at), token, this.#talk.tools);
    const cells = use.kind === 'masked' ? [use.mask] : NO_CELLS;
    this.#reading = { cells, forms: rowLayout([token]).forms, isWatched: true };
    if (use.kind === 'own') this.#takeOwn = (value) => takeOwn(token.ordinal, value);
    this.inRow = true;
  }

  // ---- rows ----

  /** Passes over rows of which no cell is looked at. */
  skip(tokens: TokenReader, head: ExpectedReply | undefined): void {
    if (this.#reading.isWatched) return;
    const returned = this.#returned;
    const rows = tokens.skipRows(returned === undefined ? Number.POSITIVE_INFINITY : returned.remaining);
    this.#stream.skip(tokens.position);
    if (rows === 0 && !this.inRow) return;
    takeRowsOf(returned, rows);
    if (head?.work !== undefined) head.work.rowsReturned += rows;
    this.inRow = tokens.midRow;
  }

  /** What becomes of bytes at the end of a packet that no event has told of. */
  rest(tokens: TokenReader): 'passes' | 'held' | 'dropped' {
    if (this.#masker.isInLong) return 'dropped';
    if (tokens.midRow) return this.#passesLong || !this.#reading.isWatched ? 'passes' : 'held';
    return tokens.midToken ? 'held' : 'passes';
  }

  /** Takes an event that is no token. */
  event(tokens: TokenReader, event: RowEvent, head: ExpectedReply | undefined): void {
    const { buffer, start, end, position } = tokens;
    if (event === 'row-end') return this.#endRow(head);
    if (event === 'part' || event === 'long-end') this.#stream.skip(position);
    else this.#stream.token(buffer, start, end, position);
    switch (event) {
      case 'row':
        return this.#row(tokens, head);
      case 'cell':
        return this.#cell(tokens);
      case 'long-cell':
        return this.#beginLong(tokens);
      case 'part':
        if (this.#masker.isInLong) this.#masker.part(buffer, tokens.valueStart, end);
        return;
      case 'long-end':
        return this.#endLong(tokens);
      default:
    }
  }

  #row(tokens: TokenReader, head: ExpectedReply | undefined): void {
    const work = head?.work;
    if (tokens.tokenType === TOKEN.ALTROW && (work === undefined || !isUnprotected(work)))
      throw new UnmaskableResult('rows of a COMPUTE clause cannot be masked');
    takeRowsOf(this.#returned, 1);
    if (work !== undefined) work.rowsReturned += 1;
    this.inRow = true;
  }

  #cell({ buffer, valueStart, end, column }: TokenReader): void {
    if (valueStart < 0) return;
    this.#takeOwn?.(numberIn(buffer.subarray(valueStart, end)));
    const mask = this.#reading.cells[column];
    if (mask !== null && mask !== undefined) this.#masker.cell(mask, this.#reading.forms[column] as number, buffer, valueStart, end);
  }

  #beginLong({ column, longLength }: TokenReader): void {
    const mask = this.#reading.cells[column];
    if (mask === null || mask === undefined) this.#passesLong = true;
    else this.#masker.begin(mask, longLength);
  }

  #endLong({ column }: TokenReader): void {
    this.#passesLong = false;
    if (!this.#masker.isInLong) return;
    this.#stream.replace();
    this.#masker.end(this.#reading.forms[column] as number);
  }

  #endRow(head: ExpectedReply | undefined): void {
    this.inRow = false;
    const { maskedCells } = this.#masker;
    this.#masker.maskedCells = 0;
    if (head?.work !== undefined) head.work.maskedCells += maskedCells;
  }
}

/** A signed number. */
function numberIn(cell: Uint8Array): number {
  if (cell.length > MAX_OWN_BYTES) return 0;
  let value = 0n;
  for (let at = cell.length - 1; at >= 0; at--) value = (value << 8n) | BigInt(cell[at] as number);
  return Number(BigInt.asIntN(cell.length * 8, value));
}
