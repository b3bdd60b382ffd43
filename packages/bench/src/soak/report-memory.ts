// Loaded into the gateway's processes by `--import`: each writes what its memory is made of into a file of its own, once a second.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

const directory = process.env['SQLWARDEN_SOAK_MEMORY'];

if (directory !== undefined && isMainThread) {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${process.pid}.json`);
  const timer = setInterval(() => writeFileSync(file, JSON.stringify(process.memoryUsage())), 1_000);
  timer.unref();
}
