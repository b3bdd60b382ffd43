import { int1, int2, int4, lenenc, nul, type Packet, packet, PayloadFields, text } from './packets.js';

/** Bits of {@link Input.variant}. */
export const VARIANT = { deprecateEof: 1, queryAttributes: 2, sessionTrack: 4 } as const;

const BASE = 0x0000_0001 | 0x0000_0004 | 0x0000_0200 | 0x0000_2000 | 0x0000_8000 | 0x0001_0000 | 0x0002_0000 | 0x0004_0000 | 0x0008_0000;
const CLIENT_SESSION_TRACK = 0x0080_0000;
const CLIENT_DEPRECATE_EOF = 0x0100_0000;
const CLIENT_QUERY_ATTRIBUTES = 0x0800_0000;

export function capabilitiesOf(variant: number): number {
  const has = (bit: number, flag: number): number => ((variant & bit) === 0 ? 0 : flag);
  return (
    BASE |
    has(VARIANT.deprecateEof, CLIENT_DEPRECATE_EOF) |
    has(VARIANT.queryAttributes, CLIENT_QUERY_ATTRIBUTES) |
    has(VARIANT.sessionTrack, CLIENT_SESSION_TRACK)
  );
}

export const COMMANDS = {
  quit: 0x01,
  initDb: 0x02,
  query: 0x03,
  fieldList: 0x04,
  statistics: 0x09,
  kill: 0x0c,
  ping: 0x0e,
  changeUser: 0x11,
  prepare: 0x16,
  execute: 0x17,
  longData: 0x18,
  close: 0x19,
  reset: 0x1a,
  setOption: 0x1b,
  fetch: 0x1c,
  resetConnection: 0x1f,
} as const;

/** A value of a parameter or attribute: its type on the wire, and its bytes without their length. */
export interface Value {
  readonly type: number;
  readonly bytes: Buffer | null;
}

/** A command, as far as it matters what it makes a server do. */
export type Command =
  | { readonly kind: 'query' | 'prepare' | 'init-db' | 'field-list'; readonly text: Buffer }
  | {
      readonly kind: 'execute';
      readonly id: number;
      readonly flags: number;
      readonly values: readonly Value[];
      readonly types: readonly number[];
    }
  | { readonly kind: 'fetch'; readonly id: number; readonly rows: number }
  | { readonly kind: 'long-data'; readonly id: number; readonly parameter: number; readonly data: Buffer }
  | { readonly kind: 'close' | 'reset'; readonly id: number }
  | { readonly kind: 'quit' | 'statistics' | 'ping' | 'set-option' | 'reset-connection' };

/** What the server knows of a statement that is executed. */
export interface Known {
  readonly parameters: number;
  readonly types: readonly number[] | undefined;
  readonly longData: ReadonlyMap<number, Buffer>;
}

/** What a packet says, or `undefined` when it is not a command that a server would take. */
export function readCommand(sent: Packet, variant: number, known: (id: number) => Known | undefined): Command | undefined {
  const fields = new PayloadFields(sent.body);
  const command = readBody(fields, variant, known);
  return command !== undefined && fields.whole ? command : undefined;
}

function readBody(fields: PayloadFields, variant: number, known: (id: number) => Known | undefined): Command | undefined {
  const named = (variant & VARIANT.queryAttributes) !== 0;
  switch (fields.int(1)) {
    case COMMANDS.quit:
      return { kind: 'quit' };
    case COMMANDS.initDb:
      return { kind: 'init-db', text: fields.rest() };
    case COMMANDS.query:
      if (named) readAttributes(fields);
      return { kind: 'query', text: fields.rest() };
    case COMMANDS.fieldList: {
      const table = fields.nul();
      fields.rest();
      return { kind: 'field-list', text: table };
    }
    case COMMANDS.statistics:
      return { kind: 'statistics' };
    case COMMANDS.ping:
      return { kind: 'ping' };
    case COMMANDS.prepare:
      return { kind: 'prepare', text: fields.rest() };
    case COMMANDS.execute:
      return readExecute(fields, named, known);
    case COMMANDS.longData:
      return { kind: 'long-data', id: fields.int(4), parameter: fields.int(2), data: fields.rest() };
    case COMMANDS.close:
      return { kind: 'close', id: fields.int(4) };
    case COMMANDS.reset:
      return { kind: 'reset', id: fields.int(4) };
    case COMMANDS.fetch:
      return { kind: 'fetch', id: fields.int(4), rows: fields.int(4) };
    case COMMANDS.setOption:
      fields.int(2);
      return { kind: 'set-option' };
    case COMMANDS.resetConnection:
      return { kind: 'reset-connection' };
    default:
      return undefined;
  }
}

function readAttributes(fields: PayloadFields): void {
  const count = fields.lenenc();
  if (fields.lenenc() !== 1) fields.fail();
  readValues(fields, count, true, { parameters: 0, types: undefined, longData: new Map() });
}

function readExecute(fields: PayloadFields, named: boolean, known: (id: number) => Known | undefined): Command | undefined {
  const id = fields.int(4);
  const flags = fields.int(1);
  fields.int(4);
  const statement = known(id);
  if (statement === undefined) return undefined;
  const counted = named && (statement.parameters > 0 || (flags & 8) !== 0);
  const count = counted ? fields.lenenc() : statement.parameters;
  const { values, types } = readValues(fields, count, named, statement);
  return { kind: 'execute', id, flags, values: values.slice(0, statement.parameters), types };
}

function readValues(fields: PayloadFields, count: number, named: boolean, known: Known): { values: Value[]; types: readonly number[] } {
  const values: Value[] = [];
  if (count === 0 || count > 0xffff) {
    if (count > 0) fields.fail();
    return { values, types: known.types ?? [] };
  }
  const nulls = fields.bytes((count + 7) >> 3);
  const types: number[] = [];
  if (fields.int(1) === 0) types.push(...(known.types ?? []));
  else
    for (let at = 0; at < count && fields.left > 0; at += 1) {
      types.push(fields.int(2));
      if (named) fields.text();
    }
  if (types.length < count) fields.fail();
  for (let at = 0; at < count && at < types.length; at += 1) {
    const type = types[at] as number;
    const isNull = ((nulls[at >> 3] ?? 0) & (1 << (at & 7))) !== 0;
    const sent = known.longData.get(at);
    values.push({ type, bytes: sent ?? (isNull || (type & 0xff) === TYPE_NULL ? null : valueOf(fields, type & 0xff)) });
  }
  return { values, types };
}

const TYPE_NULL = 6;
const FIXED: ReadonlyMap<number, number> = new Map([
  [1, 1],
  [2, 2],
  [13, 2],
  [3, 4],
  [9, 4],
  [4, 4],
  [5, 8],
  [8, 8],
]);
const TEMPORAL: ReadonlySet<number> = new Set([7, 10, 11, 12]);

/** "Binary Protocol Value". */
function valueOf(fields: PayloadFields, type: number): Buffer {
  const size = FIXED.get(type);
  if (size !== undefined) return fields.bytes(size);
  return TEMPORAL.has(type) ? fields.bytes(fields.int(1)) : fields.text();
}

// ---- what clients send ----

/** The client's answer to the greeting, with `mysql_clear_password`. */
export function handshakeResponse(variant: number): Buffer {
  const start = [int4(capabilitiesOf(variant)), int4(1 << 24), int1(45), Buffer.alloc(23)];
  return packet(1, ...start, nul('ada'), int1(0), nul('mysql_clear_password'));
}

export const password = (): Buffer => packet(3, nul('token'));

const command = (byte: number, ...parts: readonly Uint8Array[]): Buffer => packet(0, int1(byte), ...parts);

/** `attributes`: in the form of sessions that have them. */
export function query(statement: string, attributes: boolean, purpose?: string): Buffer {
  if (!attributes) return command(COMMANDS.query, Buffer.from(statement));
  if (purpose === undefined) return command(COMMANDS.query, lenenc(0), lenenc(1), Buffer.from(statement));
  const pairs = [Buffer.from([0, 1]), int2(0xfd), text('purpose'), text(purpose)];
  return command(COMMANDS.query, lenenc(1), lenenc(1), ...pairs, Buffer.from(statement));
}

export const prepare = (statement: string): Buffer => command(COMMANDS.prepare, Buffer.from(statement));
export const close = (id: number): Buffer => command(COMMANDS.close, int4(id));
export const reset = (id: number): Buffer => command(COMMANDS.reset, int4(id));
export const fetch = (id: number, rows: number): Buffer => command(COMMANDS.fetch, int4(id), int4(rows));
export const longData = (id: number, parameter: number, data: string): Buffer =>
  command(COMMANDS.longData, int4(id), int2(parameter), Buffer.from(data));
export const initDb = (name: string): Buffer => command(COMMANDS.initDb, Buffer.from(name));
export const fieldList = (table: string): Buffer => command(COMMANDS.fieldList, nul(table));
export const kill = (id: number): Buffer => command(COMMANDS.kill, int4(id));
export const ping = (): Buffer => command(COMMANDS.ping);
export const statistics = (): Buffer => command(COMMANDS.statistics);
export const setOption = (option: number): Buffer => command(COMMANDS.setOption, int2(option));
export const resetConnection = (): Buffer => command(COMMANDS.resetConnection);
export const quit = (): Buffer => command(COMMANDS.quit);
/** Anything else, by its byte. */
export const other = (byte: number, ...parts: readonly Uint8Array[]): Buffer => command(byte, ...parts);

interface ExecuteOptions {
  readonly attributes: boolean;
  readonly flags?: number;
  /** Types are left out, as they were declared before. */
  readonly again?: boolean;
  /** Positions that were sent ahead. */
  readonly sent?: readonly number[];
}

/** Texts as VAR_STRING; numbers as LONGLONG. */
export function execute(id: number, values: readonly (string | number | null)[], options: ExecuteOptions): Buffer {
  const { attributes, flags = attributes ? 8 : 0, again = false, sent = [] } = options;
  const head = [int4(id), int1(flags), int4(1), ...(attributes && (values.length > 0 || (flags & 8) !== 0) ? [lenenc(values.length)] : [])];
  if (values.length === 0) return command(COMMANDS.execute, ...head);
  const nulls = Buffer.alloc((values.length + 7) >> 3);
  for (const [at, value] of values.entries()) if (value === null) nulls[at >> 3] = (nulls[at >> 3] as number) | (1 << (at & 7));
  const types = values.flatMap((value) => [int2(typeof value === 'number' ? 8 : 0xfd), ...(attributes ? [text('')] : [])]);
  const bytes = values.flatMap((value, at) => (value === null || sent.includes(at) ? [] : [valueBytes(value)]));
  return command(COMMANDS.execute, ...head, nulls, int1(again ? 0 : 1), ...(again ? [] : types), ...bytes);
}

function valueBytes(value: string | number): Buffer {
  return typeof value === 'string' ? text(value) : Buffer.concat([int4(value), int4(0)]);
}
