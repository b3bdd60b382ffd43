import { type BackendMessage, cellsOf } from './backend-messages.js';

/** Shorter pieces turn up by chance, and masks such as `last4` leave them. Digits alone turn up sooner. */
const PIECE = 6;
const DIGITS = 8;

export interface Leak {
  /** How the piece was written. */
  readonly form: string;
  readonly piece: string;
}

/**
 * Finds pieces of secret values in what a client received: plain, reversed, in hex, in base64, in either letter case; spread over the cells
 * of a column or of a row; as character codes; and in the binary formats of numbers and dates.
 */
export class LeakOracle {
  readonly #forms = new Map<string, { readonly length: number; readonly pieces: Set<string> }>();
  readonly #binaryCells = new Set<string>();

  constructor(secrets: readonly string[]) {
    // The day of a date is that of other dates too.
    for (const secret of secrets) this.#learn(secret.toLowerCase().replace(/^(\d{4}-\d{2}-)\d{2}$/, '$1'));
    for (const secret of secrets) for (const cell of binaryFormsOf(secret)) this.#binaryCells.add(cell);
  }

  /** @param received every byte that the server sent; `messages`: the same, cut into messages. */
  findIn(received: Buffer, messages: readonly BackendMessage[]): Leak[] {
    return this.findInRows(received, messages.filter(({ type }) => type === 'D').map(cellsOf));
  }

  /** @param rows the cells of all rows among the bytes that were received. */
  findInRows(received: Buffer, rows: readonly Row[]): Leak[] {
    const cells = rows.flat().filter((cell) => cell !== null);
    const binary = cells.filter((cell) => this.#binaryCells.has(cell.toString('hex')));
    return [
      ...haystacks(received, rows).flatMap((text) => this.#search(text.toLowerCase())),
      ...binary.map((cell) => ({ form: 'binary', piece: cell.toString('hex') })),
    ];
  }

  #learn(secret: string): void {
    const reversed = [...secret].reverse().join('');
    this.#add('plain', PIECE, secret);
    this.#add('reversed', PIECE, reversed);
    this.#add('digits', DIGITS, secret);
    this.#add('reversed digits', DIGITS, reversed);
    this.#add('hex', PIECE * 2, Buffer.from(secret).toString('hex'));
    this.#add('hex of upper case', PIECE * 2, Buffer.from(secret.toUpperCase()).toString('hex'));
    this.#add('reversed hex', PIECE * 2, Buffer.from(reversed).toString('hex'));
    for (const text of [secret, secret.toUpperCase()]) {
      for (const shift of [0, 1, 2]) {
        const whole = Buffer.from(text.slice(shift, shift + Math.floor((text.length - shift) / 3) * 3)).toString('base64');
        this.#add('base64', 8, whole.toLowerCase());
      }
    }
  }

  #add(form: string, length: number, text: string): void {
    let entry = this.#forms.get(form);
    if (entry === undefined) this.#forms.set(form, (entry = { length, pieces: new Set() }));
    for (let at = 0; at + length <= text.length; at += 1) {
      const piece = text.slice(at, at + length);
      if (length > PIECE || /\D/.test(piece)) entry.pieces.add(piece);
    }
  }

  #search(text: string): Leak[] {
    const leaks: Leak[] = [];
    for (const [form, { length, pieces }] of this.#forms) {
      for (let at = 0; at + length <= text.length; at += 1) {
        const piece = text.slice(at, at + length);
        if (!pieces.has(piece)) continue;
        leaks.push({ form, piece });
        break;
      }
    }
    return leaks;
  }
}

type Row = readonly (Buffer | null)[];

function haystacks(received: Buffer, rows: readonly Row[]): string[] {
  const text = (cell: Buffer | null | undefined): string => cell?.toString('latin1') ?? '';
  const width = Math.max(0, ...rows.map((row) => row.length));
  const columns = Array.from({ length: width }, (_, index) => rows.map((row) => row[index] ?? null));
  const joined = [...columns, ...rows].map((cells) => cells.map(text).join(''));
  const codes = columns.map((cells) => cells.map((cell) => characterOf(cell)).join(''));
  const unspaced = received.toString('latin1').replaceAll(/[\s,{}()"']+/g, '');
  return [received.toString('latin1'), received.toString('utf16le'), unspaced, ...joined, ...codes, charactersIn(received)];
}

/** A cell that holds the code of a printable character, as that character. */
function characterOf(cell: Buffer | null): string {
  if (cell === null) return '';
  const text = cell.toString('latin1');
  const code = /^\d{2,3}$/.test(text) ? Number(text) : cell.length === 4 ? cell.readInt32BE(0) : 0;
  return code >= 32 && code < 127 ? String.fromCharCode(code) : '';
}

/** Lists of character codes, such as `{57,48,49}`. */
function charactersIn(received: Buffer): string {
  const runs = received.toString('latin1').match(/\d{2,3}(?:[,; ]+\d{2,3}){5,}/g) ?? [];
  return runs.map((run) => String.fromCharCode(...run.split(/\D+/).map(Number))).join(' ');
}

/**
 * The hex of a value in the binary formats of PostgreSQL's int8, numeric, float8 and date (page "binary format" of each type's send function),
 * and of MySQL's BIGINT, DOUBLE and DATE (page "Binary Protocol Value").
 */
function binaryFormsOf(secret: string): string[] {
  if (/^\d{4}-\d{2}-\d{2}$/.test(secret)) {
    const days = Buffer.alloc(4);
    days.writeInt32BE((Date.parse(secret) - Date.parse('2000-01-01')) / 86_400_000);
    const [year = 0, month = 0, day = 0] = secret.split('-').map(Number);
    return [days.toString('hex'), Buffer.from([year & 0xff, year >> 8, month, day]).toString('hex')];
  }
  if (!/^\d+(\.\d+)?$/.test(secret)) return [];
  const float = Buffer.alloc(8);
  float.writeDoubleBE(Number(secret));
  const integer = Buffer.alloc(8);
  integer.writeBigInt64BE(BigInt(secret.split('.')[0] ?? '0'));
  const both = [float, integer].flatMap((bytes) => [bytes.toString('hex'), Buffer.from(bytes).reverse().toString('hex')]);
  return [...both, numericHex(secret)];
}

/** Digits in base 10 000 after count, weight, sign and scale. */
function numericHex(secret: string): string {
  const [whole = '', fraction = ''] = secret.split('.');
  const left = whole.padStart(Math.ceil(whole.length / 4) * 4, '0');
  const right = fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  const groups = `${left}${right}`.match(/.{4}/g)?.map(Number) ?? [];
  while (groups.at(-1) === 0) groups.pop();
  const fields = [groups.length, left.length / 4 - 1, 0, fraction.length, ...groups];
  return fields.map((field) => field.toString(16).padStart(4, '0')).join('');
}
