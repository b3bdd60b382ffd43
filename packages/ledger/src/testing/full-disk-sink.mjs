// Ships a log to files on a disk that is full, makes room, and says what happened as JSON lines.
import { readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
const [, , library, directory, disk] = process.argv;
const { Ledger, openSink, SinkFollower } = await import(library);
const ledger = await Ledger.open({ directory, origin: 'gateway.example/production', software: 'full disk' });
for (let n = 0; n < 200; n++) ledger.append({ type: 'session.closed', session: String(n), reason: 'x'.repeat(500), durationMs: n }, []);
await ledger.close();
const { bavail, bsize } = statfsSync(disk);
// A few entries fit: a file is torn in the middle.
writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize - 8 * bsize));
const options = {
  type: 'file',
  name: 'files',
  format: 'native',
  only: 'all',
  directory: join(disk, 'files'),
  maxBytes: 1e6,
  maxAgeMs: 1,
  command: undefined,
};
const told = [];
const follower = new SinkFollower({
  directory,
  options,
  sink: openSink(options, () => undefined),
  onStatus: (status) => told.push(status),
  retryMs: 1,
});
const until = async (condition) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};
follower.start();
await until(() => follower.status.trouble !== undefined);
const finished = () => readdirSync(join(disk, 'files')).filter((name) => name.endsWith('.jsonl'));
console.log(JSON.stringify({ trouble: follower.status.trouble, next: follower.status.next, finished: finished() }));
rmSync(join(disk, 'filler'));
await until(() => follower.status.next === ledger.size);
await follower.close(1_000);
const lines = finished().flatMap((name) =>
  readFileSync(join(disk, 'files', name), 'utf8')
    .trimEnd()
    .split('\n'),
);
console.log(
  JSON.stringify({ seqs: lines.map((line) => JSON.parse(line).event.seq), size: ledger.size, trouble: follower.status.trouble ?? null }),
);
