import { describe, expect, it } from '@jest/globals';
import { Outbox } from './outbox.js';

function collected(): { readonly out: Outbox; readonly sent: Uint8Array[] } {
  const sent: Uint8Array[] = [];
  return { out: new Outbox('client', (_leg, bytes) => void sent.push(bytes)), sent };
}

describe('the outbox', () => {
  it('sends neighbouring views of one buffer as one view of it', () => {
    const { out, sent } = collected();
    const buffer = Uint8Array.of(1, 2, 3, 4, 5, 6);
    out.pass(buffer, 1, 3);
    out.pass(buffer, 3, 5);
    out.flush();
    expect(sent).toEqual([Uint8Array.of(2, 3, 4, 5)]);
    expect(sent[0]?.buffer).toBe(buffer.buffer);
  });

  it('keeps the order of what passes, what is written and what is built', () => {
    const { out, sent } = collected();
    const buffer = Uint8Array.of(1, 2, 3, 4);
    out.pass(buffer, 0, 2);
    const room = out.reserve(1);
    room.buffer[room.start] = 9;
    out.write(Uint8Array.of(8));
    out.pass(buffer, 2, 4);
    out.flush();
    expect(sent).toEqual([Uint8Array.of(1, 2, 9, 8, 3, 4)]);
  });

  it('never writes again where it has sent', () => {
    const { out, sent } = collected();
    for (let round = 0; round < 3; round++) {
      const room = out.reserve(40_000);
      room.buffer.fill(round, room.start, room.start + 40_000);
      out.flush();
    }
    expect(sent.map((bytes) => [bytes.length, new Set(bytes)])).toEqual([0, 1, 2].map((round) => [40_000, new Set([round])]));
  });

  it('does not join what is long', () => {
    const { out, sent } = collected();
    out.write(new Uint8Array(50_000));
    out.write(new Uint8Array(50_000));
    out.flush();
    out.flush();
    expect(sent.map((bytes) => bytes.length)).toEqual([50_000, 50_000]);
  });
});
