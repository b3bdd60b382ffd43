import { describe, expect, it } from '@jest/globals';
import type { SessionHost } from '@sqlwarden/core';
import { writeErr } from '../protocol/err-packet.js';
import { writeOk } from '../protocol/ok-packet.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodePacket } from '../protocol/packet-writer.js';
import { STATUS } from '../protocol/status-flags.js';
import { Conversation } from './conversation.js';
import { ServerMessages } from './server-messages.js';
import { UnitAdmission } from './unit-admission.js';

/** After an error in a transaction, of which nobody knows whether it is still open. */
function doubtful(): { readonly talk: Conversation; readonly admission: UnitAdmission; readonly answer: (packet: Uint8Array) => void } {
  const host = { send: () => undefined, transactionEnded: () => undefined } as unknown as SessionHost;
  const packets = new PacketSplitter('server', 1 << 20);
  const talk = new Conversation(host, {} as never, packets);
  const messages = new ServerMessages(talk, packets);
  talk.transactions.completed('begin', STATUS.SERVER_STATUS_IN_TRANS, false);
  talk.transactions.failed(1213);
  const answer = (packet: Uint8Array): void => {
    packets.push(packet);
    while (messages.step());
  };
  return { talk, admission: new UnitAdmission(talk), answer };
}

const ok = { header: 0, affectedRows: 0n, lastInsertId: 0n, status: 0, warnings: 0, info: new Uint8Array(0), changes: [] } as const;

describe('where a transaction stands after an error', () => {
  it('is asked for, and the answer counts', () => {
    const { talk, admission, answer } = doubtful();
    expect(admission.readiness()).toBe('wait');
    expect(talk.expected?.kind).toBe('ok');
    answer(encodePacket(1, (writer) => writeOk(writer, ok, 0)));
    expect(talk.isDoubtful).toBe(false);
    expect(talk.transactions.status).toBe('idle');
  });

  it('is a refusal of one unit when the server answers with an error, and is asked for again for the next', () => {
    const { talk, admission, answer } = doubtful();
    for (let times = 0; times < 3; times++) {
      expect(admission.readiness()).toBe('wait');
      answer(encodePacket(1, (writer) => writeErr(writer, { code: 1317, sqlState: '70100', message: 'interrupted' })));
      expect(talk.expected).toBeUndefined();
      expect(admission.readiness()).toMatchObject({ code: 'internal-error' });
    }
  });
});
