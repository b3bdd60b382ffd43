/** How a field of a message is read ("Encoding" of the Protocol Buffers documentation). Numbers of 64 bits become strings of decimals. */
export type ProtobufField =
  | {
      readonly name: string;
      readonly type: 'string' | 'hex' | 'varint' | 'bool' | 'fixed64' | 'fixed32' | 'double';
      readonly repeated?: true;
    }
  | { readonly name: string; readonly type: 'message'; readonly of: () => ProtobufMessage; readonly repeated?: true };

/** The fields of a message by their numbers. */
export type ProtobufMessage = Readonly<Record<number, ProtobufField>>;

export type Decoded = { [name: string]: unknown };

/** Decodes a message; fields that are not in the table are skipped. Throws a `RangeError` for what is no message. */
export function decodeProtobuf(bytes: Buffer, message: ProtobufMessage): Decoded {
  const cursor = new Cursor(bytes);
  const decoded: Decoded = {};
  while (!cursor.isAtEnd) {
    const tag = Number(cursor.varint());
    const field = message[tag >>> 3];
    const value = cursor.value(tag & 7);
    if (field === undefined) continue;
    for (const one of valuesOf(field, value)) {
      decoded[field.name] = field.repeated === true ? [...((decoded[field.name] as unknown[] | undefined) ?? []), one] : one;
    }
  }
  return decoded;
}

type WireValue = { readonly wire: 'varint'; readonly number: bigint } | { readonly wire: 'fixed' | 'bytes'; readonly bytes: Buffer };

function valuesOf(field: ProtobufField, value: WireValue): unknown[] {
  if (value.wire === 'varint') return [field.type === 'bool' ? value.number !== 0n : value.number.toString()];
  const { bytes } = value;
  switch (field.type) {
    case 'message':
      return [decodeProtobuf(bytes, field.of())];
    case 'string':
      return [bytes.toString('utf8')];
    case 'hex':
      return [bytes.toString('hex')];
    case 'double':
      return chunks(bytes, 8).map((chunk) => chunk.readDoubleLE());
    case 'fixed64':
      return chunks(bytes, 8).map((chunk) => chunk.readBigUInt64LE().toString());
    case 'fixed32':
      return chunks(bytes, 4).map((chunk) => chunk.readUInt32LE());
    case 'varint':
    case 'bool': {
      const cursor = new Cursor(bytes);
      const packed: string[] = [];
      while (!cursor.isAtEnd) packed.push(cursor.varint().toString());
      return packed;
    }
  }
}

/** Packed numbers, or one that stands alone. */
function chunks(bytes: Buffer, size: number): Buffer[] {
  if (bytes.length % size !== 0) throw new RangeError('a packed field has a part of a number');
  return Array.from({ length: bytes.length / size }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}

class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#take(1)[0] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number has no end');
  }

  value(wireType: number): WireValue {
    if (wireType === 0) return { wire: 'varint', number: this.varint() };
    if (wireType === 1) return { wire: 'fixed', bytes: this.#take(8) };
    if (wireType === 2) return { wire: 'bytes', bytes: this.#take(Number(this.varint())) };
    if (wireType === 5) return { wire: 'fixed', bytes: this.#take(4) };
    throw new RangeError(`there is no wire type ${wireType}`);
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('the message ends inside of a field');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
