import { bytesHex, hexBytes, type TypeCodec, utf8, utf8Text } from './type-codec.js';

/** Longer fixed-length columns are not padded: nobody needs megabytes of blanks. */
const MAX_PADDING = 65_536;
/** NAMEDATALEN - 1. */
const NAME_BYTES = 63;

/** `text`, `character varying(n)` and whatever else carries any text. `maxBytes` refuses longer ones. */
export function textCodec(maxLength?: number, maxBytes?: number): TypeCodec {
  const write = (text: string): Uint8Array | undefined => {
    // PostgreSQL has no text with a NUL in it.
    if (text.includes('\0')) return undefined;
    const bytes = utf8(text);
    return maxBytes !== undefined && bytes.length > maxBytes ? undefined : bytes;
  };
  return {
    family: 'text',
    isPlainText: maxBytes === undefined,
    zeroText: '',
    zeroBinary: new Uint8Array(0),
    readText: (text) => text,
    readBinary: utf8Text,
    writeText: (text) => (text.includes('\0') || (maxBytes !== undefined && write(text) === undefined) ? undefined : text),
    writeBinary: write,
    ...(maxLength === undefined ? {} : { maxLength }),
  };
}

/** `name`. */
export const nameCodec: TypeCodec = textCodec(NAME_BYTES, NAME_BYTES);

/** `character(n)`: padded with blanks, which mean nothing. `undefined` for `bpchar` without a length. */
export function fixedTextCodec(length: number | undefined): TypeCodec {
  const plain = textCodec(length);
  const padded = (text: string): string => (length === undefined ? text : padEnd(text, Math.min(length, MAX_PADDING)));
  return {
    ...plain,
    isPlainText: false,
    zeroText: padded(''),
    zeroBinary: utf8(padded('')),
    readText: trimBlanks,
    readBinary: (cell) => {
      const text = utf8Text(cell);
      return text === undefined ? undefined : trimBlanks(text);
    },
    writeText: (text) => plain.writeText(padded(text)),
    writeBinary: (text) => plain.writeBinary(padded(text)),
  };
}

/** Pads to a number of code points. */
function padEnd(text: string, length: number): string {
  let points = 0;
  for (const _ of text) points++;
  return points >= length ? text : text + ' '.repeat(length - points);
}

function trimBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === ' ') end--;
  return text.slice(0, end);
}

const JSON_ZERO = '{}';
const JSONB_VERSION = 1;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const validJson = (text: string): string | undefined => (isJson(text) ? text : undefined);

export const jsonCodec: TypeCodec = {
  family: 'json',
  zeroText: JSON_ZERO,
  zeroBinary: utf8(JSON_ZERO),
  readText: (text) => text,
  readBinary: utf8Text,
  writeText: validJson,
  writeBinary: (text) => (isJson(text) ? utf8(text) : undefined),
};

/** The binary form is a version byte and the text. */
export const jsonbCodec: TypeCodec = {
  ...jsonCodec,
  zeroBinary: versioned(JSON_ZERO),
  readBinary: (cell) => (cell[0] === JSONB_VERSION ? utf8Text(cell.subarray(1)) : undefined),
  writeBinary: (text) => (isJson(text) ? versioned(text) : undefined),
};

export function versioned(text: string): Uint8Array {
  const body = utf8(text);
  const bytes = new Uint8Array(body.length + 1);
  bytes[0] = JSONB_VERSION;
  bytes.set(body, 1);
  return bytes;
}

const HEX = /^(?:[0-9a-f]{2})*$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Canonical text: lower-case hex. Cells in the old `escape` output form are not read. */
export const byteaCodec: TypeCodec = {
  family: 'bytes',
  zeroText: String.raw`\x`,
  zeroBinary: new Uint8Array(0),
  readText: (text) => (text.startsWith(String.raw`\x`) && HEX.test(text.slice(2)) ? text.slice(2) : undefined),
  readBinary: bytesHex,
  writeText: (text) => (HEX.test(text) ? String.raw`\x${text}` : undefined),
  writeBinary: (text) => (HEX.test(text) ? hexBytes(text) : undefined),
};

export const uuidCodec: TypeCodec = {
  family: 'uuid',
  binaryBytes: 16,
  zeroText: '00000000-0000-0000-0000-000000000000',
  zeroBinary: new Uint8Array(16),
  readText: (text) => (UUID.test(text) ? text : undefined),
  readBinary: (cell) => (cell.length === 16 ? hyphenated(bytesHex(cell)) : undefined),
  writeText: (text) => (UUID.test(text) ? text : undefined),
  writeBinary: (text) => (UUID.test(text) ? hexBytes(text.replaceAll('-', '')) : undefined),
};

function hyphenated(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
