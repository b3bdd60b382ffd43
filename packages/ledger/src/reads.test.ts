import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@sqlwarden/testkit';
import { canonicalJson, DECISION_REACH, parseEvent, type ReadOutcome, type StatementCompleted } from '@sqlwarden/core';
import fc from 'fast-check';
import { BegunReads, begunText, parseBegun } from './begun-reads.js';
import { fileSigner } from './file-keys.js';
import { keyringOf } from './signer.js';
import { readEntries, readEntry } from './read.js';
import { openLedger, ORIGIN, Player, READ, removeScratch, scratch, START, ticking } from './testing/scenario.js';
import { verifyLedger } from './verify/verify-ledger.js';

afterEach(removeScratch);

const crash = (directory: string): string => {
  const crashed = scratch();
  cpSync(directory, crashed, { recursive: true });
  rmSync(join(crashed, 'lock'));
  return crashed;
};
const completedOf = async (directory: string): Promise<StatementCompleted[]> => {
  const found: StatementCompleted[] = [];
  for await (const { event } of readEntries(directory)) if (event.type === 'statement.completed') found.push(event);
  return found;
};
const wal = 'wal/0000000000000000';
const values = 'disclosures/0000000000000000.jsonl';

describe('a read', () => {
  it('is one entry, with its values beside it from before it is forwarded', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    player.login();
    const decision = player.decided({ text: 'select * from people where id = $1' });
    const ticket = player.begin(decision, { parameters: ['42', 'base64:odd', 'ä "quoted"', 'x'.repeat(5000)], transaction: 7 });
    expect(ticket).toBeLessThan(0);
    expect(readFileSync(join(directory, values), 'utf8')).toContain(`[${ticket},[{"name":"parameter"`);
    const seq = player.complete(ticket, { maskedCells: 3, errorCode: '57014', suspended: true, status: 'error' });
    await ledger.close();
    const entry = await readEntry(directory, seq);
    expect(entry.event).toEqual({
      v: 1,
      seq,
      time: START + 50,
      type: 'statement.completed',
      session: 's1',
      opened: 1,
      decision,
      read: -ticket,
      phase: 'execute',
      parameters: (entry.event as StatementCompleted).parameters,
      transaction: 7,
      startedAt: START + 40,
      status: 'error',
      statements: [{ command: 'SELECT', rowsReturned: 1, rowsAffected: 1 }],
      bytesReturned: 20,
      maskedCells: 3,
      errorCode: '57014',
      durationUs: 900,
      suspended: true,
    });
    const base64 = (text: string): string => `base64:${Buffer.from(text).toString('base64')}`;
    expect(entry.disclosures.map(({ value }) => value)).toEqual([
      '42',
      base64('base64:odd'),
      base64('ä "quoted"'),
      base64('x'.repeat(5000)),
    ]);
    expect(entry.redacted).toEqual([]);
    expect((await verifyLedger(directory)).findings).toEqual([]);
  });

  it('is written as canonical json, whatever came of it', () => {
    const outcome: fc.Arbitrary<ReadOutcome> = fc.record({
      status: fc.constantFrom('ok', 'error', 'cancelled', 'unknown'),
      statements: fc.array(
        fc.record(
          {
            command: fc.string({ unit: 'grapheme' }),
            rowsReturned: fc.nat(),
            rowsAffected: fc.option(fc.nat(), { nil: null }),
            transaction: fc.nat(),
          },
          { requiredKeys: ['command', 'rowsReturned', 'rowsAffected'] },
        ),
      ),
      bytesReturned: fc.nat(),
      maskedCells: fc.nat(),
      errorCode: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
      suspended: fc.boolean(),
      limit: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
    });
    const said = fc.option(
      fc.string({ unit: 'grapheme', minLength: 1 }).map((value) => ({ ticket: { value, source: 'comment' as const } })),
      { nil: undefined },
    );
    fc.assert(
      fc.property(outcome, fc.string({ unit: 'grapheme' }), fc.nat(), said, (came, session, seq, asserted) => {
        const reads = new BegunReads(0);
        const opened = { type: 'session.opened', session } as Parameters<BegunReads['noteEvent']>[0];
        reads.noteEvent(opened, 3);
        const commitments = '{"commitment":"AA=="}';
        const unit = { session, decision: 2, phase: 'query', parameters: [], transaction: 9, asserted } as const;
        const read = reads.begin(unit, commitments, 5, START);
        const text = reads.entryText(read, came, 12, seq, START + 1);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        const event = parseEvent(Buffer.from(text)) as StatementCompleted;
        expect(event).toMatchObject({ seq, session, opened: 3, decision: 2, status: came.status, statements: came.statements });
        expect([event.errorCode, event.limit, event.suspended ?? false]).toEqual([came.errorCode, came.limit, came.suspended]);
        expect(event.asserted).toEqual(asserted);
        const record = parseBegun(begunText(read));
        expect(canonicalJson(record)).toBe(begunText(read));
        const adopted = new BegunReads(0);
        adopted.adopt(record!);
        expect(adopted.entryText(adopted.of(-read.number), came, 12, seq, START + 1)).toBe(text);
      }),
    );
  });

  it('refuses what cannot be an entry, and can be completed still', async () => {
    const ledger = await openLedger(scratch());
    const player = new Player(ledger);
    player.login();
    const decision = player.decided();
    expect(() => player.begin(decision, { session: 'never opened' })).toThrow(expect.objectContaining({ code: 'not-found' }));
    expect(() => player.begin(99)).toThrow(expect.objectContaining({ code: 'not-found' }));
    const ticket = player.begin(decision);
    expect(() => player.complete(ticket, { bytesReturned: Number.NaN })).toThrow(expect.objectContaining({ code: 'not-serialisable' }));
    expect(() => player.complete(ticket, { errorCode: '\ud800' })).toThrow();
    player.complete(ticket);
    expect(() => player.complete(ticket)).toThrow(expect.objectContaining({ code: 'not-found' }));
    const forged = { type: 'statement.completed' } as unknown as Parameters<Player['append']>[0];
    expect(() => player.append(forged, [])).toThrow(expect.objectContaining({ code: 'not-serialisable' }));
    await ledger.close();
  });

  it('withholds thousands of parameters and statements, which are put back when it is read', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    player.login();
    const parameters = Array.from({ length: 3000 }, (_, n) => `value ${n}`);
    const statements = Array.from({ length: 3000 }, (_, n) => ({ command: `SELECT ${n}`, rowsReturned: n, rowsAffected: null }));
    const seq = player.complete(player.begin(player.decided(), { parameters }), { statements });
    await ledger.close();
    const entry = await readEntry(directory, seq);
    expect(entry.event).toMatchObject({ statements, withheld: [{ field: 'statements' }, { field: 'parameters' }] });
    expect(entry.disclosures.filter(({ name }) => name === 'parameter').map(({ value }) => value)).toEqual(parameters);
    expect((await verifyLedger(directory)).findings).toEqual([]);
  });
});

describe('reads that a dead process had begun', () => {
  it('are completed as unknown before the log says that it was opened again, values and all', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    player.login();
    const decision = player.decided();
    const over = player.begin(decision, { parameters: ['over'] });
    const asserted = { ticket: { value: 'CHG-7', source: 'setting' } } as const;
    const lost = player.begin(decision, { parameters: ['lost'], transaction: 5, record: { asserted } });
    player.complete(over);
    const crashed = crash(directory);
    await ledger.close();
    const again = await openLedger(crashed);
    expect(() => again.complete(lost, READ, 1)).toThrow(expect.objectContaining({ code: 'not-found' }));
    await again.close();
    const types: string[] = [];
    for await (const { event } of readEntries(crashed)) types.push(event.type);
    expect(types.slice(3)).toEqual(['statement.completed', 'statement.completed', 'log.opened', 'log.closed']);
    expect(await readEntry(crashed, 4)).toMatchObject({
      event: { status: 'unknown', read: -lost, decision, transaction: 5, session: 's1', opened: 1, asserted },
      disclosures: [{ value: 'lost' }],
    });
    expect((await verifyLedger(crashed)).findings).toEqual([]);
  });

  it('are forgotten, with their values, when the write before the forwarding was torn at any byte', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    player.login();
    const decision = player.decided();
    const first = player.begin(decision, { parameters: ['first'] });
    const before = { wal: readFileSync(join(directory, wal)).length, values: readFileSync(join(directory, values)).length };
    const torn = player.begin(decision, { parameters: ['torn'] });
    const after = { wal: readFileSync(join(directory, wal)).length, values: readFileSync(join(directory, values)).length };
    const crashed = crash(directory);
    await ledger.close();
    const cuts: [number, number][] = [];
    for (let at = before.wal; at < after.wal; at += 29) cuts.push([at, after.values]);
    for (let at = before.values; at < after.values; at += 17) cuts.push([before.wal, at]);
    for (const [walLength, valuesLength] of cuts) {
      const copy = scratch();
      cpSync(crashed, copy, { recursive: true });
      truncateSync(join(copy, wal), walLength);
      truncateSync(join(copy, values), valuesLength);
      const again = await openLedger(copy);
      const next = new Player(again);
      next.login('s2');
      // The number was never given to anything that was forwarded.
      expect(next.begin(next.decided(), { session: 's2', parameters: ['other'] })).toBe(torn);
      await again.close();
      expect(readFileSync(join(copy, values), 'utf8')).not.toContain('torn');
      expect((await completedOf(copy)).map(({ read, status }) => [-read, status])).toEqual([
        [first, 'unknown'],
        [torn, 'unknown'],
      ]);
      const report = await verifyLedger(copy);
      expect([walLength, valuesLength, report.findings, report.redacted.entries]).toEqual([walLength, valuesLength, [], 0]);
    }
  });

  it('are found however far behind they began, though the files of that time are gone', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    player.login();
    const decision = player.decided();
    const long = player.begin(decision, { parameters: ['long ago'] });
    const lost = player.begin(decision, { parameters: ['lost'] });
    const text = { session: 's1', decision, phase: 'query', parameters: [], transaction: 1 } as const;
    for (let n = 0; n < 33_000; n++) {
      const ticket = ledger.begin(text);
      ledger.complete(ticket, READ, 1);
    }
    await ledger.checkpoint();
    expect(readdirSync(join(directory, 'wal'))).toEqual(['0000000000032768']);
    expect((await verifyLedger(directory)).findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
    const seq = player.complete(long);
    const crashed = crash(directory);
    await ledger.close();
    expect((await readEntry(directory, seq)).disclosures).toMatchObject([{ value: 'long ago' }]);
    expect((await verifyLedger(directory)).findings).toEqual([]);
    const again = await openLedger(crashed, { clock: ticking(START + 800_000) });
    await again.close();
    expect(await readEntry(crashed, seq + 1)).toMatchObject({
      event: { read: -lost, status: 'unknown' },
      disclosures: [{ value: 'lost' }],
    });
    expect((await verifyLedger(crashed)).findings).toEqual([]);
  });

  it('are completed when the log is closed in order, too', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    player.login();
    player.begin(player.decided(), { parameters: ['open'] });
    await ledger.close();
    expect(await completedOf(directory)).toMatchObject([{ status: 'unknown' }]);
    expect((await verifyLedger(directory)).findings).toEqual([]);
  });
});

describe('tiles that power loss took', () => {
  it('are made again from the write-ahead file, which is there as long as they are not synced', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    for (let n = 0; n < 200; n++) player.run();
    await ledger.checkpoint();
    const crashed = crash(directory);
    await ledger.close();
    truncateSync(join(crashed, 'tile/entries/000'), 0);
    truncateSync(join(crashed, 'tile/entries/001'), 100);
    writeFileSync(join(crashed, 'tile/0/000'), Buffer.alloc(8192));
    rmSync(join(crashed, 'tile/0/001'));
    expect((await verifyLedger(crashed)).exitCode).toBe(40);
    await (await openLedger(crashed, { clock: ticking(START + 60_000) })).close();
    expect((await verifyLedger(crashed)).findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
  });
});

describe('what is taken', () => {
  it('is written by a flush, by whoever waits for the disk, by the log itself after a while, or when it is much', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const written = (): number => readFileSync(join(directory, wal)).length;
    const append = (reason = 'r'): number => ledger.append({ type: 'session.closed', session: 's', reason, durationMs: 0 }, []);
    const empty = written();
    const seq = append();
    expect(written()).toBe(empty);
    ledger.flush();
    const one = written();
    expect(one).toBeGreaterThan(empty);
    await ledger.durable(append());
    expect(written()).toBe(2 * one - empty);
    append();
    await until(() => written() === 3 * one - 2 * empty);
    for (let n = 0; n < 30; n++) append('x'.repeat(60_000));
    expect(written()).toBeGreaterThan(1_000_000);
    expect(seq).toBe(1);
    await ledger.close();
  });

  it('is held back while too much waits to be signed, and goes on when it was', async () => {
    const directory = scratch();
    await (await openLedger(directory)).close();
    const own = await fileSigner(directory, ORIGIN);
    let sign = (): void => undefined;
    const signed = new Promise<void>((resolve) => (sign = resolve));
    const slow = { key: own.key, sign: (message: Uint8Array) => signed.then(() => own.sign(message)) };
    const opening = openLedger(directory, { keys: keyringOf(slow), clock: Date.now });
    // Opening signs, too.
    await new Promise((resolve) => setTimeout(resolve, 100));
    sign();
    const ledger = await opening;
    expect(ledger.ready()).toBeUndefined();
    const append = (): number => ledger.append({ type: 'session.closed', session: 's', reason: 'r', durationMs: 0 }, []);
    while (ledger.ready() === undefined) append();
    expect(ledger.size).toBeGreaterThanOrEqual(65_536);
    append();
    await ledger.ready();
    expect(ledger.ready()).toBeUndefined();
    await ledger.close();
    expect((await verifyLedger(directory)).exitCode).toBe(0);
  });

  it('may name a decision as far back as was agreed, and no further', async () => {
    expect(DECISION_REACH).toBe(2 ** 20);
    const ledger = await openLedger(scratch());
    expect(() => ledger.begin({ session: 's', decision: -1, phase: 'query', parameters: [], transaction: 0 })).toThrow(/too old/);
    await ledger.close();
  });
});

describe('verification of reads', () => {
  const codes = async (play: (player: Player) => void): Promise<string[]> => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    play(new Player(ledger));
    await ledger.close();
    return (await verifyLedger(directory)).findings.map(({ code }) => code);
  };

  it.each<[string, string[], (player: Player) => void]>([
    ['nothing wrong', [], (player) => (player.login(), void player.complete(player.begin(player.decided())))],
    ['a decision that is none', ['read-unmatched'], (player) => (player.login(), void player.complete(player.begin(0)))],
    [
      'a read after the end of its session',
      ['read-unmatched'],
      (player) => {
        player.login();
        const ticket = player.begin(player.decided());
        player.append({ type: 'session.closed', session: 's1', reason: 'r', durationMs: 0 }, []);
        player.complete(ticket);
      },
    ],
    [
      'a statement that writes and has no intent',
      ['read-unmatched'],
      (player) => {
        player.login();
        player.complete(player.begin(player.decided({ facts: { action: 'insert', class: 'write', writes: ['public.t'] } })));
      },
    ],
    [
      'a statement in a transaction before the one that its read began in',
      ['read-unmatched'],
      (player) => {
        player.login();
        player.complete(player.begin(player.decided(), { transaction: 4 }), {
          statements: [{ command: 'SELECT', rowsReturned: 1, rowsAffected: 1, transaction: 3 }],
        });
      },
    ],
  ])('finds %s', async (_note, expected, play) => {
    expect(await codes(play)).toEqual(expected);
  });

  it('finds a decision of another process, a number that was used twice, and one that is missing', async () => {
    const directory = scratch();
    const first = await openLedger(directory);
    const before = new Player(first);
    before.login();
    const decision = before.decided();
    await first.close();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    player.login();
    player.complete(player.begin(decision));
    await ledger.close();
    expect((await verifyLedger(directory)).findings).toMatchObject([
      { code: 'read-unmatched', message: expect.stringContaining('decision') },
    ]);

    const { ReadChecks } = await import('./verify/read-checks.js');
    const { Findings } = await import('./verify/report.js');
    const findings = new Findings();
    const checks = new ReadChecks(findings, 0);
    const completed = (read: number): StatementCompleted =>
      ({
        type: 'statement.completed',
        seq: 10 + read,
        session: 's',
        opened: 1,
        decision: 2,
        read,
        statements: [] as const,
      }) as unknown as StatementCompleted;
    checks.add({ type: 'session.opened', seq: 1, session: 's' } as Parameters<typeof checks.add>[0]);
    checks.add({ type: 'statement.decided', seq: 2, facts: [] } as unknown as Parameters<typeof checks.add>[0]);
    for (const read of [2, 1, 2, 1, 5]) checks.add(completed(read));
    checks.add({ type: 'log.closed', seq: 20 } as Parameters<typeof checks.add>[0]);
    expect(findings.list.map(({ code, seq }) => [code, seq])).toEqual([
      ['read-repeated', 12],
      ['read-repeated', 11],
      ['outcome-missing', undefined],
    ]);
    expect(findings.list[2]?.message).toContain('read 3 ');
  });

  it('finds a value that was changed, and one that is missing', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    player.login();
    const decision = player.decided();
    const seqs = ['one', 'two'].map((value) => player.complete(player.begin(decision, { parameters: [value] })));
    await ledger.close();
    const path = join(directory, values);
    const lines = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, lines.filter((line) => !line.includes('"one"')).join('\n'));
    const erased = await verifyLedger(directory);
    expect(erased.findings).toMatchObject([{ code: 'values-missing', seq: seqs[0] }]);
    expect(erased.redacted).toEqual({ entries: 1, unexplained: 1, first: [seqs[0]] });
    writeFileSync(path, lines.join('\n').replace('"two"', '"2"'));
    expect((await verifyLedger(directory)).findings).toMatchObject([{ code: 'disclosure-changed', seq: seqs[1] }]);
    writeFileSync(path, [...lines.slice(0, -1), lines[1]?.replace(/^\[-\d+/, '[-9'), ''].join('\n'));
    expect((await verifyLedger(directory)).findings).toMatchObject([{ code: 'disclosure-unexpected' }]);
    expect(existsSync(path)).toBe(true);
  });
});
