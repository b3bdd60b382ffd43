/** A value for COM_STMT_EXECUTE: a text, a whole number (sent as LONGLONG), bytes, or SQL NULL. */
export type Parameter = string | number | Uint8Array | null;

const LONGLONG = 0x08;
const VAR_STRING = 0xfd;
const BLOB = 0xfc;
const READ_ONLY_CURSOR = 1;
const PARAMETER_COUNT_AVAILABLE = 8;

/** Page "COM_STMT_EXECUTE", with new parameter types and without query attributes. */
export function executeCommand(id: number, values: readonly Parameter[], cursor: boolean, attributes: boolean): Buffer {
  const header = Buffer.alloc(10);
  header.writeUInt8(0x17, 0);
  header.writeUInt32LE(id, 1);
  header.writeUInt8((cursor ? READ_ONLY_CURSOR : 0) | (attributes ? PARAMETER_COUNT_AVAILABLE : 0), 5);
  header.writeUInt32LE(1, 6);
  const parts: Uint8Array[] = [header];
  if (attributes) parts.push(Buffer.from([values.length]));
  if (values.length === 0) return Buffer.concat(parts);
  const nulls = Buffer.alloc(Math.ceil(values.length / 8));
  for (const [index, value] of values.entries()) if (value === null) nulls[index >> 3] = (nulls[index >> 3] ?? 0) | (1 << (index & 7));
  parts.push(nulls, Buffer.from([1]));
  for (const value of values) {
    parts.push(Buffer.from([typeof value === 'number' ? LONGLONG : value instanceof Uint8Array ? BLOB : VAR_STRING, 0]));
    if (attributes) parts.push(Buffer.from([0]));
  }
  for (const value of values) if (value !== null) parts.push(encoded(value));
  return Buffer.concat(parts);
}

function encoded(value: string | number | Uint8Array): Buffer {
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  }
  const bytes = Buffer.from(value as string);
  if (bytes.length >= 0x1_0000) {
    const length = Buffer.from([0xfd, bytes.length & 0xff, (bytes.length >> 8) & 0xff, bytes.length >> 16]);
    return Buffer.concat([length, bytes]);
  }
  return Buffer.concat([
    bytes.length < 0xfb ? Buffer.from([bytes.length]) : Buffer.from([0xfc, bytes.length & 0xff, bytes.length >> 8]),
    bytes,
  ]);
}
