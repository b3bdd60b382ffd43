import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { ProtocolError } from './protocol-error.js';

/** Protocol version 3.0 (major in the high 16 bits). */
export const PROTOCOL_3_0 = 0x0003_0000;
/** Protocol version 3.2, the newest: longer cancel keys ("Protocol Versions"). There is no 3.1. */
export const PROTOCOL_3_2 = 0x0003_0002;
const SSL_REQUEST = 80_877_103;
const GSSENC_REQUEST = 80_877_104;
const CANCEL_REQUEST = 80_877_102;
const MAX_PARAMETERS = 256;

/** Packets without a type byte: "Start-up" and "Cancelling Requests in Progress" of the PostgreSQL protocol documentation. */
export type StartupPacket =
  | { readonly kind: 'SSLRequest' }
  | { readonly kind: 'GSSENCRequest' }
  /** `secret`: 4 bytes in protocol 3.0, up to 256 in 3.2. A view: copy to keep. */
  | { readonly kind: 'CancelRequest'; readonly processId: number; readonly secret: Uint8Array }
  | { readonly kind: 'StartupMessage'; readonly major: number; readonly minor: number; readonly parameters: ReadonlyMap<string, string> };

/** Decodes the body (what follows the length) of a start-up packet. Throws a {@link ProtocolError}. */
export function decodeStartupPacket(bytes: Uint8Array, bodyStart: number, end: number): StartupPacket {
  const reader = new ByteReader(bytes, bodyStart, end);
  const code = reader.uint32();
  if (code === SSL_REQUEST) return finished(reader, { kind: 'SSLRequest' });
  if (code === GSSENC_REQUEST) return finished(reader, { kind: 'GSSENCRequest' });
  if (code === CANCEL_REQUEST) {
    const processId = reader.int32();
    const secret = reader.rest();
    if (secret.length < 4 || secret.length > 256) throw new ProtocolError('length', 'the secret of a CancelRequest is out of range');
    return { kind: 'CancelRequest', processId, secret };
  }
  return { kind: 'StartupMessage', major: code >>> 16, minor: code & 0xffff, parameters: startupParameters(reader, code >>> 16) };
}

function finished(reader: ByteReader, packet: StartupPacket): StartupPacket {
  reader.finish();
  return packet;
}

function startupParameters(reader: ByteReader, major: number): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  // Only version 3 is known to carry parameters in this form; another major is refused by its number.
  if (major !== 3) return parameters;
  for (;;) {
    const name = reader.cstring();
    if (name === '') break;
    if (parameters.has(name)) throw new ProtocolError('invalid-value', 'a startup parameter is given twice');
    if (parameters.size === MAX_PARAMETERS) throw new ProtocolError('length', `more than ${MAX_PARAMETERS} startup parameters`);
    parameters.set(name, reader.cstring());
  }
  reader.finish();
  return parameters;
}

/** Encodes a start-up packet, its length included. */
export function encodeStartupPacket(packet: StartupPacket): Uint8Array {
  const writer = new ByteWriter().begin(0);
  switch (packet.kind) {
    case 'SSLRequest':
      return writer.uint32(SSL_REQUEST).end().take();
    case 'GSSENCRequest':
      return writer.uint32(GSSENC_REQUEST).end().take();
    case 'CancelRequest':
      return writer.uint32(CANCEL_REQUEST).int32(packet.processId).bytes(packet.secret).end().take();
    case 'StartupMessage': {
      writer.uint16(packet.major).uint16(packet.minor);
      for (const [name, value] of packet.parameters) writer.cstring(name).cstring(value);
      return writer.uint8(0).end().take();
    }
  }
}
