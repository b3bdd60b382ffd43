import { characterSet } from '../masking/character-set.js';
import { decodeUtf8 } from '../protocol/payload-reader.js';
import { ProtocolError } from '../protocol/protocol-error.js';

/** Character sets of the client, by the server's names, as the Encoding Standard calls them. Others are read byte by byte: what is beyond ASCII stands for itself. */
const LABELS: Readonly<Record<string, string>> = {
  latin2: 'iso-8859-2',
  latin5: 'windows-1254',
  latin7: 'iso-8859-13',
  cp1250: 'windows-1250',
  cp1251: 'windows-1251',
  cp1256: 'windows-1256',
  cp1257: 'windows-1257',
  cp866: 'ibm866',
  greek: 'iso-8859-7',
  hebrew: 'iso-8859-8',
  koi8r: 'koi8-r',
  koi8u: 'koi8-u',
  macroman: 'macintosh',
  tis620: 'windows-874',
};

const latin1 = characterSet('latin1');

/** Names in a text of no character set (`binary`) are taken as they are, which is UTF-8. */
const UTF8: ReadonlySet<string> = new Set(['utf8', 'utf8mb3', 'utf8mb4', 'binary']);
/** Where bytes that are no UTF-8 are put: code points that no text has. */
const ESCAPE = 0xdc00;

/**
 * The text of a statement as the server will decode it under `character_set_client`. Literals may hold any bytes (`_binary'…'` of dumps and drivers):
 * those that are not UTF-8 become lone surrogates, one for each byte, so that different texts stay different and no quote is lost in them.
 */
export function statementText(bytes: Uint8Array, charset: string): string {
  const name = charset.toLowerCase();
  if (UTF8.has(name)) return utf8Text(bytes);
  // Names can have its letters, and not every decoder of windows-1252 has them all.
  if (name === 'latin1') return latin1.decode(bytes) ?? singleBytes(bytes);
  const label = Object.hasOwn(LABELS, name) ? LABELS[name] : undefined;
  if (label !== undefined) return new TextDecoder(label).decode(bytes);
  return singleBytes(bytes);
}

function utf8Text(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'invalid-text') return escapedText(bytes);
    throw error;
  }
}

function singleBytes(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK) parts.push(String.fromCharCode(...bytes.subarray(at, at + CHUNK)));
  return parts.join('');
}

const CHUNK = 4096;

function escapedText(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    if (at > from) parts.push(decoder.decode(bytes.subarray(from, at)));
    parts.push(String.fromCharCode(ESCAPE + (bytes[at] as number)));
    at += 1;
    from = at;
  }
  if (from < bytes.length) parts.push(decoder.decode(bytes.subarray(from)));
  return parts.join('');
}

/** Of the well-formed character at `at` (Unicode, "Well-Formed UTF-8 Byte Sequences"); 0 when there is none. */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  const length = first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const second = bytes[at + 1] as number;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let more = 2; more < length; more++) if (((bytes[at + more] as number) & 0xc0) !== 0x80) return 0;
  return length;
}
