import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { canonicalJson } from '@sqlwarden/core';
import { readRetained } from './checkpoint-files.js';
import { openLedger, Player, removeScratch, scratch, START, ticking } from './testing/scenario.js';
import { verifyLedger } from './verify/verify-ledger.js';

afterAll(removeScratch);

describe('the file of checkpoints', () => {
  it('may be longer than a string can be: a month of seconds', async () => {
    const directory = scratch();
    await (await openLedger(directory)).close();
    const path = join(directory, 'checkpoints');
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const { note } = JSON.parse(lines.at(-1) ?? '') as { note: string };
    // Most of it is a hole, which takes no room on the disk.
    truncateSync(path, 2 ** 29);
    appendFileSync(path, `\n${canonicalJson({ n: 2_400_000, note })}\n`);
    const ledger = await openLedger(directory, { clock: ticking(START + 60_000) });
    new Player(ledger).run();
    await ledger.close();
    const codes = (await verifyLedger(directory)).findings.map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['retained-malformed', 'retained-missing']));
  }, 60_000);

  it('is read in pieces, whatever their borders', async () => {
    const directory = scratch();
    const line = (n: number): string => canonicalJson({ n, note: 'é'.repeat(n % 700) });
    const lines = Array.from({ length: 700 }, (_, n) => line(n));
    const path = join(directory, 'checkpoints');
    writeFileSync(path, `${lines.join('\n')}\n`);
    expect(await readRetained(directory)).toEqual({ notes: lines.map((_, n) => 'é'.repeat(n % 700)), torn: 0 });
    writeFileSync(path, `${line(0)}\n${line(2)}\nnothing\n${line(3).slice(0, 5)}`);
    expect(await readRetained(directory)).toEqual({ notes: ['', undefined, undefined], torn: 5 });
  });
});
