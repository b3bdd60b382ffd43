import { CAPABILITIES, type Capabilities, hasCapability } from './capabilities.js';
import { PacketWriter } from './packet-writer.js';
import { lenientText, PayloadReader } from './payload-reader.js';
import { ProtocolError } from './protocol-error.js';

const {
  CLIENT_CONNECT_ATTRS,
  CLIENT_CONNECT_WITH_DB,
  CLIENT_LONG_PASSWORD,
  CLIENT_PLUGIN_AUTH,
  CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA,
  CLIENT_PROTOCOL_41,
  CLIENT_SECURE_CONNECTION,
  CLIENT_SSL,
  CLIENT_ZSTD_COMPRESSION_ALGORITHM,
} = CAPABILITIES;

/** What both of a client's first packets begin with. */
interface ClientStart {
  readonly capabilities: Capabilities;
  /** The upper 32 bits of MariaDB's capabilities; 0 of a client that sets CLIENT_LONG_PASSWORD (CLIENT_MYSQL). */
  readonly mariadbCapabilities: number;
  readonly maxPacketSize: number;
  readonly collation: number;
}

/** "Protocol::SSLRequest": TLS begins with the client's next byte. */
export type SslRequest = { readonly kind: 'SSLRequest' } & ClientStart;

/** "Protocol::HandshakeResponse41". Byte fields are views: copy to keep. */
export type HandshakeResponse41 = {
  readonly kind: 'HandshakeResponse41';
  readonly user: string;
  readonly authResponse: Uint8Array;
  /** `undefined` without CLIENT_CONNECT_WITH_DB. */
  readonly database: string | undefined;
  /** The method that `authResponse` is of; `undefined` without CLIENT_PLUGIN_AUTH, or where the client left it out. */
  readonly authPlugin: string | undefined;
  readonly attributes: readonly ConnectAttribute[];
  /** `undefined` without CLIENT_ZSTD_COMPRESSION_ALGORITHM. */
  readonly zstdLevel: number | undefined;
} & ClientStart;

/** One connection attribute (`_client_name`, `program_name`, …). */
export interface ConnectAttribute {
  readonly name: string;
  readonly value: string;
}

const START_BYTES = 32;

/** Reads what a client sends first: SSLRequest, told by its length, or HandshakeResponse41. Throws a {@link ProtocolError}. */
export function readClientStart(reader: PayloadReader): SslRequest | HandshakeResponse41 {
  const isShort = reader.remaining === START_BYTES;
  const start = readStart(reader);
  if (isShort && hasCapability(start.capabilities, CLIENT_SSL)) return { kind: 'SSLRequest', ...start };
  return readResponse(reader, start);
}

function readStart(reader: PayloadReader): ClientStart {
  const capabilities = reader.int4();
  if (!hasCapability(capabilities, CLIENT_PROTOCOL_41))
    throw new ProtocolError('unexpected-message', 'the client does not speak the protocol of MySQL 4.1 and later (CLIENT_PROTOCOL_41)');
  const maxPacketSize = reader.int4();
  const collation = reader.int1();
  reader.skip(19);
  const upper = reader.int4();
  return { capabilities, mariadbCapabilities: hasCapability(capabilities, CLIENT_LONG_PASSWORD) ? 0 : upper, maxPacketSize, collation };
}

function readResponse(reader: PayloadReader, start: ClientStart): HandshakeResponse41 {
  const { capabilities } = start;
  const user = reader.nulText();
  const authResponse = readAuthResponse(reader, capabilities);
  const database = hasCapability(capabilities, CLIENT_CONNECT_WITH_DB) ? reader.nulText() : undefined;
  // Servers take it that clients end the packet early.
  const authPlugin = hasCapability(capabilities, CLIENT_PLUGIN_AUTH) && reader.remaining > 0 ? lenientText(reader.nulBytes()) : undefined;
  const attributes = hasCapability(capabilities, CLIENT_CONNECT_ATTRS) && reader.remaining > 0 ? readAttributes(reader) : [];
  const zstdLevel = hasCapability(capabilities, CLIENT_ZSTD_COMPRESSION_ALGORITHM) && reader.remaining > 0 ? reader.int1() : undefined;
  reader.finish();
  return { kind: 'HandshakeResponse41', ...start, user, authResponse, database, authPlugin, attributes, zstdLevel };
}

function readAuthResponse(reader: PayloadReader, capabilities: Capabilities): Uint8Array {
  if (hasCapability(capabilities, CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA)) return reader.lenencBytes();
  if (hasCapability(capabilities, CLIENT_SECURE_CONNECTION)) return reader.bytes(reader.int1());
  return reader.nulBytes();
}

export function writeSslRequest(writer: PacketWriter, request: SslRequest): void {
  writeStart(writer, request);
}

export function writeHandshakeResponse41(writer: PacketWriter, response: HandshakeResponse41): void {
  const { capabilities } = response;
  writeStart(writer, response);
  writer.nulText(response.user);
  writeAuthResponse(writer, response.authResponse, capabilities);
  if (hasCapability(capabilities, CLIENT_CONNECT_WITH_DB)) writer.nulText(response.database ?? '');
  if (hasCapability(capabilities, CLIENT_PLUGIN_AUTH)) writer.nulText(response.authPlugin ?? '');
  if (hasCapability(capabilities, CLIENT_CONNECT_ATTRS)) writeAttributes(writer, response.attributes);
  if (hasCapability(capabilities, CLIENT_ZSTD_COMPRESSION_ALGORITHM)) writer.int1(response.zstdLevel ?? 0);
}

function writeAuthResponse(writer: PacketWriter, data: Uint8Array, capabilities: Capabilities): void {
  if (hasCapability(capabilities, CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA)) writer.lenencBytes(data);
  else if (hasCapability(capabilities, CLIENT_SECURE_CONNECTION)) writer.int1(data.length).bytes(data);
  else writer.nulBytes(data);
}

function writeStart(writer: PacketWriter, start: ClientStart): void {
  writer.int4(start.capabilities).int4(start.maxPacketSize).int1(start.collation).zeros(19);
  writer.int4(hasCapability(start.capabilities, CLIENT_LONG_PASSWORD) ? 0 : start.mariadbCapabilities);
}

/** Reads connection attributes behind their length in bytes. */
export function readAttributes(reader: PayloadReader): readonly ConnectAttribute[] {
  const pairs = new PayloadReader(reader.lenencBytes());
  const attributes: ConnectAttribute[] = [];
  while (pairs.remaining > 0) attributes.push({ name: lenientText(pairs.lenencBytes()), value: lenientText(pairs.lenencBytes()) });
  return attributes;
}

export function writeAttributes(writer: PacketWriter, attributes: readonly ConnectAttribute[]): void {
  const pairs = new PacketWriter();
  for (const { name, value } of attributes) pairs.lenencText(name).lenencText(value);
  writer.lenencBytes(pairs.take());
}
