import type { PayloadReader } from './payload-reader.js';
import type { PayloadWriter } from './payload-writer.js';

/** COLLATION ([MS-TDS] 2.2.5.1.2): which code page the bytes of CHAR, VARCHAR and TEXT are in. */
export interface Collation {
  /** LCID: 20 bits. */
  readonly lcid: number;
  /** fIgnoreCase, fIgnoreAccent, fIgnoreWidth, fIgnoreKana, fBinary, fBinary2, fUTF8 and a reserved bit, from the lowest. */
  readonly flags: number;
  /** 4 bits. */
  readonly version: number;
  readonly sortId: number;
}

const UTF8 = 0x40;

/** The bytes of CHAR, VARCHAR and TEXT of this collation are UTF-8. */
export function isUtf8(collation: Collation): boolean {
  return (collation.flags & UTF8) !== 0;
}

export function readCollation(reader: PayloadReader): Collation {
  const info = reader.int4();
  return { lcid: info & 0xf_ffff, flags: (info >>> 20) & 0xff, version: info >>> 28, sortId: reader.int1() };
}

export function writeCollation(writer: PayloadWriter, { lcid, flags, version, sortId }: Collation): void {
  writer.int4((((version << 28) >>> 0) | (flags << 20) | lcid) >>> 0).int1(sortId);
}
