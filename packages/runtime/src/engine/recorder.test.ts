import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { NewLedgerEvent } from '@sqlwarden/core';
import { Ledger, LedgerError, readEntry, verifyLedger } from '@sqlwarden/ledger';
import { assertedFields } from './asserted.js';
import { Recorder } from './recorder.js';

const closed = (reason: string) => ({ type: 'session.closed', session: 's', reason, durationMs: 1 }) as const;

describe('the recorder', () => {
  let directory: string;
  let ledger: Ledger;
  const troubles: Error[] = [];
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'recorder-'));
    ledger = await Ledger.open({ directory, origin: 'gateway.example/test', software: 'test' });
    troubles.length = 0;
  });
  afterEach(async () => {
    await ledger.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const recorder = (): Recorder => new Recorder(ledger, (error) => troubles.push(error));

  it.each([
    ['too large', 'x'.repeat(70_000)],
    ['not text', '\ud800'],
  ])('goes on after an event that is %s for any entry, and says that there was one', async (_, reason) => {
    const records = recorder();
    const finding = ledger.size;
    records.after(closed(reason));
    expect(records.before(closed('next'), [])).toBe(finding + 1);
    await ledger.checkpoint();
    const entry = await readEntry(directory, finding);
    expect(entry.event).toMatchObject({ type: 'security.finding', kind: 'unrecordable', session: 's' });
    expect(troubles).toHaveLength(1);
    expect((await verifyLedger(directory)).findings).toEqual([]);
  });

  it('writes what it could not write, in order, before anything new', async () => {
    let isAway = true;
    const written: string[] = [];
    const records = new Recorder(
      {
        commit: (name, value) => ledger.commit(name, value),
        durable: (seq) => ledger.durable(seq),
        begin: (read) => ledger.begin(read),
        complete: (ticket, outcome, durationUs) => ledger.complete(ticket, outcome, durationUs),
        flush: () => ledger.flush(),
        ready: () => ledger.ready(),
        append: (event, disclosures) => {
          if (isAway) throw new LedgerError('write-failed', 'the ledger cannot be written (ENOSPC): free space');
          if (event.type === 'session.closed') written.push(event.reason);
          return ledger.append(event, disclosures);
        },
      },
      (error) => troubles.push(error),
    );
    records.after(closed('one'));
    records.after(closed('two'));
    expect(() => records.before(closed('refused'), [])).toThrow(expect.objectContaining({ code: 'write-failed' }));
    isAway = false;
    records.before(closed('three'), []);
    expect(written).toEqual(['one', 'two', 'three']);
  });

  it('refuses intents, and nothing else, while there is a reason to', () => {
    const records = recorder();
    let reason: LedgerError | undefined = new LedgerError('write-failed', 'sink "siem" is 12 entries behind');
    records.refuseIntents(() => reason);
    const intent = { type: 'statement.intent', session: 's', verdict: 'allow' } as unknown as NewLedgerEvent;
    expect(() => records.before(intent, [])).toThrow('sink "siem" is 12 entries behind');
    expect(records.before(closed('not an intent'), [])).toBe(1);
    reason = undefined;
    expect(records.before(intent, [])).toBe(2);
  });
});

describe('what a client asserts', () => {
  it('is cut, whatever it holds', () => {
    const asserted = assertedFields({ user: 'ada', application_name: '\u0001'.repeat(30_000), TimeZone: '\ud800' });
    expect(asserted['user']).toBe('ada');
    expect(asserted['application_name']).toHaveLength(257);
    expect(asserted['TimeZone']).toBe('\ufffd');
  });
});
