import { byteText, Fields, int1, int2, int4, int8, message, packet, shortText, TYPE, ucs2 } from './packets.js';

/** Bits of an input's variant: TDS 7.1, which has no ALL_HEADERS and shorter tokens. */
export const VARIANT = { tds71: 1 } as const;
export const PROCEDURES = {
  cursoropen: 2,
  cursorfetch: 7,
  cursorclose: 9,
  executesql: 10,
  prepare: 11,
  execute: 12,
  prepexec: 13,
  unprepare: 15,
} as const;

// ---- what clients send ----

export const prelogin = (): Buffer => packet(TYPE.prelogin, Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 0, 0, 0, 0, 0, 0, 2]));

export function login(variant: number): Buffer {
  const is71 = (variant & VARIANT.tds71) !== 0;
  const head = is71 ? 86 : 94;
  const password = Buffer.from(ucs2('token').map((byte) => (((byte << 4) | (byte >> 4)) & 0xff) ^ 0xa5));
  const fields = ['h', 'ada', password, 'app', '', Buffer.alloc(0), 'lib', '', 'crm'].map((field) =>
    typeof field === 'string' ? ucs2(field) : field,
  );
  let at = head;
  const table = fields.map((field) => {
    at += field.length;
    return Buffer.concat([int2(at - field.length), int2(field.length / 2)]);
  });
  const none = Buffer.concat([int2(at), int2(0)]);
  const numbers = [is71 ? 0x7100_0001 : 0x7400_0004, 4096, 7, 100, 0];
  const body = [
    ...numbers.map(int4),
    Buffer.from([0xe0, 3, 0, 0]),
    int4(0),
    int4(1033),
    ...table,
    Buffer.alloc(6),
    none,
    none,
    ...(is71 ? [] : [none, int4(0)]),
    ...fields,
  ];
  const rest = Buffer.concat(body);
  return packet(TYPE.login, Buffer.concat([int4(rest.length + 4), rest]));
}

const headers = (variant: number): Buffer =>
  (variant & VARIANT.tds71) !== 0 ? Buffer.alloc(0) : Buffer.concat([int4(22), int4(18), int2(2), int8(0), int4(1)]);

export const batch = (variant: number, text: string, status = 0): Buffer[] =>
  message(TYPE.batch, Buffer.concat([headers(variant), ucs2(text)]), status);

export type Argument = string | number | null | { readonly long: string } | { readonly out: true };

function argument(value: Argument, name = ''): Buffer {
  const collation = Buffer.from([9, 4, 0xd0, 0, 0x34]);
  const head = (status: number): Buffer => Buffer.concat([byteText(name), int1(status)]);
  if (typeof value === 'number') return Buffer.concat([head(0), Buffer.from([0x26, 4, 4]), int4(value)]);
  if (value === null) return Buffer.concat([head(0), Buffer.from([0x26, 4, 0])]);
  if (typeof value === 'string') {
    const bytes = ucs2(value);
    return Buffer.concat([head(0), int1(0xe7), int2(8000), collation, int2(bytes.length), bytes]);
  }
  if ('out' in value) return Buffer.concat([head(1), Buffer.from([0x26, 4, 0])]);
  const bytes = ucs2(value.long);
  const half = bytes.length >> 1;
  const chunks = [bytes.subarray(0, half), bytes.subarray(half)].filter(({ length }) => length > 0);
  const plp = chunks.flatMap((chunk) => [int4(chunk.length), chunk]);
  return Buffer.concat([head(0), int1(0xe7), int2(0xffff), collation, int4(0xffff_fffe), int4(0xffff_ffff), ...plp, int4(0)]);
}

export function rpc(variant: number, procedure: number | string, values: readonly Argument[], status = 0): Buffer[] {
  return message(TYPE.rpc, Buffer.concat([headers(variant), call(procedure, values)]), status);
}

/** Several calls in one message. */
export function rpcs(variant: number, calls: readonly (readonly [number | string, readonly Argument[]])[]): Buffer[] {
  const separator = int1((variant & VARIANT.tds71) !== 0 ? 0x80 : 0xff);
  return message(
    TYPE.rpc,
    Buffer.concat([headers(variant), ...calls.flatMap(([name, values], at) => [...(at === 0 ? [] : [separator]), call(name, values)])]),
  );
}

function call(procedure: number | string, values: readonly Argument[]): Buffer {
  const name = typeof procedure === 'number' ? Buffer.concat([int2(0xffff), int2(procedure)]) : shortText(procedure);
  return Buffer.concat([name, int2(0), ...values.map((value) => argument(value))]);
}

export const executesql = (variant: number, text: string | { readonly long: string }, values: readonly Argument[] = []): Buffer[] =>
  rpc(variant, PROCEDURES.executesql, values.length === 0 ? [text] : [text, values.map((_, at) => `@p${at} int`).join(', '), ...values]);

export function transaction(variant: number, request: 'begin' | 'commit' | 'rollback' | 'save' | 'promote'): Buffer[] {
  const bodies = {
    begin: [int2(5), int1(0), int1(0)],
    commit: [int2(7), int1(0), int1(0)],
    rollback: [int2(8), int1(0), int1(0)],
    save: [int2(9), int1(4), ucs2('s1')],
    promote: [int2(6)],
  };
  return message(TYPE.transaction, Buffer.concat([headers(variant), ...bodies[request]]));
}

export const attention = (): Buffer => packet(TYPE.attention, Buffer.alloc(0));

// ---- what the server reads ----

export interface Call {
  readonly procedure: number | string;
  readonly values: readonly { readonly name: string; readonly status: number; readonly type: number; readonly bytes: Buffer | null }[];
}

export type Request =
  | { readonly kind: 'batch'; readonly text: string }
  | { readonly kind: 'rpc'; readonly calls: readonly Call[] }
  | { readonly kind: 'transaction'; readonly request: number }
  | { readonly kind: 'bulk'; readonly body: Buffer };

/** Reads a request; `undefined` for what no server would take, `'unjudged'` for a table-valued parameter, which is not read here. */
export function readRequest(type: number, body: Buffer, variant: number): Request | 'unjudged' | undefined {
  const fields = new Fields(body);
  if (type === TYPE.bulk) return { kind: 'bulk', body };
  if ((variant & VARIANT.tds71) === 0) fields.bytes(Math.max(fields.int(4) - 4, 0));
  if (type === TYPE.batch) {
    const text = fields.left % 2 === 0 ? fields.rest().toString('utf16le') : undefined;
    return text === undefined || fields.failed ? undefined : { kind: 'batch', text };
  }
  if (type === TYPE.transaction) return fields.left < 2 ? undefined : { kind: 'transaction', request: fields.int(2) };
  if (type !== TYPE.rpc) return undefined;
  const calls: Call[] = [];
  do {
    const read = readCall(fields, variant);
    if (read === 'unjudged') return read;
    calls.push(read);
  } while (fields.left > 0);
  return fields.whole ? { kind: 'rpc', calls } : undefined;
}

function readCall(fields: Fields, variant: number): Call | 'unjudged' {
  const length = fields.int(2);
  const procedure = length === 0xffff ? fields.int(2) : fields.text(length);
  fields.int(2);
  const values: Call['values'][number][] = [];
  while (fields.left > 0) {
    const next = fields.peek();
    if ((variant & VARIANT.tds71) !== 0 ? next === 0x80 : next >= 0xfe) {
      fields.int(1);
      break;
    }
    const name = fields.text(fields.int(1));
    const status = fields.int(1);
    const type = fields.int(1);
    if (type === 0xf3) return 'unjudged';
    values.push({ name, status, type, bytes: readValue(fields, type, variant) });
  }
  return { procedure, values };
}

const FIXED: ReadonlyMap<number, number> = new Map([
  [0x1f, 0],
  [0x30, 1],
  [0x32, 1],
  [0x34, 2],
  [0x38, 4],
  [0x3a, 4],
  [0x3b, 4],
  [0x7a, 4],
  [0x3c, 8],
  [0x3d, 8],
  [0x3e, 8],
  [0x7f, 8],
]);
const COLLATED: ReadonlySet<number> = new Set([0xa7, 0xaf, 0xe7, 0xef, 0x23, 0x63]);
const DECIMALS: ReadonlySet<number> = new Set([0x37, 0x3f, 0x6a, 0x6c]);
const SCALED: ReadonlySet<number> = new Set([0x29, 0x2a, 0x2b]);
const SHORT: ReadonlySet<number> = new Set([0xa5, 0xa7, 0xad, 0xaf, 0xe7, 0xef]);
const LONG: ReadonlySet<number> = new Set([0x22, 0x23, 0x62, 0x63]);

function readValue(fields: Fields, type: number, variant: number): Buffer | null {
  const fixed = FIXED.get(type);
  if (fixed !== undefined) return fixed === 0 ? null : fields.bytes(fixed);
  if (type === 0xf1) return readXml(fields);
  if (type === 0xf0) return readUdt(fields);
  const isShort = SHORT.has(type);
  const isLong = LONG.has(type);
  const declared = type === 0x28 ? 0 : isShort ? fields.int(2) : isLong ? fields.int(4) : fields.int(1);
  if (DECIMALS.has(type)) fields.bytes(2);
  if (COLLATED.has(type)) fields.bytes(5);
  const mayBePlp = type === 0xa5 || type === 0xa7 || type === 0xe7;
  if (mayBePlp && declared === 0xffff && (variant & VARIANT.tds71) === 0) return readPlp(fields);
  if (isShort) return sized(fields, fields.int(2), 0xffff);
  if (isLong) return sized(fields, fields.int(4), type === 0x62 ? 0 : 0xffff_ffff);
  if (!SCALED.has(type) && type !== 0x28 && declared === undefined) fields.fail();
  return sized(fields, fields.int(1), 0);
}

function sized(fields: Fields, length: number, isNull: number): Buffer | null {
  return length === isNull ? null : fields.bytes(length);
}

function readPlp(fields: Fields): Buffer | null {
  const low = fields.int(4);
  if (fields.int(4) === 0xffff_ffff && low === 0xffff_ffff) return null;
  const chunks: Buffer[] = [];
  for (let length = fields.int(4); length > 0 && !fields.failed; length = fields.int(4)) chunks.push(fields.bytes(length));
  return Buffer.concat(chunks);
}

function readXml(fields: Fields): Buffer | null {
  if (fields.int(1) !== 0) {
    fields.text(fields.int(1));
    fields.text(fields.int(1));
    fields.text(fields.int(2));
  }
  return readPlp(fields);
}

function readUdt(fields: Fields): Buffer | null {
  for (let part = 0; part < 3; part += 1) fields.text(fields.int(1));
  return readPlp(fields);
}
