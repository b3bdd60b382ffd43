import { afterEach, expect, test } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLedger, ORIGIN, Player, removeScratch, scratch } from '../testing/scenario.js';
import { FileSink } from './file-sink.js';
import { type Sink, SinkError } from './sink.js';
import { readCursor, sinkCursors } from './sink-cursor.js';
import type { SinkEntry } from './sink-entry.js';
import { SinkFollower, type SinkStatus } from './sink-follower.js';
import type { FileSinkOptions } from './sink-options.js';

afterEach(removeScratch);

const LIMIT_MS = 20_000;
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + LIMIT_MS;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('it did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Keeps what it got; is down while `down` is set. */
class Memory implements Sink {
  readonly waitMs = undefined;
  readonly got: SinkEntry[] = [];
  begun = 0;
  down = false;
  #next = 0;

  begin(next: number): Promise<number> {
    this.begun += 1;
    return Promise.resolve((this.#next = next));
  }
  take(entries: readonly SinkEntry[], next: number): Promise<number> {
    if (this.down) return Promise.reject(new SinkError('the receiver is down'));
    this.got.push(...entries);
    return Promise.resolve((this.#next = next));
  }
  settle(): Promise<number> {
    return Promise.resolve(this.#next);
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
  get seqs(): readonly number[] {
    return this.got.map(({ seq }) => seq);
  }
}

function follow(directory: string, sink: Sink, only: 'all' | 'alerts' = 'all') {
  const statuses: SinkStatus[] = [];
  const follower = new SinkFollower({
    directory,
    options: { name: 'test', only },
    sink,
    onStatus: (status) => statuses.push(status),
    retryMs: 1,
  });
  follower.start();
  return { follower, statuses };
}

const upTo = (end: number): readonly number[] => Array.from({ length: end }, (_, seq) => seq);

test('a sink gets every signed entry once, in order, and nothing that no checkpoint covers', async () => {
  const directory = scratch();
  const ledger = await openLedger(directory);
  const player = new Player(ledger);
  player.login();
  for (let n = 0; n < 300; n++) player.run();
  await ledger.checkpoint();
  const signed = ledger.size;
  player.run();
  const sink = new Memory();
  const { follower } = follow(directory, sink);
  await until(() => follower.status.next === signed);
  expect(sink.seqs).toEqual(upTo(signed));
  await ledger.close();
  follower.wake();
  await until(() => follower.status.next === signed + 4);
  await follower.close(1_000);
  expect(sink.seqs).toEqual(upTo(signed + 4));
  expect(sink.got.every(({ origin }) => origin === ORIGIN)).toBe(true);
  expect((await sinkCursors(directory)).get('test')?.next).toBe(signed + 4);
});

test('no value behind a commitment is given to a sink', async () => {
  const directory = scratch();
  const ledger = await openLedger(directory);
  const player = new Player(ledger);
  player.login();
  player.run({ text: "select 'Secret-4711'", parameters: ['Secret-4712'] });
  await ledger.close();
  const sink = new Memory();
  const { follower } = follow(directory, sink);
  await follower.close(LIMIT_MS);
  expect(sink.got.length).toBeGreaterThan(3);
  expect(sink.got.map((entry) => JSON.stringify(entry) + entry.bytes.toString()).join()).not.toContain('Secret');
});

test('a sink that is down is tried again, gets what it missed once, and says so', async () => {
  const directory = scratch();
  const ledger = await openLedger(directory);
  const player = new Player(ledger);
  player.login();
  await ledger.checkpoint();
  const sink = new Memory();
  const { follower, statuses } = follow(directory, sink);
  await until(() => sink.seqs.length === ledger.size);
  sink.down = true;
  for (let n = 0; n < 20; n++) player.run();
  await ledger.checkpoint();
  follower.wake();
  await until(() => sink.begun > 5);
  expect(follower.status).toMatchObject({ next: 2, signed: ledger.size, trouble: 'the receiver is down' });
  sink.down = false;
  await until(() => follower.status.next === ledger.size);
  expect(follower.status.trouble).toBeUndefined();
  expect(sink.seqs).toEqual(upTo(ledger.size));
  expect(statuses.filter(({ trouble }, at) => trouble !== statuses[at - 1]?.trouble && at > 0)).toHaveLength(2);
  await follower.close(1_000);
  await ledger.close();
});

test('what it is about goes with an outcome and a read, also when the sink begins between them', async () => {
  const directory = scratch();
  const ledger = await openLedger(directory);
  const player = new Player(ledger);
  player.login();
  const decision = player.decided({ facts: { reads: ['public.people'] } });
  const intent = player.intent();
  await ledger.checkpoint();
  const first = new Memory();
  await follow(directory, first).follower.close(LIMIT_MS);
  expect(first.seqs).toEqual(upTo(ledger.size));
  player.outcome(intent);
  const read = player.complete(player.begin(decision));
  await ledger.close();
  const second = new Memory();
  await follow(directory, second).follower.close(LIMIT_MS);
  const [outcome, completed] = second.got;
  expect(outcome).toMatchObject({ event: { type: 'statement.outcome' }, unit: { seq: intent }, session: { client: '10.0.0.7:5001' } });
  expect(completed).toMatchObject({ seq: read, unit: { seq: decision }, session: { session: 's1' } });
});

test('only alerts go to a sink for alerts, and its cursor goes on with the others', async () => {
  const directory = scratch();
  const ledger = await openLedger(directory);
  const { refused } = new Player(ledger).scene();
  await ledger.close();
  const sink = new Memory();
  const { follower } = follow(directory, sink, 'alerts');
  await follower.close(LIMIT_MS);
  expect(sink.got.map(({ event }) => event.type)).toEqual(['approval.requested', 'statement.refused']);
  expect(sink.seqs).toContain(refused);
  expect(await readCursor(directory, 'test')).toEqual({ next: follower.status.signed, open: [] });
});

test('a log that is shorter than what the sink has had stops the sink', async () => {
  const directory = scratch();
  const ledger = await openLedger(directory);
  await ledger.close();
  mkdirSync(join(directory, 'sinks'));
  writeFileSync(join(directory, 'sinks/test.json'), '{"next":50,"open":[]}\n');
  const sink = new Memory();
  const { follower } = follow(directory, sink);
  await until(() => follower.status.trouble !== undefined);
  expect(follower.status.trouble).toContain('an older copy');
  await follower.close(0);
  expect(sink.got).toEqual([]);
});

const FILES: Omit<FileSinkOptions, 'directory'> = {
  type: 'file',
  name: 'test',
  format: 'native',
  only: 'all',
  maxLag: 1,
  whenBehind: 'warn',
  maxBytes: 20_000,
  maxAgeMs: 3_600_000,
  command: undefined,
};

/** The `seq` of every line of the finished files, and the files. */
function finished(directory: string): { readonly seqs: readonly number[]; readonly names: readonly string[] } {
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
  const lines = names.flatMap((name) => readFileSync(join(directory, name), 'utf8').trimEnd().split('\n'));
  return { names, seqs: lines.map((line) => (JSON.parse(line) as { event: { seq: number } }).event.seq) };
}

test('files are finished by size and at the end, each with the checkpoint that covers it, and hold every entry once', async () => {
  const directory = scratch();
  const files = scratch();
  const ledger = await openLedger(directory);
  const player = new Player(ledger);
  player.login();
  for (let n = 0; n < 200; n++) player.run();
  await ledger.close();
  await follow(directory, new FileSink({ ...FILES, directory: files })).follower.close(LIMIT_MS);
  const { names, seqs } = finished(files);
  expect(seqs).toEqual(upTo(seqs.length));
  expect(seqs.length).toBe((await readCursor(directory, 'test')).next);
  expect(names.length).toBeGreaterThan(2);
  expect(names[0]).toMatch(/^gateway\.example~2Fproduction-0{16}-\d{16}\.jsonl$/);
  for (const name of names) expect(readFileSync(join(files, `${name}.checkpoint`), 'utf8').split('\n')[0]).toBe(ORIGIN);
  expect(readdirSync(files).filter((name) => name.endsWith('.part'))).toEqual([]);
});

test('files that a crash left without a cursor are not made again', async () => {
  const directory = scratch();
  const files = scratch();
  const ledger = await openLedger(directory);
  const player = new Player(ledger);
  player.login();
  for (let n = 0; n < 200; n++) player.run();
  await ledger.close();
  await follow(directory, new FileSink({ ...FILES, directory: files })).follower.close(LIMIT_MS);
  const before = finished(files);
  rmSync(join(directory, 'sinks'), { recursive: true });
  // It would make other files of the same entries.
  await follow(directory, new FileSink({ ...FILES, directory: files, maxBytes: 1_000_000 })).follower.close(LIMIT_MS);
  expect(finished(files)).toEqual(before);
});

test('files that are ahead of the log stop the sink: an older copy of the log was put in its place', async () => {
  const directory = scratch();
  const files = scratch();
  const ledger = await openLedger(directory);
  await ledger.close();
  writeFileSync(join(files, `gateway.example~2Fproduction-${'0'.repeat(16)}-${'0'.repeat(14)}77.jsonl`), '');
  const { follower } = follow(directory, new FileSink({ ...FILES, directory: files }));
  await until(() => follower.status.trouble !== undefined);
  expect(follower.status.trouble).toBe('the sink has had 78 entries and the log has 2: an older copy of it was put in its place');
  await follower.close(0);
});

test('a command is run for every finished file, and the sink does not go on while it fails', async () => {
  const directory = scratch();
  const files = scratch();
  const shipped = join(scratch(), 'shipped');
  const ledger = await openLedger(directory);
  await ledger.close();
  const script = 'test -e "$0" && test -s "$1" && test -s "$2" && echo "$1" >> "$0"';
  const command = ['sh', '-c', script, shipped];
  const { follower } = follow(directory, new FileSink({ ...FILES, directory: files, maxAgeMs: 1, command }));
  await until(() => follower.status.trouble !== undefined);
  expect(follower.status.trouble).toContain('the command for finished files failed (1)');
  expect((await readCursor(directory, 'test')).next).toBe(0);
  writeFileSync(shipped, '');
  await until(() => follower.status.next === 2);
  await follower.close(1_000);
  expect(readFileSync(shipped, 'utf8').trimEnd()).toBe(join(files, finished(files).names[0] ?? ''));
  expect(finished(files).seqs).toEqual([0, 1]);
});

test('a command that does not end is killed, and one that says much is not', async () => {
  const directory = scratch();
  const files = scratch();
  await (await openLedger(directory)).close();
  const endless = ['sh', '-c', 'trap "" TERM; exec sleep 1000'];
  const hung = follow(directory, new FileSink({ ...FILES, directory: files, maxAgeMs: 1, command: endless }, Date.now, 50));
  await until(() => hung.follower.status.trouble !== undefined);
  expect(hung.follower.status.trouble).toContain('the command for finished files failed (SIGKILL)');
  await hung.follower.close(0);
  const chatty = ['sh', '-c', 'head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2'];
  const { follower } = follow(directory, new FileSink({ ...FILES, directory: files, maxAgeMs: 1, command: chatty }));
  await until(() => follower.status.next === 2);
  await follower.close(LIMIT_MS);
});
