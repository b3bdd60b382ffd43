/** What one statement was answered: rows, or that it is done, or an error. Pages "COM_QUERY Response", "Binary Protocol Resultset". */
export type Result =
  | { readonly kind: 'rows'; readonly columns: readonly Column[]; readonly rows: readonly Row[]; readonly status: number }
  | { readonly kind: 'ok'; readonly affected: number; readonly insertId: bigint; readonly status: number; readonly info: string }
  | { readonly kind: 'error'; readonly number: number; readonly sqlState: string; readonly message: string };

export type Row = readonly (Buffer | null)[];

/** A column definition: all of its packet, and its name. */
export interface Column {
  readonly name: string;
  readonly type: number;
  /** The definition without the database's name, which is another one in a twin. */
  readonly described: string;
}

export const MORE_RESULTS = 0x0008;
export const CURSOR_EXISTS = 0x0040;
export const LAST_ROW_SENT = 0x0080;

/** A place in a payload. */
export class Cursor {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  int(size: number): number {
    this.at += size;
    return size === 0 ? 0 : this.bytes.readUIntLE(this.at - size, size);
  }

  lenenc(): bigint {
    const first = this.int(1);
    if (first < 0xfb) return BigInt(first);
    if (first === 0xfc) return BigInt(this.int(2));
    if (first === 0xfd) return BigInt(this.int(3));
    this.at += 8;
    return this.bytes.readBigUInt64LE(this.at - 8);
  }

  take(size: number): Buffer {
    this.at += size;
    if (this.at > this.bytes.length) throw new Error('a payload is shorter than it says');
    return this.bytes.subarray(this.at - size, this.at);
  }

  text(): Buffer {
    return this.take(Number(this.lenenc()));
  }

  untilNul(): string {
    const end = this.bytes.indexOf(0, this.at);
    const text = this.bytes.toString('utf8', this.at, end);
    this.at = end + 1;
    return text;
  }

  rest(): Buffer {
    return this.bytes.subarray(this.at);
  }
}

export function readError(payload: Buffer): Result {
  const message = payload.toString('utf8', payload[3] === 0x23 ? 9 : 3);
  return { kind: 'error', number: payload.readUInt16LE(1), sqlState: payload[3] === 0x23 ? payload.toString('latin1', 4, 9) : '', message };
}

export function readOk(payload: Buffer): Result & { readonly kind: 'ok' } {
  const cursor = new Cursor(payload, 1);
  const [affected, insertId] = [Number(cursor.lenenc()), cursor.lenenc()];
  const status = cursor.int(2);
  cursor.int(2);
  return { kind: 'ok', affected, insertId, status, info: cursor.rest().toString('latin1') };
}

export function readColumn(payload: Buffer): Column {
  const cursor = new Cursor(payload);
  cursor.text();
  const schema = cursor.text().toString('utf8');
  const names = [cursor.text(), cursor.text(), cursor.text(), cursor.text()].map((part) => part.toString('utf8'));
  cursor.lenenc();
  const rest = cursor.rest();
  const described = [schema === '' ? '' : 'schema', ...names, rest.toString('hex')].join(' | ');
  return { name: names[2] ?? '', type: rest.readUInt8(6), described };
}

export function readTextRow(payload: Buffer, columns: number): Row {
  const cursor = new Cursor(payload);
  return Array.from({ length: columns }, () => {
    if (cursor.bytes[cursor.at] !== 0xfb) return cursor.text();
    cursor.at += 1;
    return null;
  });
}

/** Sizes of types that are not told a length by themselves; page "Binary Protocol Value". */
const FIXED: Readonly<Record<number, number>> = { 1: 1, 2: 2, 3: 4, 4: 4, 5: 8, 8: 8, 9: 4, 13: 2 };
const NULL_TYPE = 6;
const TIMED = new Set([7, 10, 11, 12]);

export function readBinaryRow(payload: Buffer, columns: readonly Column[]): Row {
  const nulls = payload.subarray(1, 1 + Math.floor((columns.length + 9) / 8));
  const cursor = new Cursor(payload, 1 + nulls.length);
  const row = columns.map(({ type }, index) => {
    if (type === NULL_TYPE || ((nulls[(index + 2) >> 3] ?? 0) >> ((index + 2) & 7)) & 1) return null;
    const size = FIXED[type];
    if (size !== undefined) return cursor.take(size);
    return TIMED.has(type) ? cursor.take(cursor.int(1)) : cursor.text();
  });
  if (cursor.rest().length > 0) throw new Error('a row is longer than its columns');
  return row;
}
