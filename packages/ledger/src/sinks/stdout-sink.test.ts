import { afterEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPLE_ENTRIES } from '../testing/sample-entries.js';
import { removeScratch, scratch } from '../testing/scenario.js';
import type { SinkEntry } from './sink-entry.js';
import type { StdoutSinkOptions } from './sink-options.js';
import { StdoutSink } from './stdout-sink.js';

afterEach(removeScratch);

const OPTIONS: StdoutSinkOptions = { type: 'stdout', name: 'stdout', format: 'native', only: 'all', maxLag: 1, whenBehind: 'warn' };
const COUNT = 400;
/** Many lines, so that a pipe cannot take them at once. */
const ENTRIES: readonly SinkEntry[] = Array.from({ length: COUNT }, (_, seq) => ({ ...(SAMPLE_ENTRIES[2] as SinkEntry), seq }));

/** The two ends of a pipe that a reader holds open; writing to a full one does not wait. */
function pipe(): { readonly reader: number; readonly writer: number } {
  const path = join(scratch(), 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reader, writer: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) };
}

function readAll(fd: number): string {
  const chunk = Buffer.alloc(65_536);
  const chunks: Buffer[] = [];
  for (;;) {
    try {
      const length = readSync(fd, chunk);
      if (length === 0) break;
      chunks.push(Buffer.from(chunk.subarray(0, length)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') break;
      throw error;
    }
  }
  return Buffer.concat(chunks).toString();
}

test('a line is the origin and the canonical bytes of the entry', async () => {
  const path = join(scratch(), 'out');
  const fd = openSync(path, 'w');
  const sink = new StdoutSink(OPTIONS, fd);
  await sink.begin(0);
  expect(await sink.take(SAMPLE_ENTRIES, SAMPLE_ENTRIES.length)).toBe(SAMPLE_ENTRIES.length);
  closeSync(fd);
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(lines).toEqual(SAMPLE_ENTRIES.map(({ origin, bytes }) => `{"origin":"${origin}","event":${bytes.toString()}}`));
});

test('a reader that is slow gets every line once and whole', async () => {
  const { reader, writer } = pipe();
  const sink = new StdoutSink(OPTIONS, writer);
  await sink.begin(0);
  let isDone = false;
  const taken = sink.take(ENTRIES, COUNT).finally(() => (isDone = true));
  let text = '';
  while (!isDone) {
    text += readAll(reader);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await taken;
  text += readAll(reader);
  closeSync(reader);
  closeSync(writer);
  const lines = text.trimEnd().split('\n');
  expect(lines).toHaveLength(COUNT);
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ event: { type: 'statement.intent' } });
});

test('a reader that has gone is an error that says so, and what was written before is not written again', async () => {
  const { reader, writer } = pipe();
  const sink = new StdoutSink(OPTIONS, writer);
  await sink.begin(0);
  await sink.take(ENTRIES.slice(0, 3), 3);
  expect(readAll(reader).split('\n')).toHaveLength(4);
  closeSync(reader);
  await expect(sink.take(ENTRIES.slice(3), COUNT)).rejects.toThrow('standard output cannot be written (EPIPE)');
  closeSync(writer);
  await sink.begin(0);
  // Nothing of it is written, or it would fail again.
  expect(await sink.take(ENTRIES.slice(0, 3), 3)).toBe(3);
});
