import { textCodec, versioned } from './text-codecs.js';
import { constantCodec, hexBytes, type TypeCodec } from './type-codec.js';

/**
 * Types of extensions that come with PostgreSQL ("Additional Supplied Modules and Extensions"), by extension and name. What is neither here
 * nor in vector-cells.ts becomes NULL.
 */
export function extensionCodec(extension: string, name: string): TypeCodec | undefined {
  return EXTENSION_CODECS.get(`${extension}.${name}`);
}

/** Paths of labels; the binary form is a version byte and the text. An empty path is a value, an empty query is none. */
function ltreeCodec(zero: string): TypeCodec {
  return constantCodec('other', zero, versioned(zero));
}

/** `hstore`: no pairs. */
const hstoreCodec = constantCodec('other', '', hexBytes('00000000'));

const EXTENSION_CODECS: ReadonlyMap<string, TypeCodec> = new Map([
  ['citext.citext', textCodec()],
  ['hstore.hstore', hstoreCodec],
  ['ltree.ltree', ltreeCodec('')],
  ['ltree.lquery', ltreeCodec('*')],
  ['ltree.ltxtquery', ltreeCodec('masked')],
  // Without a binary form of their own: in binary results NULL stands for them.
  ['cube.cube', constantCodec('other', '(0)', null)],
  ['seg.seg', constantCodec('other', '0', null)],
]);
