import { describe, expect, it } from '@jest/globals';
import { compare } from './judge.js';
import type { Operation } from './load.js';
import type { KeyRecord, LedgerReading } from './read-log.js';

const KEY = 'k1c0n0';
const operation: Operation = { keys: [KEY], kind: 'insert', statements: 1, acknowledged: true, failed: false };
const entry = { log: 'ledger', seq: 7, time: 1_000, type: 'statement.intent' };
const record: KeyRecord = { entries: [entry], states: ['ok'], ends: ['committed'] };
const row = { key: KEY, committedAt: 1_001 };
const ledger = (of?: Partial<KeyRecord>, problems: readonly string[] = []): LedgerReading => ({
  entries: 10,
  problems,
  keys: new Map(of === undefined ? [] : [[KEY, { ...record, ...of }]]),
});

describe('what is looked for after a kill', () => {
  it.each<[string, readonly string[]]>([
    ['a row whose end the ledger knows', compare([operation], [row], ledger({}))],
    ['a row whose outcome was lost', compare([operation], [row], ledger({ states: ['lost'], ends: ['unknown'] }))],
    ['what was never sent on', compare([{ ...operation, acknowledged: false }], [], ledger())],
    [
      'what was begun and never came to be',
      compare([{ ...operation, acknowledged: false }], [], ledger({ states: ['lost'], ends: ['unknown'] })),
    ],
    [
      'a read whose end is not known',
      compare(
        [{ ...operation, kind: 'read' }],
        [],
        ledger({ entries: [{ ...entry, type: 'statement.completed' }], states: ['unknown'], ends: ['none'] }),
      ),
    ],
  ])('is not %s', (_note, problems) => {
    expect(problems).toEqual([]);
  });

  it.each<[string, readonly string[]]>([
    ['a row without an intent', compare([], [row], ledger())],
    ['an intent that is younger than the row', compare([], [{ ...row, committedAt: 999 }], ledger({}))],
    ['a row of which the ledger says that it was rolled back', compare([], [row], ledger({ ends: ['rolled-back'] }))],
    ['a commit of a row that is not there', compare([{ ...operation, acknowledged: false }], [], ledger({}))],
    ['something acknowledged without an entry', compare([{ ...operation, kind: 'read' }], [], ledger())],
    ['something acknowledged that is not there', compare([operation], [], ledger({ ends: ['unknown'] }))],
    ['something acknowledged of which the ledger says that it failed', compare([operation], [row], ledger({ states: ['error'] }))],
    ['one thing told twice', compare([operation], [row], ledger({ entries: [entry, entry] }))],
    ['a read told as a write', compare([{ ...operation, kind: 'read' }], [], ledger({ ends: ['none'] }))],
    ['something that the gateway refused', compare([{ ...operation, failed: true, acknowledged: false }], [], ledger())],
    ['a log that does not go on', compare([], [], ledger(undefined, ['entry 5 stands where 4 belongs']))],
  ])('is %s', (_note, problems) => {
    expect(problems).toHaveLength(1);
  });
});
