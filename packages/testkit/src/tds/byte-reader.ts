/**
 * Reads what [MS-TDS] section 2.2.5 names, from the front of `bytes`.
 *
 * @throws Error from every method where the bytes end too early: this server does not guess at what a client meant.
 */
export class ByteReader {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** A view. */
  raw(size: number): Buffer {
    if (size > this.left) throw new Error(`the message ends ${size - this.left} bytes too early at offset ${this.at}`);
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  uint8(): number {
    return this.raw(1).readUInt8();
  }

  uint16(): number {
    return this.raw(2).readUInt16LE();
  }

  uint32(): number {
    return this.raw(4).readUInt32LE();
  }

  uint64(): bigint {
    return this.raw(8).readBigUInt64LE();
  }

  /** Two's complement of any size. */
  int(size: number): bigint {
    return BigInt.asIntN(size * 8, unsigned(this.raw(size)));
  }

  ucs2(characters: number): string {
    return this.raw(characters * 2).toString('utf16le');
  }

  bVarchar(): string {
    return this.ucs2(this.uint8());
  }

  usVarchar(): string {
    return this.ucs2(this.uint16());
  }
}

/** A number without a sign, least significant byte first. */
export function unsigned(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
