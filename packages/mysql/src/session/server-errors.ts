import type { Outcome } from '@sqlwarden/core';
import { CAPABILITIES } from '../protocol/capabilities.js';
import { type ErrPacket, readErr, writeErr } from '../protocol/err-packet.js';
import { readOk, writeOk } from '../protocol/ok-packet.js';
import type { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodePacket } from '../protocol/packet-writer.js';
import { PayloadReader } from '../protocol/payload-reader.js';
import { cleanedState, cleanedText, mayRaise, NO_WORDS, type OwnWords } from './error-texts.js';
import type { ExpectedReply, RepliesTo } from './expected-reply.js';
import { isPlainInfo } from './reply-ends.js';

/** The ERR packet in the splitter. */
export function errIn({ buffer, bodyStart, end }: PacketSplitter): ErrPacket {
  return readErr(new PayloadReader(buffer, bodyStart, end));
}

/** The ERR packet that a client may see in place of `err`. */
export function cleanedErr(err: ErrPacket, sequenceId: number, words: OwnWords): Uint8Array {
  const shown: ErrPacket = {
    code: err.code,
    sqlState: cleanedState(err.code, err.sqlState ?? ''),
    message: cleanedText(err.code, err.message, words),
  };
  return encodePacket(sequenceId, (writer) => writeErr(writer, shown));
}

/** The OK that the reader stands at, without its words; `undefined` where they quote no values. */
export function cleanedOk(payload: PayloadReader, sequenceId: number, sessionTrack: boolean): Uint8Array | undefined {
  const capabilities = sessionTrack ? CAPABILITIES.CLIENT_SESSION_TRACK : 0;
  const ok = readOk(payload, capabilities);
  if (isPlainInfo(ok.info)) return undefined;
  return encodePacket(sequenceId, (writer) => writeOk(writer, { ...ok, info: NO_INFO }, capabilities));
}

const NO_INFO = new Uint8Array(0);

/** What the client has said itself in the command that `reply` answers. */
export function wordsOf(reply: ExpectedReply, talk: RepliesTo): OwnWords {
  if (reply.text === '') return NO_WORDS;
  const work = reply.work;
  const raises = work !== undefined && (work.branching || mayRaise(work.statements));
  return { text: reply.text, database: talk.state?.database ?? '', mayRaise: raises };
}

/** ER_QUERY_INTERRUPTED, ER_QUERY_TIMEOUT, ER_STATEMENT_TIMEOUT (MariaDB) and ER_CONNECTION_KILLED (MariaDB): what KILL and limits of time end with. */
const INTERRUPTED: ReadonlySet<number> = new Set([1317, 3024, 1969, 1927]);

export function statusOf(code: number): Outcome['status'] {
  return INTERRUPTED.has(code) ? 'cancelled' : 'error';
}

/** ER_SERVER_SHUTDOWN, ER_NORMAL_SHUTDOWN, ER_CONNECTION_KILLED, ER_CLIENT_INTERACTION_TIMEOUT: the server says why it ends the session. */
const FATAL: ReadonlySet<number> = new Set([1053, 1077, 1927, 4031]);

export function isFatal(code: number): boolean {
  return FATAL.has(code);
}
