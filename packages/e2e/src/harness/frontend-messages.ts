/**
 * Messages of a PostgreSQL client, built by hand so that a test controls every byte. Page "Message Formats" of the PostgreSQL documentation.
 */

/** A value for Bind: text, bytes that are sent in binary format, or SQL NULL. */
export type BindValue = string | Uint8Array | null;

export interface BindRequest {
  readonly portal?: string;
  readonly statement?: string;
  readonly values?: readonly BindValue[];
  readonly resultFormat?: 'text' | 'binary';
}

const PROTOCOL_3_0 = 196_608;
const CANCEL_REQUEST = 80_877_102;
const SSL_REQUEST = 80_877_103;

export function startupMessage(parameters: Readonly<Record<string, string>>, version = PROTOCOL_3_0): Buffer {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [cstring(name), cstring(value)]);
  return untyped(int32(version), ...pairs, Buffer.from([0]));
}

export function sslRequest(): Buffer {
  return untyped(int32(SSL_REQUEST));
}

export function cancelRequest(processId: number, secret: Uint8Array): Buffer {
  return untyped(int32(CANCEL_REQUEST), int32(processId), secret);
}

export function passwordMessage(password: string): Buffer {
  return typed('p', cstring(password));
}

export function query(sql: string): Buffer {
  return typed('Q', cstring(sql));
}

export function parse(sql: string, statement = '', parameterTypes: readonly number[] = []): Buffer {
  return typed('P', cstring(statement), cstring(sql), int16(parameterTypes.length), ...parameterTypes.map(int32));
}

export function bind({ portal = '', statement = '', values = [], resultFormat = 'text' }: BindRequest = {}): Buffer {
  const formats = values.map((value) => int16(value instanceof Uint8Array ? 1 : 0));
  const fields = values.flatMap((value) => {
    if (value === null) return [int32(-1)];
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    return [int32(bytes.length), bytes];
  });
  const results = [int16(1), int16(resultFormat === 'binary' ? 1 : 0)];
  return typed('B', cstring(portal), cstring(statement), int16(formats.length), ...formats, int16(values.length), ...fields, ...results);
}

export function describeStatement(statement = ''): Buffer {
  return typed('D', Buffer.from('S'), cstring(statement));
}

export function describePortal(portal = ''): Buffer {
  return typed('D', Buffer.from('P'), cstring(portal));
}

/** `maxRows` 0: all. */
export function execute(portal = '', maxRows = 0): Buffer {
  return typed('E', cstring(portal), int32(maxRows));
}

export function closeStatement(statement: string): Buffer {
  return typed('C', Buffer.from('S'), cstring(statement));
}

export const sync = (): Buffer => typed('S');
export const flush = (): Buffer => typed('H');
export const copyDone = (): Buffer => typed('c');
export const terminate = (): Buffer => typed('X');

export function copyData(text: string): Buffer {
  return typed('d', Buffer.from(text));
}

export function copyFail(reason: string): Buffer {
  return typed('f', cstring(reason));
}

/** A message of any type with any body: for what a proper client would not send. */
export function typed(type: string, ...body: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from(type, 'latin1'), untyped(...body)]);
}

function untyped(...body: readonly Uint8Array[]): Buffer {
  const length = body.reduce((sum, part) => sum + part.length, 4);
  return Buffer.concat([int32(length), ...body]);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  if (value < 0) bytes.writeInt32BE(value);
  else bytes.writeUInt32BE(value);
  return bytes;
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function cstring(text: string): Buffer {
  return Buffer.concat([Buffer.from(text), Buffer.from([0])]);
}
