import { describe, expect, it } from '@jest/globals';
import type { BackendMessage } from '../harness/backend-messages.js';
import { firstDifference, tell } from './two-worlds.js';

const ready: BackendMessage = { type: 'Z', body: Buffer.from('I') };
const row = (cell: string): BackendMessage => ({
  type: 'D',
  body: Buffer.concat([Buffer.from([0, 1, 0, 0, 0, cell.length]), Buffer.from(cell)]),
});
const error = (fields: string): BackendMessage => ({ type: 'E', body: Buffer.from(`${fields}\0\0`) });

function described(relation: number, type: number): BackendMessage {
  const field = Buffer.alloc(18);
  field.writeUInt32BE(relation, 0);
  field.writeUInt32BE(type, 6);
  return { type: 'T', body: Buffer.concat([Buffer.from([0, 1]), Buffer.from('a\0'), field]) };
}

function difference(one: readonly BackendMessage[], other: readonly BackendMessage[]): string | undefined {
  return firstDifference(tell(one), tell(other));
}

describe('the comparison of two worlds', () => {
  it('tells one byte of a cell, one row more, another order and another error apart', () => {
    expect(difference([row('a'), ready], [row('b'), ready])).toContain('message 0');
    expect(difference([row('a'), ready], [row('a'), row('a'), ready])).toContain('message 1');
    expect(difference([row('a'), row('b')], [row('b'), row('a')])).toContain('message 0');
    expect(difference([error('C22012\0Mdivision by zero')], [ready])).toContain('message 0');
    expect(difference([error('C22P02\0Mx\0Da')], [error('C22P02\0Mx\0Db')])).toContain('message 0');
    expect(difference([error('C22P02\0Mx\0P7')], [error('C22P02\0Mx\0P8')])).toContain('message 0');
    expect(difference([{ type: 'd', body: Buffer.from([1]) }], [{ type: 'd', body: Buffer.from([2]) }])).toContain('message 0');
    expect(difference([{ type: 'S', body: Buffer.from('a\0b\0') }], [{ type: 'S', body: Buffer.from('a\0c\0') }])).toContain('message 0');
  });

  it('leaves out what a server draws: numbers of processes, of new relations and types, its source lines', () => {
    expect(difference([{ type: 'K', body: Buffer.from('a') }], [{ type: 'K', body: Buffer.from('b') }])).toBeUndefined();
    expect(difference([described(17_000, 23)], [described(18_000, 23)])).toBeUndefined();
    expect(difference([described(17_000, 17_001)], [described(17_000, 17_002)])).toBeUndefined();
    expect(difference([described(17_000, 23)], [described(17_000, 25)])).toContain('message 0');
    expect(difference([described(0, 23)], [described(17_000, 23)])).toContain('message 0');
    expect(difference([error('C22012\0Mx\0L10')], [error('C22012\0Mx\0L11')])).toBeUndefined();
    expect(
      difference([{ type: 'A', body: Buffer.from('\0\0\0\u0001c\0p\0') }], [{ type: 'A', body: Buffer.from('\0\0\0\u0002c\0p\0') }]),
    ).toBeUndefined();
  });
});
