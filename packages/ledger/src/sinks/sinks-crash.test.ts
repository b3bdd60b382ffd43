import { afterEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startOtlpReceiver } from '@sqlwarden/testkit';
import { readEntryBytesAt } from '../read.js';
import { ORIGIN, removeScratch, scratch } from '../testing/scenario.js';

afterEach(removeScratch);

/** More by `SQLWARDEN_SINK_KILLS`. */
const KILLS = Number(process.env['SQLWARDEN_SINK_KILLS'] ?? 4);
const WRITER = fileURLToPath(new URL('../testing/sinks-writer.mjs', import.meta.url));
const LIBRARY = new URL('../../dist/index.js', import.meta.url).href;

test(
  'a process that is killed again and again loses no entry of its sinks, and files hold each of them once',
  async () => {
    const directory = scratch();
    const files = scratch();
    const receiver = await startOtlpReceiver();
    const run = async (rounds: number, killAfterMs?: number): Promise<string> => {
      const child = spawn(process.execPath, [WRITER, LIBRARY, directory, files, `${receiver.url}/v1/logs`, String(rounds)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(child, 'exit');
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (killAfterMs !== undefined && output.includes('open')) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
      });
      await ended;
      return output;
    };
    for (let kill = 0; kill < KILLS; kill++) await run(1_000_000, Math.random() * 200);
    const size = Number(/closed (\d+)/.exec(await run(5))?.[1]);
    await receiver.close();
    const all = Array.from({ length: size }, (_, seq) => seq);
    const lines = readdirSync(files)
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .flatMap((name) => readFileSync(join(files, name), 'utf8').trimEnd().split('\n'));
    expect(lines.map((line) => (JSON.parse(line) as { event: { seq: number } }).event.seq)).toEqual(all);
    for (const seq of [0, Math.floor(size / 2), size - 1])
      expect(lines[seq]).toBe(`{"origin":"${ORIGIN}","event":${(await readEntryBytesAt(directory, seq)).toString()}}`);
    const ids = new Set(receiver.items('logs').map(({ attributes }) => attributes['log.record.uid']));
    expect(ids).toEqual(new Set(all.map((seq) => `${ORIGIN}#${seq}`)));
  },
  30_000 + KILLS * 5_000,
);
