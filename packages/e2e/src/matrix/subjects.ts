import { type Digits, type Markers, WORLDS, type WorldName, makeMarkers } from './markers.js';

/** What a protected value is of: a type, or a shape of table that holds a text. Forms name families by `on` and `not`. */
export type Family =
  | 'text'
  | 'integer'
  | 'decimal'
  | 'boolean'
  | 'date'
  | 'binary'
  | 'document'
  | 'network'
  | 'enum'
  | 'array'
  | 'composite'
  | 'range'
  | 'geometry'
  | 'search';

export interface Subject {
  /** Also a part of the names of its relations. */
  readonly name: string;
  readonly family: Family;
  readonly type: string;
  /** How its table comes to be; default: a table by itself. */
  readonly shape?: 'partitioned' | 'inherited';
  /** No default operator class, so no unique constraint and no grouping. */
  readonly unordered?: true;
  value(markers: Markers): ProtectedValue;
}

/** One protected value: its literal, and what of it nobody may see. */
export interface ProtectedValue {
  readonly literal: string;
  /** Texts whose pieces give it away. */
  readonly texts: readonly string[];
  /** Bytes of its binary format that give it away wherever they stand. */
  readonly bytes?: readonly Buffer[];
  /** Whole cells in binary format that give it away; too short to be looked for anywhere else. */
  readonly cells?: readonly Buffer[];
}

export const ROWS = 6;

/** The values of a subject's rows in a world, the same every time. */
export function valuesOf(subject: Subject, world: WorldName): ProtectedValue[] {
  const { duplicates } = WORLDS[world];
  const values = Array.from({ length: ROWS }, (_, row) => subject.value(makeMarkers(world, `${subject.name} ${row}`)));
  if (duplicates && values[0] !== undefined) values[3] = values[0];
  return values;
}

const word =
  (type: string, limit?: number) =>
  (markers: Markers): ProtectedValue => {
    const text = markers.word(limit);
    return { literal: `'${text}'::${type}`, texts: [text] };
  };

const integer =
  (type: string, digits: Digits, bytes: 2 | 4 | 8) =>
  (markers: Markers): ProtectedValue => {
    const text = markers.digits(digits);
    const big = integerBytes(BigInt(text), bytes);
    return {
      literal: `${text}::${type}`,
      texts: [text],
      ...(bytes === 2 ? { cells: [big] } : { bytes: [big, Buffer.from(big).reverse()] }),
    };
  };

const decimal =
  (type: string, whole: Digits, fraction: number) =>
  (markers: Markers): ProtectedValue => {
    const text = `${markers.digits(whole)}.${markers.digits({ base: fraction, other: fraction })}`;
    const [float8, float4] = [Buffer.alloc(8), Buffer.alloc(4)];
    float8.writeDoubleBE(Number(text));
    float4.writeFloatBE(Number(text));
    return { literal: `'${text}'::${type}`, texts: [text, text.replace('.', '')], bytes: [float8, float4, ...numericGroups(text)] };
  };

const moment =
  (type: string, day: boolean, time: boolean) =>
  (markers: Markers): ProtectedValue => {
    const [year, fraction] = [markers.digits({ base: 4, other: 4 }), markers.digits({ base: 6, other: 6 })];
    const date = `${year}-0${markers.between(1, 9)}-${markers.between(10, 28)}`;
    const clock = `${markers.between(10, 23)}:${markers.between(10, 59)}:${markers.between(10, 59)}.${fraction}`;
    const text = [day ? date : '', time ? clock : ''].join(' ').trim();
    const days = (Date.parse(`${date}T00:00:00Z`) - Date.UTC(2000, 0, 1)) / 86_400_000;
    const [hours = 0, minutes = 0, seconds = 0] = clock.split(/[:.]/).map(Number);
    const micros = BigInt((hours * 60 + minutes) * 60 + seconds) * 1_000_000n + BigInt(fraction);
    const sinceEpoch = (day ? BigInt(days) * 86_400_000_000n : 0n) + micros;
    return {
      literal: `'${text}'::${type}`,
      texts: [...(day ? [year] : []), ...(time ? [fraction] : [])],
      bytes: [time ? integerBytes(sinceEpoch, 8) : integerBytes(BigInt(days), 4)],
    };
  };

/** Several words, in a text that holds them. */
const written =
  (type: string, count: number, write: (words: readonly string[]) => string) =>
  (markers: Markers): ProtectedValue => {
    const words = Array.from({ length: count }, () => markers.word(24));
    return { literal: `'${write(words)}'::${type}`, texts: words };
  };

/** Several numbers of nine digits or so, in a text that holds them. */
const numbered =
  (type: string, count: number, write: (numbers: readonly string[]) => string) =>
  (markers: Markers): ProtectedValue => {
    const numbers = Array.from({ length: count }, () => markers.digits({ base: 9, other: 7 })).sort((a, b) => Number(a) - Number(b));
    return { literal: `'${write(numbers)}'::${type}`, texts: numbers, bytes: numbers.map((number) => integerBytes(BigInt(number), 4)) };
  };

const pair = (markers: Markers): { readonly text: string; readonly texts: string[] } => {
  const [text, number] = [markers.word(20), markers.digits({ base: 9, other: 6 })];
  return { text: `(${text},${number})`, texts: [text, number] };
};

export const SUBJECTS: readonly Subject[] = [
  { name: 'text', family: 'text', type: 'text', value: word('text') },
  { name: 'varchar', family: 'text', type: 'varchar(40)', value: word('varchar(40)', 40) },
  { name: 'char', family: 'text', type: 'char(30)', value: word('char(30)', 30) },
  { name: 'name', family: 'text', type: 'name', value: word('name', 40) },
  { name: 'citext', family: 'text', type: 'citext', value: word('citext') },
  { name: 'domain', family: 'text', type: 'd_word', value: word('d_word') },
  { name: 'parts', family: 'text', type: 'text', shape: 'partitioned', value: word('text') },
  { name: 'heirs', family: 'text', type: 'text', shape: 'inherited', value: word('text') },
  { name: 'int2', family: 'integer', type: 'int2', value: integer('int2', { base: 5, other: 4, first: '2' }, 2) },
  { name: 'int4', family: 'integer', type: 'int4', value: integer('int4', { base: 9, other: 6 }, 4) },
  { name: 'int8', family: 'integer', type: 'int8', value: integer('int8', { base: 17, other: 11 }, 8) },
  { name: 'domint', family: 'integer', type: 'd_number', value: integer('d_number', { base: 9, other: 6 }, 4) },
  { name: 'numeric', family: 'decimal', type: 'numeric', value: decimal('numeric', { base: 11, other: 7 }, 5) },
  { name: 'price', family: 'decimal', type: 'numeric(12,2)', value: decimal('numeric(12,2)', { base: 9, other: 6 }, 2) },
  { name: 'float4', family: 'decimal', type: 'float4', value: decimal('float4', { base: 4, other: 4 }, 2) },
  { name: 'float8', family: 'decimal', type: 'float8', value: decimal('float8', { base: 9, other: 7 }, 5) },
  { name: 'money', family: 'decimal', type: 'money', value: money },
  { name: 'bool', family: 'boolean', type: 'bool', value: (markers) => ({ literal: String(markers.between(0, 1) === 1), texts: [] }) },
  { name: 'date', family: 'date', type: 'date', value: moment('date', true, false) },
  { name: 'time', family: 'date', type: 'time', value: moment('time', false, true) },
  { name: 'timestamp', family: 'date', type: 'timestamp', value: moment('timestamp', true, true) },
  { name: 'timestamptz', family: 'date', type: 'timestamptz', value: moment('timestamptz', true, true) },
  { name: 'interval', family: 'date', type: 'interval', value: moment('interval', false, true) },
  { name: 'uuid', family: 'binary', type: 'uuid', value: uuid },
  { name: 'bytea', family: 'binary', type: 'bytea', value: word('bytea') },
  { name: 'varbit', family: 'binary', type: 'varbit', value: bits },
  {
    name: 'json',
    family: 'document',
    type: 'json',
    unordered: true,
    value: written('json', 2, ([a, b]) => `{"k": "${a}", "l": [1, {"m": "${b}"}]}`),
  },
  { name: 'jsonb', family: 'document', type: 'jsonb', value: written('jsonb', 2, ([a, b]) => `{"k": "${a}", "l": [1, {"m": "${b}"}]}`) },
  { name: 'xml', family: 'document', type: 'xml', unordered: true, value: written('xml', 2, ([a, b]) => `<k l="${a}">${b}</k>`) },
  { name: 'hstore', family: 'document', type: 'hstore', value: written('hstore', 1, ([a]) => `k=>${a}`) },
  { name: 'inet', family: 'network', type: 'inet', value: address },
  { name: 'macaddr', family: 'network', type: 'macaddr', value: hardwareAddress },
  {
    name: 'enum',
    family: 'enum',
    type: 'e_level',
    value: (markers) => ({ literal: `'${'xyzuv'.charAt(markers.between(0, 4))}level'::e_level`, texts: [] }),
  },
  { name: 'texts', family: 'array', type: 'text[]', value: written('text[]', 3, (words) => `{${words.join(',')}}`) },
  { name: 'ints', family: 'array', type: 'int4[]', value: numbered('int4[]', 3, (numbers) => `{${numbers.join(',')}}`) },
  {
    name: 'pair',
    family: 'composite',
    type: 'c_pair',
    value: (markers) => (({ text, texts }) => ({ literal: `'${text}'::c_pair`, texts }))(pair(markers)),
  },
  {
    name: 'pairs',
    family: 'array',
    type: 'c_pair[]',
    value: (markers) => (({ text, texts }) => ({ literal: `'{"${text}"}'::c_pair[]`, texts }))(pair(markers)),
  },
  { name: 'range', family: 'range', type: 'int4range', value: numbered('int4range', 2, ([a, b]) => `[${a},${b})`) },
  { name: 'ranges', family: 'range', type: 'int4multirange', value: numbered('int4multirange', 2, ([a, b]) => `{[${a},${b})}`) },
  { name: 'point', family: 'geometry', type: 'point', unordered: true, value: point },
  { name: 'tsvector', family: 'search', type: 'tsvector', value: written('tsvector', 2, (words) => words.join(' ')) },
];

/** Types that subjects are of and that a server does not have by itself. */
export const SUBJECT_TYPES = `
create domain d_word as text check (value <> '');
create domain d_number as int4 check (value <> 0);
create type e_level as enum ('xlevel', 'ylevel', 'zlevel', 'ulevel', 'vlevel');
create type c_pair as (word text, number int4);`;

function money(markers: Markers): ProtectedValue {
  const value = decimal('money', { base: 9, other: 6 }, 2)(markers);
  const [text = ''] = value.texts;
  return { ...value, bytes: [...(value.bytes ?? []), integerBytes(BigInt(text.replace('.', '')), 8)] };
}

function point(markers: Markers): ProtectedValue {
  const numbers = [markers.digits({ base: 9, other: 7 }), markers.digits({ base: 8, other: 5 })];
  const bytes = numbers.map((number) => {
    const float8 = Buffer.alloc(8);
    float8.writeDoubleBE(Number(number));
    return float8;
  });
  return { literal: `'(${numbers.join(',')})'::point`, texts: numbers, bytes };
}

function uuid(markers: Markers): ProtectedValue {
  const digits = markers.digits({ base: 32, other: 32 });
  const text = `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}`;
  return { literal: `'${text}'::uuid`, texts: [text, digits], bytes: pieces(Buffer.from(digits, 'hex'), 6) };
}

function bits(markers: Markers): ProtectedValue {
  const bytes = Buffer.from(markers.digits({ base: 12, other: 8 }), 'hex');
  const text = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return { literal: `'${text}'::varbit`, texts: [], bytes: [bytes.subarray(0, 4), ...pieces(Buffer.from(text), 20)] };
}

function address(markers: Markers): ProtectedValue {
  const parts = Array.from({ length: 4 }, () => Number(markers.digits({ base: 2, other: 2 })));
  return { literal: `'${parts.join('.')}'::inet`, texts: [parts.join('.')], bytes: [Buffer.from(parts)] };
}

function hardwareAddress(markers: Markers): ProtectedValue {
  const parts = Array.from({ length: 6 }, () => markers.digits({ base: 2, other: 2 }));
  return {
    literal: `'${parts.join(':')}'::macaddr`,
    texts: [parts.join(':'), parts.join('')],
    bytes: [Buffer.from(parts.join(''), 'hex')],
  };
}

/** Digits of a numeric in its binary format: groups of four as 16-bit integers. Two of them in a row. */
function numericGroups(text: string): Buffer[] {
  const [whole = '', fraction = ''] = text.split('.');
  const padded = whole.padStart(Math.ceil(whole.length / 4) * 4, '0') + fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  const groups = (padded.match(/.{4}/g) ?? []).map(Number);
  const bytes = Buffer.alloc(groups.length * 2);
  for (const [index, group] of groups.entries()) bytes.writeUInt16BE(group, index * 2);
  return pieces(bytes, 4).filter((_, at) => at % 2 === 0);
}

function integerBytes(value: bigint, length: 2 | 4 | 8): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes.subarray(8 - length);
}

function pieces(bytes: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.max(0, bytes.length - length + 1) }, (_, at) => bytes.subarray(at, at + length));
}
