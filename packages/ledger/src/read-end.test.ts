import { appendFileSync, cpSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { walPath } from './layout.js';
import { readEntries } from './read.js';
import { openLedger, Player, removeScratch, scratch } from './testing/scenario.js';

afterAll(removeScratch);

let original: string;
let size: number;

beforeAll(async () => {
  original = scratch();
  const ledger = await openLedger(original);
  const player = new Player(ledger);
  for (let n = 0; n < 100; n++) player.run();
  await ledger.checkpoint();
  size = ledger.size;
  // A copy of a log whose process was killed: behind the checkpoint.
  player.run();
  cpSync(original, (original = scratch()), { recursive: true });
  await ledger.close();
});

async function count(directory: string): Promise<number> {
  let entries = 0;
  for await (const _entry of readEntries(directory)) entries += 1;
  return entries;
}

function changed(change: (directory: string) => void): string {
  const directory = scratch();
  cpSync(original, directory, { recursive: true });
  change(directory);
  return directory;
}

describe('the end of a log', () => {
  it('is where the last whole frame ends', async () => {
    expect(await count(original)).toBe(size + 3);
    const wal = readFileSync(join(original, walPath(0)));
    expect(await count(changed((at) => appendFileSync(join(at, walPath(0)), wal.subarray(0, 40))))).toBe(size + 3);
    expect(await count(changed((at) => truncateSync(join(at, walPath(0)), wal.length - 3)))).toBe(size + 2);
    // What is signed stands in tiles as well.
    expect(await count(changed((at) => rmSync(join(at, 'wal'), { recursive: true })))).toBe(size);
  });

  it.each<[string, (directory: string) => void]>([
    ['were cut off', (at) => truncateSync(join(at, walPath(0)), readFileSync(join(at, walPath(0))).length / 2)],
    ['are all gone', (at) => truncateSync(join(at, walPath(0)), 0)],
  ])('is not where signed entries %s: no answer passes over what is missing', async (_, cut) => {
    await expect(count(changed(cut))).rejects.toMatchObject({ code: 'corrupt' });
  });
});
