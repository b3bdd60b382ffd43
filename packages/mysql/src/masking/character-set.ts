/**
 * Character sets as cells have them (MySQL Reference Manual, "Supported Character Sets and Collations"). Those that clients use are read whole; of
 * other supersets of ASCII only what is ASCII, and of the rest nothing: a cell that cannot be read becomes the type's default.
 */
export interface CharacterSet {
  /** Every text of ASCII characters is these bytes, and a text of such bytes only is ASCII. */
  readonly sharesAscii: boolean;
  /** The text of the bytes, or `undefined` when they are malformed or cannot be read. */
  decode(bytes: Uint8Array): string | undefined;
  /** The bytes of a text, or `undefined` when it has characters that the set has not. */
  encode(text: string): Uint8Array | undefined;
}

const encoder = new TextEncoder();
// A byte order mark is data here: dropping it would change the value.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const SHORT_TEXT = 64;

function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function utf8Bytes(text: string): Uint8Array {
  // An encoder call costs many times more than what most cells hold.
  return (text.length > SHORT_TEXT ? undefined : asciiBytes(text)) ?? encoder.encode(text);
}

/** The bytes of a text, one for each UTF-16 unit, which `byteOf` gives; negative for none. */
function singleBytes(text: string, byteOf: (unit: number) => number): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const byte = byteOf(text.charCodeAt(at));
    if (byte < 0) return undefined;
    bytes[at] = byte;
  }
  return bytes;
}

function asciiBytes(text: string): Uint8Array | undefined {
  return singleBytes(text, (unit) => (unit > 0x7f ? -1 : unit));
}

function asciiText(bytes: Uint8Array): string | undefined {
  for (const byte of bytes) if (byte > 0x7f) return undefined;
  return utf8Text(bytes);
}

/** What latin1 has from 0x80 to 0x9f: that of cp1252, and what that leaves out is itself. */
const LATIN1_80 = [
  0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f, 0x90, 0x2018,
  0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
];
const LATIN1_BYTES: ReadonlyMap<number, number> = new Map(LATIN1_80.map((unit, at) => [unit, 0x80 + at]));

function latin1Text(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte >= 0x80 && byte < 0xa0 ? (LATIN1_80[byte - 0x80] as number) : byte);
  return text;
}

function latin1Bytes(text: string): Uint8Array | undefined {
  return singleBytes(text, (unit) => (unit < 0x80 || (unit >= 0xa0 && unit <= 0xff) ? unit : (LATIN1_BYTES.get(unit) ?? -1)));
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;

function utf16(littleEndian: boolean, hasSurrogates: boolean): CharacterSet {
  return {
    sharesAscii: false,
    decode: (bytes) => {
      if (bytes.length % 2 !== 0) return undefined;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      let text = '';
      for (let at = 0; at < bytes.length; at += 2) text += String.fromCharCode(view.getUint16(at, littleEndian));
      return text;
    },
    encode: (text) => {
      const bytes = new Uint8Array(2 * text.length);
      const view = new DataView(bytes.buffer);
      for (let at = 0; at < text.length; at++) {
        const unit = text.charCodeAt(at);
        if (!hasSurrogates && isSurrogate(unit)) return undefined;
        view.setUint16(2 * at, unit, littleEndian);
      }
      return bytes;
    },
  };
}

const utf32: CharacterSet = {
  sharesAscii: false,
  decode: (bytes) => {
    if (bytes.length % 4 !== 0) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let text = '';
    for (let at = 0; at < bytes.length; at += 4) {
      const point = view.getUint32(at);
      if (point > 0x10_ffff) return undefined;
      text += String.fromCodePoint(point);
    }
    return text;
  },
  encode: (text) => {
    const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
    const bytes = new Uint8Array(4 * points.length);
    const view = new DataView(bytes.buffer);
    for (const [at, point] of points.entries()) view.setUint32(4 * at, point);
    return bytes;
  },
};

export const utf8mb4: CharacterSet = { sharesAscii: true, decode: utf8Text, encode: utf8Bytes };

/** UTF-8 without the characters of four bytes. */
const utf8mb3: CharacterSet = {
  ...utf8mb4,
  encode: (text) => {
    for (let at = 0; at < text.length; at++) if (isSurrogate(text.charCodeAt(at))) return undefined;
    return utf8Bytes(text);
  },
};

/** Also what numbers and times are written in where nothing else is said of them. */
export const ascii: CharacterSet = { sharesAscii: true, decode: asciiText, encode: asciiBytes };

/** What is not known: nothing of it is read, and only the empty text is sure. */
const unreadable: CharacterSet = {
  sharesAscii: false,
  decode: () => undefined,
  encode: (text) => (text === '' ? new Uint8Array(0) : undefined),
};

const SETS: ReadonlyMap<string, CharacterSet> = new Map<string, CharacterSet>([
  ['utf8mb4', utf8mb4],
  ['utf8mb3', utf8mb3],
  ['utf8', utf8mb3],
  ['latin1', { sharesAscii: true, decode: latin1Text, encode: latin1Bytes }],
  ['ucs2', utf16(false, false)],
  ['utf16', utf16(false, true)],
  ['utf16le', utf16(true, true)],
  ['utf32', utf32],
  // Bytes of ASCII have another meaning in these.
  ['swe7', unreadable],
  ['sjis', unreadable],
]);

/** The character set of this name, `undefined` for one without a name. */
export function characterSet(name: string | undefined): CharacterSet {
  return name === undefined ? unreadable : (SETS.get(name) ?? ascii);
}
