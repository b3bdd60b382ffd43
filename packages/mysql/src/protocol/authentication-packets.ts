import type { PacketWriter } from './packet-writer.js';
import { lenientText, type PayloadReader } from './payload-reader.js';
import { ProtocolError } from './protocol-error.js';

/**
 * What a server sends while it authenticates, but for OK and ERR ("Protocol::AuthSwitchRequest", "Protocol::AuthMoreData",
 * "Protocol::AuthNextFactor"). Byte fields are views: copy to keep.
 */
export type AuthenticationPacket =
  /** `data`: without the NUL that closes a nonce. */
  | { readonly kind: 'AuthSwitchRequest'; readonly plugin: string; readonly data: Uint8Array }
  /** "Protocol::OldAuthSwitchRequest": the method of servers before 4.1, which is never taken. */
  | { readonly kind: 'OldAuthSwitchRequest' }
  | { readonly kind: 'AuthMoreData'; readonly data: Uint8Array }
  | { readonly kind: 'AuthNextFactor'; readonly plugin: string; readonly data: Uint8Array };

/** Reads one whole. Throws a {@link ProtocolError}. */
export function readAuthenticationPacket(reader: PayloadReader): AuthenticationPacket {
  const first = reader.int1();
  switch (first) {
    case 0xfe:
      if (reader.remaining === 0) return { kind: 'OldAuthSwitchRequest' };
      return { kind: 'AuthSwitchRequest', plugin: lenientText(reader.nulBytes()), data: withoutNul(reader.rest()) };
    case 0x01:
      return { kind: 'AuthMoreData', data: reader.rest() };
    case 0x02:
      return { kind: 'AuthNextFactor', plugin: lenientText(reader.nulBytes()), data: withoutNul(reader.rest()) };
    default:
      throw new ProtocolError('unexpected-message', 'the server sent what is no message of authentication');
  }
}

export function writeAuthenticationPacket(writer: PacketWriter, packet: AuthenticationPacket): void {
  switch (packet.kind) {
    case 'AuthSwitchRequest':
      writer.int1(0xfe).nulText(packet.plugin).bytes(packet.data).int1(0);
      return;
    case 'OldAuthSwitchRequest':
      writer.int1(0xfe);
      return;
    case 'AuthMoreData':
      writer.int1(0x01).bytes(packet.data);
      return;
    case 'AuthNextFactor':
      writer.int1(0x02).nulText(packet.plugin).bytes(packet.data).int1(0);
      return;
  }
}

function withoutNul(data: Uint8Array): Uint8Array {
  return data.length > 0 && data[data.length - 1] === 0 ? data.subarray(0, -1) : data;
}
