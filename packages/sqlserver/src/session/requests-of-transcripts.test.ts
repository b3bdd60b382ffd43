import { describe, expect, it } from '@jest/globals';
import { isStatement, type MaskTools, type SessionHost } from '@sqlwarden/core';
import { type CannedParameter, requestsOfConversation, type TdsConversation, tdsTranscripts } from '@sqlwarden/testkit';
import { MessageAssembler, type WireMessage } from '../protocol/message-assembler.js';
import { PACKET_TYPE } from '../protocol/packet.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { declaredParameters } from '../sql/declared-parameters.js';
import { parseUnit } from '../sql/parse.js';
import { readRequest } from './client-request.js';
import { Conversation } from './conversation.js';
import type { Proceed } from './prepared.js';
import { planCall } from './rpc-calls.js';

const CONTEXT = { serverVersion: 16, lexical: { quoted_identifier: 'on', case_sensitive: 'off' } };
const DECISION: Proceed = { kind: 'proceed', ticket: 0, statements: [], cleanTexts: false, decision: undefined };
const CURSOR = {
  result: { columns: [], rows: { columns: 0, cells: undefined, disagreements: [] }, watched: undefined },
  returned: undefined,
};
const NO_REQUESTS: ReadonlySet<number> = new Set([PACKET_TYPE.PRELOGIN, PACKET_TYPE.LOGIN7]);
/** The handles that the recorded server gave. */
const PREPARED = 1;
const OPENED = 180_150_001;

/** What each request of the conversation is judged as; attentions have no text. */
function judgedIn({ reads, encryption }: TdsConversation, tdsVersion: number, chunk: number): string[] {
  const talk = new Conversation({} as SessionHost, {} as MaskTools);
  const packets = new PacketSplitter();
  const messages = new MessageAssembler(1 << 28);
  const judged: string[] = [];
  const sent = reads.filter(({ from }) => from === 'client').map(({ bytes }) => bytes);
  const from = encryption === 'login' ? sent.findIndex(([type]) => type === PACKET_TYPE.SQL_BATCH || type === PACKET_TYPE.RPC) : 0;
  for (const bytes of from < 0 ? [] : sent.slice(from))
    for (let at = 0; at < bytes.length; at += chunk) {
      packets.push(bytes.subarray(at, at + chunk));
      while (packets.next()) {
        const message = messages.add(packets);
        if (message === undefined || NO_REQUESTS.has(message.type)) continue;
        if (message.type === PACKET_TYPE.ATTENTION) judged.push('attention');
        else judged.push(...textsOf(message, tdsVersion, talk));
      }
    }
  return judged;
}

function textsOf(message: WireMessage, tdsVersion: number, talk: Conversation): string[] {
  const request = readRequest(message, { tdsVersion });
  if (request.kind !== 'rpc')
    return [request.kind === 'bulk-load' ? 'bulk load' : 'text' in request ? request.text : JSON.stringify(request)];
  return request.request.calls.map((call) => {
    const planned = planCall(call, talk, (text) => declaredParameters(text, CONTEXT));
    if (planned.kind === 'free') {
      planned.forwarded();
      return 'free';
    }
    if (planned.kind !== 'judged') return planned.kind === 'error' ? planned.text : JSON.stringify(planned.refusal);
    const replies = planned.replies({ prepare: DECISION, bind: DECISION, last: DECISION });
    replies.prepared?.(PREPARED);
    replies.cursorOpened?.(OPENED, CURSOR);
    return planned.judged.text;
  });
}

/** The text that the procedure runs or prepares. */
function textIn(parameters: readonly CannedParameter[], at: number): string {
  const value = parameters[at]?.value;
  return typeof value === 'string' ? value : '';
}

/** The last is the answer to a handle that was given back. */
const WITHOUT_TEXT = /^(?:attention|bulk load|free|Could not find prepared statement with handle \d+\.)$/;

/** The statements of a text, each of which has facts. */
function isUnderstood(text: string): boolean {
  const parsed = parseUnit(text, CONTEXT);
  return (
    parsed.ok && parsed.unit.statements.length > 0 && parsed.unit.statements.every((each) => isStatement(each) && each.kind !== 'opaque')
  );
}

const TEXT_AT: Readonly<Record<string, number>> = { sp_executesql: 0, sp_prepare: 2, sp_prepexec: 2, sp_cursoropen: 1 };

describe.each(tdsTranscripts().map((transcript) => [transcript.name, transcript] as const))(
  'the recording %s',
  (_, { conversations, statements }) => {
    it('has every statement in what is judged', () => {
      const all: string[] = [];
      for (const conversation of conversations) {
        const { login, requests } = requestsOfConversation(conversation);
        if (requests.length === 0) continue;
        const tdsVersion = login?.tdsVersion === '7.1' ? 0x7100_0001 : login?.tdsVersion === '7.2' ? 0x7209_0002 : 0x7400_0004;
        const judged = judgedIn(conversation, tdsVersion, Number.POSITIVE_INFINITY);
        expect(judged.length).toBe(requests.length);
        for (const [at, request] of requests.entries()) {
          const text = judged[at] ?? '';
          if (request.kind === 'batch') expect(text).toBe(request.text);
          else if (request.kind === 'attention') expect(text).toBe('attention');
          else if (request.kind === 'bulk load') expect(text).toBe('bulk load');
          else if (request.kind === 'transaction manager') expect(text).toMatch(/^(?:BEGIN|COMMIT|ROLLBACK|SAVE) TRANSACTION/);
          else if (request.procedure in TEXT_AT) expect(text).toContain(textIn(request.parameters, TEXT_AT[request.procedure] ?? 0));
          else expect(text).not.toMatch(/message-unsupported|cursor identifier/);
        }
        all.push(...judged);
        const notUnderstood = judged.filter((text) => !WITHOUT_TEXT.test(text) && !isUnderstood(text));
        expect(notUnderstood).toEqual([]);
        expect(judgedIn(conversation, tdsVersion, 7)).toEqual(judged);
      }
      const isReadable = conversations.every(({ encryption }) => encryption === 'none' || encryption === 'login');
      for (const { text } of isReadable ? statements : []) expect(all.some((judged) => judged.includes(text))).toBe(true);
    });
  },
);
