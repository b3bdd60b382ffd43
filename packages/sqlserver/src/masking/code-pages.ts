import { type Collation, isUtf8 } from '../protocol/collation.js';
import { decodeUtf16 } from '../protocol/payload-reader.js';
import { encodeUtf16 } from '../protocol/payload-writer.js';

/**
 * What the bytes of a text mean. Of code pages without a decoder, and of what is written in those of more than one byte, only ASCII is known: a cell
 * that cannot be read becomes the type's default.
 */
export interface CodePage {
  /** Every text of ASCII characters is these bytes, and no byte of ASCII is part of another character. */
  readonly sharesAscii: boolean;
  /** The text of the bytes, or `undefined` when they are malformed or cannot be read. */
  decode(bytes: Uint8Array): string | undefined;
  /** The bytes of a text, or `undefined` when it has characters that the page has not. */
  encode(text: string): Uint8Array | undefined;
}

/** UTF-16LE: NCHAR, NVARCHAR, NTEXT. */
export const utf16: CodePage = {
  sharesAscii: false,
  decode: (bytes) => (bytes.length % 2 === 0 ? decodeUtf16(bytes) : undefined),
  encode: encodeUtf16,
};

/** The code page of CHAR, VARCHAR and TEXT with this collation ([MS-TDS] section 2.2.5.1.2). */
export function codePageOf(collation: Collation | undefined): CodePage {
  if (collation === undefined) return ascii;
  if (isUtf8(collation)) return utf8;
  const { sortId, lcid } = collation;
  const label = sortId === 0 ? (BY_LANGUAGE.get(lcid & 0xffff) ?? LATIN) : bySortId(sortId);
  return label === undefined ? ascii : pageOf(label);
}

const LATIN = 'windows-1252';

/** Sort ids of the SQL collations, first and last of each code page; of what is missing (CP437, CP850) there is no decoder. */
const BY_SORT_ID: readonly (readonly [number, number, string])[] = [
  [50, 54, LATIN],
  [71, 75, LATIN],
  [80, 98, 'windows-1250'],
  [104, 108, 'windows-1251'],
  [112, 124, 'windows-1253'],
  [128, 130, 'windows-1254'],
  [136, 138, 'windows-1255'],
  [144, 146, 'windows-1256'],
  [152, 160, 'windows-1257'],
  [183, 186, LATIN],
  [210, 217, LATIN],
];

function bySortId(sortId: number): string | undefined {
  return BY_SORT_ID.find(([first, last]) => sortId >= first && sortId <= last)?.[2];
}

/** Languages of Windows collations ("Windows Collation Name") whose code page is not 1252. */
const BY_LANGUAGE: ReadonlyMap<number, string> = new Map(
  Object.entries({
    'windows-874': [0x041e],
    shift_jis: [0x0411],
    gbk: [0x0804, 0x1004],
    'euc-kr': [0x0412],
    big5: [0x0404, 0x0c04, 0x1404],
    'windows-1250': [0x0405, 0x040e, 0x0415, 0x0418, 0x041a, 0x041b, 0x041c, 0x0424, 0x0442, 0x081a, 0x104e, 0x141a],
    'windows-1251': [0x0402, 0x0419, 0x0422, 0x0423, 0x042f, 0x043f, 0x0444, 0x046d, 0x0485, 0x082c, 0x0c1a, 0x201a],
    'windows-1253': [0x0408],
    'windows-1254': [0x041f, 0x042c, 0x0443],
    'windows-1255': [0x040d],
    'windows-1256': [0x0401, 0x0420, 0x0429, 0x0480, 0x048c],
    'windows-1257': [0x0425, 0x0426, 0x0427],
    'windows-1258': [0x042a],
  }).flatMap(([label, languages]) => languages.map((language) => [language, label] as const)),
);
const MULTIBYTE: ReadonlySet<string> = new Set(['shift_jis', 'gbk', 'euc-kr', 'big5']);

const encoder = new TextEncoder();
const SHORT_TEXT = 64;

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

const asciiBytes = (text: string): Uint8Array | undefined => singleBytes(text, (unit) => (unit > 0x7f ? -1 : unit));

function decodedBy(label: string): CodePage['decode'] {
  // A byte order mark is data here: dropping it would change the value.
  const decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
  return (bytes) => {
    try {
      return decoder.decode(bytes);
    } catch {
      return undefined;
    }
  };
}

const utf8Text = decodedBy('utf-8');

/** UTF-8 collations. */
export const utf8: CodePage = {
  sharesAscii: true,
  decode: utf8Text,
  // An encoder call costs many times more than what most cells hold.
  encode: (text) => (text.length > SHORT_TEXT ? undefined : asciiBytes(text)) ?? encoder.encode(text),
};

const ascii: CodePage = {
  sharesAscii: true,
  decode: (bytes) => (bytes.every((byte) => byte <= 0x7f) ? utf8Text(bytes) : undefined),
  encode: asciiBytes,
};

/** What code page 1252 has from 0x80 to 0x9f. */
const LATIN_80 = [
  0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f, 0x90, 0x2018,
  0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
];
const LATIN_BYTES: ReadonlyMap<number, number> = new Map(LATIN_80.map((unit, at) => [unit, 0x80 + at]));

/** By far the most frequent; not every version of Node decodes its 0x80 to 0x9f. */
const latin: CodePage = {
  sharesAscii: true,
  decode: (bytes) => {
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte >= 0x80 && byte < 0xa0 ? (LATIN_80[byte - 0x80] as number) : byte);
    return text;
  },
  encode: (text) => singleBytes(text, (unit) => (unit < 0x80 || (unit >= 0xa0 && unit <= 0xff) ? unit : (LATIN_BYTES.get(unit) ?? -1))),
};

const pages = new Map<string, CodePage>([[LATIN, latin]]);

function pageOf(label: string): CodePage {
  let page = pages.get(label);
  if (page === undefined) {
    page = madePage(label);
    pages.set(label, page);
  }
  return page;
}

function madePage(label: string): CodePage {
  let decode: CodePage['decode'];
  try {
    decode = decodedBy(label);
  } catch {
    // This runtime was built without the decoder.
    return ascii;
  }
  if (MULTIBYTE.has(label)) return { sharesAscii: false, decode, encode: asciiBytes };
  const byteOf = new Map<number, number>();
  for (let byte = 0xff; byte >= 0; byte--) {
    const text = decode(Uint8Array.of(byte));
    if (text?.length === 1) byteOf.set(text.charCodeAt(0), byte);
  }
  return { sharesAscii: true, decode, encode: (text) => singleBytes(text, (unit) => byteOf.get(unit) ?? -1) };
}
