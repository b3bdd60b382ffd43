import { CAPABILITIES, type Capabilities, hasCapability } from './capabilities.js';
import { type ConnectAttribute, readAttributes, writeAttributes } from './handshake-response.js';
import type { PacketWriter } from './packet-writer.js';
import { lenientText, type PayloadReader } from './payload-reader.js';

const { CLIENT_CONNECT_ATTRS, CLIENT_PLUGIN_AUTH, CLIENT_SECURE_CONNECTION } = CAPABILITIES;

/** "COM_CHANGE_USER". Byte fields are views: copy to keep. */
export interface ChangeUser {
  readonly user: string;
  readonly authResponse: Uint8Array;
  /** Empty: none. */
  readonly database: string;
  /** This and what follows it may be left out. */
  readonly collation: number | undefined;
  readonly authPlugin: string | undefined;
  readonly attributes: readonly ConnectAttribute[] | undefined;
}

/** Reads what follows the command byte. */
export function readChangeUser(reader: PayloadReader, capabilities: Capabilities): ChangeUser {
  const user = reader.nulText();
  const authResponse = hasCapability(capabilities, CLIENT_SECURE_CONNECTION) ? reader.bytes(reader.int1()) : reader.nulBytes();
  const database = reader.nulText();
  const collation = reader.remaining > 0 ? reader.int2() : undefined;
  const authPlugin = hasCapability(capabilities, CLIENT_PLUGIN_AUTH) && reader.remaining > 0 ? lenientText(reader.nulBytes()) : undefined;
  // mysql2 sends them by what it could do, agreed or not.
  const attributes = reader.remaining > 0 ? readAttributes(reader) : undefined;
  return { user, authResponse, database, collation, authPlugin, attributes };
}

/** Writes what follows the command byte; fields behind one that is left out are left out. */
export function writeChangeUser(writer: PacketWriter, change: ChangeUser, capabilities: Capabilities): void {
  const { authResponse } = change;
  writer.nulText(change.user);
  if (hasCapability(capabilities, CLIENT_SECURE_CONNECTION)) writer.int1(authResponse.length).bytes(authResponse);
  else writer.nulBytes(authResponse);
  writer.nulText(change.database);
  if (change.collation === undefined) return;
  writer.int2(change.collation);
  if (hasCapability(capabilities, CLIENT_PLUGIN_AUTH)) {
    if (change.authPlugin === undefined) return;
    writer.nulText(change.authPlugin);
  }
  if (hasCapability(capabilities, CLIENT_CONNECT_ATTRS) && change.attributes !== undefined) writeAttributes(writer, change.attributes);
}
