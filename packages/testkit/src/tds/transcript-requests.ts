import type { CannedParameter, DecodedValue } from './canned-answers.js';
import { readLogin7, type Login7 } from './login-message.js';
import { MessageReader, PACKET, type Message } from './packets.js';
import { readBatch, readBulkLoad, readCalls, readTransactionRequest } from './requests.js';
import type { TdsVersion } from './tds-version.js';
import type { TdsConversation } from './transcripts.js';

/** A request of a recording, as the testkit's own decoder reads it: what a decoder under test must find, too. */
export type TranscriptRequest =
  | { readonly kind: 'batch'; readonly text: string }
  | { readonly kind: 'rpc'; readonly procedure: string; readonly procedureId?: number; readonly parameters: readonly CannedParameter[] }
  | { readonly kind: 'transaction manager'; readonly action: string; readonly name: string }
  | { readonly kind: 'bulk load'; readonly columns: readonly string[]; readonly rows: readonly (readonly DecodedValue[])[] }
  | { readonly kind: 'attention' };

export interface TranscriptRequests {
  /** `undefined` where it is encrypted. */
  readonly login: Login7 | undefined;
  readonly requests: readonly TranscriptRequest[];
}

const REQUESTS: ReadonlySet<number> = new Set([PACKET.batch, PACKET.rpc, PACKET.attention, PACKET.bulkLoad, PACKET.transactionManager]);

/** All that the client of a conversation asked for; nothing of what is encrypted to its end. */
export function requestsOfConversation({ reads, encryption }: TdsConversation): TranscriptRequests {
  if (encryption === 'all' || encryption === 'strict') return { login: undefined, requests: [] };
  const sent = reads.filter(({ from }) => from === 'client').map(({ bytes }) => bytes);
  // Behind an encrypted login, the first read that begins as a request is one.
  const first = encryption === 'login' ? sent.findIndex((bytes) => REQUESTS.has(bytes[0] ?? 0)) : 0;
  const reader = new MessageReader();
  const requests: TranscriptRequest[] = [];
  let login: Login7 | undefined;
  for (const bytes of first < 0 ? [] : sent.slice(first)) {
    reader.push(bytes);
    for (let message = reader.next(); message !== undefined; message = reader.next()) {
      if (message.type === PACKET.login7) login = readLogin7(message.payload);
      else if (message.type !== PACKET.prelogin) requests.push(...requestsOf(message, login?.tdsVersion ?? '7.4'));
    }
  }
  if (reader.rest.length > 0) throw new Error('the recording ends within a packet of the client');
  return { login, requests };
}

function requestsOf({ type, payload }: Message, version: TdsVersion): readonly TranscriptRequest[] {
  if (type === PACKET.batch) return [{ kind: 'batch', text: readBatch(payload, version).text }];
  if (type === PACKET.rpc) return readCalls(payload, version).calls.map((call) => ({ kind: 'rpc', ...call }));
  if (type === PACKET.attention) return [{ kind: 'attention' }];
  if (type === PACKET.transactionManager) {
    const { action, name } = readTransactionRequest(payload, version);
    return [{ kind: 'transaction manager', action, name }];
  }
  if (type !== PACKET.bulkLoad) throw new Error(`a message of type ${type} in a recording`);
  const { columns, rows } = readBulkLoad(payload, version);
  return [{ kind: 'bulk load', columns: columns.map(({ name }) => name), rows }];
}
