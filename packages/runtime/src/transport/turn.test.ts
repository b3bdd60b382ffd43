import { describe, expect, it } from '@jest/globals';
import { Turn, type TurnMember } from './turn.js';

function member(seen: string[], name: string, isUnrecorded: boolean): TurnMember {
  return {
    isUnrecorded,
    sendPending: () => void seen.push(`${name} sends`),
    notRecorded: () => void seen.push(`${name} ends`),
  };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('a turn of the event loop', () => {
  it('writes the ledger once, before anybody sends', async () => {
    const seen: string[] = [];
    const turn = new Turn(
      () => void seen.push('written'),
      () => undefined,
    );
    turn.add(member(seen, 'one', true));
    turn.add(member(seen, 'two', true));
    expect(seen).toEqual([]);
    await nextTurn();
    expect(seen).toEqual(['written', 'one sends', 'two sends']);
  });

  it('does not write it for answers alone', async () => {
    const seen: string[] = [];
    const turn = new Turn(
      () => void seen.push('written'),
      () => undefined,
    );
    turn.add(member(seen, 'one', false));
    await nextTurn();
    expect(seen).toEqual(['one sends']);
  });

  it('ends those whose units could not be recorded, and nobody else', async () => {
    const seen: string[] = [];
    const turn = new Turn(
      () => {
        throw new Error('full');
      },
      (error) => void seen.push(error.message),
    );
    turn.add(member(seen, 'one', true));
    turn.add(member(seen, 'two', false));
    await nextTurn();
    expect(seen).toEqual(['full', 'one ends', 'two sends']);
  });
});
