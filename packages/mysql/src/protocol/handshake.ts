import { CAPABILITIES, type Capabilities, hasCapability } from './capabilities.js';
import type { PacketWriter } from './packet-writer.js';
import { lenientText, type PayloadReader } from './payload-reader.js';
import { ProtocolError } from './protocol-error.js';

const { CLIENT_LONG_PASSWORD, CLIENT_PLUGIN_AUTH, CLIENT_SECURE_CONNECTION } = CAPABILITIES;
const PROTOCOL_VERSION = 10;
const FIRST_PART = 8;

/** "Protocol::HandshakeV10": what a server says first; in MariaDB "Initial Handshake Packet". */
export interface HandshakeV10 {
  readonly serverVersion: string;
  /** The thread id, by which KILL knows the session. */
  readonly connectionId: number;
  /** The nonce ("scramble") of the first authentication method, without its closing NUL: 20 bytes in all methods that servers begin with. */
  readonly authData: Uint8Array;
  readonly capabilities: Capabilities;
  /** The upper 32 bits of MariaDB's capabilities; 0 of a server that sets CLIENT_LONG_PASSWORD (CLIENT_MYSQL). */
  readonly mariadbCapabilities: number;
  readonly collation: number;
  readonly status: number;
  /** Of the method that `authData` is for; empty without CLIENT_PLUGIN_AUTH. */
  readonly authPlugin: string;
}

/** Reads the handshake whole. Byte fields are views. Throws a {@link ProtocolError}. */
export function readHandshakeV10(reader: PayloadReader): HandshakeV10 {
  const version = reader.int1();
  if (version !== PROTOCOL_VERSION)
    throw new ProtocolError('unknown-message', `the server greets in protocol version ${version}, not ${PROTOCOL_VERSION}`);
  const serverVersion = lenientText(reader.nulBytes());
  const connectionId = reader.int4();
  const first = reader.bytes(FIRST_PART);
  reader.skip(1);
  const low = reader.int2();
  const collation = reader.int1();
  const status = reader.int2();
  const capabilities = (low | (reader.int2() << 16)) >>> 0;
  const authLength = reader.int1();
  reader.skip(6);
  const upper = reader.int4();
  const mariadbCapabilities = hasCapability(capabilities, CLIENT_LONG_PASSWORD) ? 0 : upper;
  const second = hasCapability(capabilities, CLIENT_SECURE_CONNECTION)
    ? reader.bytes(Math.max(13, authLength - FIRST_PART))
    : first.subarray(0, 0);
  const authPlugin = hasCapability(capabilities, CLIENT_PLUGIN_AUTH) ? lenientText(reader.nulBytes()) : '';
  reader.finish();
  const authData = joined(first, withoutNul(second));
  return { serverVersion, connectionId, authData, capabilities, mariadbCapabilities, collation, status, authPlugin };
}

/** Writes the payload. Without CLIENT_SECURE_CONNECTION only the first 8 bytes of `authData` have a place. */
export function writeHandshakeV10(writer: PacketWriter, handshake: HandshakeV10): void {
  const { capabilities, authData } = handshake;
  const isMariadb = !hasCapability(capabilities, CLIENT_LONG_PASSWORD);
  if (authData.length < FIRST_PART) throw new ProtocolError('length', 'the authentication data of a handshake has 8 bytes or more');
  writer.int1(PROTOCOL_VERSION).nulText(handshake.serverVersion).int4(handshake.connectionId);
  writer
    .bytes(authData.subarray(0, FIRST_PART))
    .int1(0)
    .int2(capabilities & 0xffff);
  writer
    .int1(handshake.collation)
    .int2(handshake.status)
    .int2(capabilities >>> 16);
  writer.int1(hasCapability(capabilities, CLIENT_PLUGIN_AUTH) ? authData.length + 1 : 0).zeros(6);
  writer.int4(isMariadb ? handshake.mariadbCapabilities : 0);
  if (hasCapability(capabilities, CLIENT_SECURE_CONNECTION)) {
    const second = authData.subarray(FIRST_PART);
    writer.bytes(second).zeros(Math.max(1, 13 - second.length));
  }
  if (hasCapability(capabilities, CLIENT_PLUGIN_AUTH)) writer.nulText(handshake.authPlugin);
}

// The second part is padded with NUL; a nonce itself holds none.
function withoutNul(part: Uint8Array): Uint8Array {
  let end = part.length;
  while (end > 0 && part[end - 1] === 0) end -= 1;
  return part.subarray(0, end);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
