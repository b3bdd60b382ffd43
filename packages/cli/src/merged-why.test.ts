import { describe, expect, it } from '@jest/globals';
import type { WhyAnswer, WhySchemaChange, WhyStatement } from '@sqlwarden/ledger';
import { mergedWhy } from './merged-why.js';

const statement = (seq: number, time: number): WhyStatement => ({ seq, time }) as WhyStatement;
const found = (seq: number, time: number, name: string, intent?: number): WhySchemaChange => ({
  seq,
  time,
  upstream: 'crm',
  intent,
  changes: [{ operation: 'added', kind: 'relation', name }],
});

function answer(parts: Partial<WhyAnswer>): WhyAnswer {
  const totals = { changes: 0, reads: 0, maskedReads: 0, refused: 0, rolledBack: 0, failed: 0, open: 0, unclear: 0 };
  return {
    question: { about: 'relation', name: 'people' },
    entries: 5,
    range: { from: undefined, to: undefined },
    changes: [],
    reads: [],
    refused: [],
    schemaChanges: [],
    labels: [],
    ...parts,
    totals: { ...totals, reads: parts.reads?.length ?? 0 },
  };
}

describe('answers of several logs', () => {
  it('are one answer: the newest of all, counts added up, labels joined', () => {
    const merged = mergedWhy(
      [
        {
          log: 'worker-1',
          answer: answer({ reads: [statement(1, 10), statement(2, 30)], labels: [{ label: 'pii.email', columns: ['b'] }] }),
        },
        { log: 'worker-2', answer: answer({ reads: [statement(1, 20)], labels: [{ label: 'pii.email', columns: ['a'] }] }) },
      ],
      2,
    );
    expect(merged.reads).toEqual([
      { seq: 1, time: 20, log: 'worker-2' },
      { seq: 2, time: 30, log: 'worker-1' },
    ]);
    expect([merged.entries, merged.totals.reads, merged.labels]).toEqual([10, 3, [{ label: 'pii.email', columns: ['a', 'b'] }]]);
  });

  it("of one log are that log's own", () => {
    const only = answer({ reads: [statement(1, 10)], schemaChanges: [found(2, 10, 'a'), found(3, 10, 'a')] });
    expect(mergedWhy([{ log: undefined, answer: only }])).toEqual(only);
  });

  it('tell a change of the schema once, by the statement that made it', () => {
    const merged = mergedWhy([
      { log: 'worker-1', answer: answer({ schemaChanges: [found(4, 1_000, 'a'), found(5, 2_000, 'b'), found(6, 3_000, 'a')] }) },
      { log: 'worker-2', answer: answer({ schemaChanges: [found(4, 1_500, 'a', 3), found(9, 90_000_000, 'b')] }) },
    ]);
    const told = merged.schemaChanges.map(({ seq, intent }) => [seq, intent]);
    // What both only found is told once, unless so much later that it was done anew.
    expect(told).toEqual([
      [4, 3],
      [5, undefined],
      [9, undefined],
    ]);
  });
});
