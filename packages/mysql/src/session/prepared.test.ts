import { describe, expect, it } from '@jest/globals';
import { type PreparedStatement, PreparedStatements } from './prepared.js';

const statement = (): PreparedStatement => ({
  id: 1,
  text: 'SELECT ?',
  renewal: undefined,
  bytes: 8,
  parameters: 1,
  admission: { kind: 'proceed', ticket: 0, statements: [], cleanTexts: false, decision: undefined },
  types: undefined,
  areTypesSent: true,
  longData: new Map(),
  isLongDataLost: false,
  opened: undefined,
  lastHeader: undefined,
  lastBinding: undefined,
  cursor: undefined,
});

describe('values that are sent ahead of an execute', () => {
  it('are one value, whatever pieces they came in', () => {
    const [all, one] = [new PreparedStatements(), statement()];
    for (const piece of ['a', '', 'bcd', 'e']) all.addLongData(one, 0, Buffer.from(piece), 100);
    const { buffer, bytes } = one.longData.get(0)!;
    expect(Buffer.from(buffer.subarray(0, bytes)).toString()).toBe('abcde');
  });

  it('take no more memory for coming in many pieces, empty ones too', () => {
    const [all, one] = [new PreparedStatements(), statement()];
    for (let piece = 0; piece < 10_000; piece += 1) all.addLongData(one, 0, new Uint8Array(piece % 2), 5000);
    expect([...one.longData.values()].map(({ bytes, buffer }) => [bytes, buffer.length <= 10_000])).toEqual([[5000, true]]);
    all.addLongData(one, 0, new Uint8Array(1), 5000);
    expect(one.isLongDataLost).toBe(true);
    expect(one.longData.size).toBe(0);
  });
});
