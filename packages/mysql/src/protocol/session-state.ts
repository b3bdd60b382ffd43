import { unreachable } from '@sqlwarden/core';
import { lenientText, PayloadReader } from './payload-reader.js';
import { PacketWriter } from './packet-writer.js';

/** What an OK packet says of changes of the session's state ("OK_Packet", "Session State Information"; 6 is MariaDB's "User variables"). */
export type SessionStateChange =
  /** SESSION_TRACK_SYSTEM_VARIABLES */
  | { readonly kind: 'system-variable'; readonly name: string; readonly value: string }
  /** SESSION_TRACK_SCHEMA: the default schema. */
  | { readonly kind: 'schema'; readonly name: string }
  /** SESSION_TRACK_STATE_CHANGE: whether anything changed. */
  | { readonly kind: 'state-change'; readonly isChanged: string }
  /** SESSION_TRACK_GTIDS */
  | { readonly kind: 'gtids'; readonly encoding: number; readonly gtids: string }
  /** SESSION_TRACK_TRANSACTION_CHARACTERISTICS: statements that would begin such a transaction. */
  | { readonly kind: 'transaction-characteristics'; readonly statements: string }
  /** SESSION_TRACK_TRANSACTION_STATE: eight characters. */
  | { readonly kind: 'transaction-state'; readonly state: string }
  /** A type that is not known here. `data` is a view. */
  | { readonly kind: 'other'; readonly type: number; readonly data: Uint8Array };

const SESSION_TRACK_SYSTEM_VARIABLES = 0;
const SESSION_TRACK_SCHEMA = 1;
const SESSION_TRACK_STATE_CHANGE = 2;
const SESSION_TRACK_GTIDS = 3;
const SESSION_TRACK_TRANSACTION_CHARACTERISTICS = 4;
const SESSION_TRACK_TRANSACTION_STATE = 5;

/** Reads all changes of one OK packet. Texts are shown with replacement characters where they are not UTF-8. */
export function readSessionState(bytes: Uint8Array): readonly SessionStateChange[] {
  const changes: SessionStateChange[] = [];
  const reader = new PayloadReader(bytes);
  while (reader.remaining > 0) {
    const type = reader.int1();
    const data = new PayloadReader(reader.lenencBytes());
    const before = changes.length;
    do {
      changes.push(readChange(type, data));
      // MariaDB may put several variables into one entry.
    } while (type === SESSION_TRACK_SYSTEM_VARIABLES && data.remaining > 0 && changes.length > before);
    data.finish();
  }
  return changes;
}

function readChange(type: number, data: PayloadReader): SessionStateChange {
  switch (type) {
    case SESSION_TRACK_SYSTEM_VARIABLES:
      return { kind: 'system-variable', name: lenientText(data.lenencBytes()), value: lenientText(data.lenencBytes()) };
    case SESSION_TRACK_SCHEMA:
      return { kind: 'schema', name: lenientText(data.lenencBytes()) };
    case SESSION_TRACK_STATE_CHANGE:
      return { kind: 'state-change', isChanged: lenientText(data.lenencBytes()) };
    case SESSION_TRACK_GTIDS:
      return { kind: 'gtids', encoding: data.int1(), gtids: lenientText(data.lenencBytes()) };
    case SESSION_TRACK_TRANSACTION_CHARACTERISTICS:
      return { kind: 'transaction-characteristics', statements: lenientText(data.lenencBytes()) };
    case SESSION_TRACK_TRANSACTION_STATE:
      return { kind: 'transaction-state', state: lenientText(data.lenencBytes()) };
    default:
      return { kind: 'other', type, data: data.rest() };
  }
}

/** The bytes of all changes, as {@link readSessionState} reads them. */
export function sessionStateBytes(changes: readonly SessionStateChange[]): Uint8Array {
  const all = new PacketWriter();
  for (const change of changes) {
    const data = new PacketWriter();
    const type = writeChange(data, change);
    all.int1(type).lenencBytes(data.take());
  }
  return all.take();
}

function writeChange(data: PacketWriter, change: SessionStateChange): number {
  switch (change.kind) {
    case 'system-variable':
      data.lenencText(change.name).lenencText(change.value);
      return SESSION_TRACK_SYSTEM_VARIABLES;
    case 'schema':
      data.lenencText(change.name);
      return SESSION_TRACK_SCHEMA;
    case 'state-change':
      data.lenencText(change.isChanged);
      return SESSION_TRACK_STATE_CHANGE;
    case 'gtids':
      data.int1(change.encoding).lenencText(change.gtids);
      return SESSION_TRACK_GTIDS;
    case 'transaction-characteristics':
      data.lenencText(change.statements);
      return SESSION_TRACK_TRANSACTION_CHARACTERISTICS;
    case 'transaction-state':
      data.lenencText(change.state);
      return SESSION_TRACK_TRANSACTION_STATE;
    case 'other':
      data.bytes(change.data);
      return change.type;
    default:
      return unreachable(change);
  }
}
