/** Writes what [MS-TDS] section 2.2.5 names: little-endian numbers, and text in UCS-2. */
export class ByteWriter {
  readonly #parts: Buffer[] = [];

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return this;
  }

  uint8(value: number): this {
    return this.raw(Buffer.of(value));
  }

  uint16(value: number): this {
    return this.#number(2, value);
  }

  uint32(value: number): this {
    return this.#number(4, value);
  }

  uint64(value: bigint | number): this {
    return this.raw(littleEndian(BigInt(value), 8));
  }

  /** B_VARCHAR: a byte counts the characters. */
  bVarchar(text: string): this {
    return this.uint8(text.length).raw(Buffer.from(text, 'utf16le'));
  }

  /** US_VARCHAR: two bytes count the characters. */
  usVarchar(text: string): this {
    return this.uint16(text.length).raw(Buffer.from(text, 'utf16le'));
  }

  /** B_VARBYTE: a byte counts the bytes. */
  bVarbyte(bytes: Uint8Array): this {
    return this.uint8(bytes.length).raw(bytes);
  }

  #number(size: number, value: number): this {
    const bytes = Buffer.alloc(size);
    bytes.writeUIntLE(value, 0, size);
    return this.raw(bytes);
  }
}

/** Two's complement of any size, least significant byte first. */
export function littleEndian(value: bigint, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let rest = BigInt.asUintN(size * 8, value);
  for (let at = 0; at < size; at += 1) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}
