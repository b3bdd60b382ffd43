import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { requireOrSkip } from '@sqlwarden/testkit';
import { readEntries } from './read.js';
import { openLedger, removeScratch, scratch } from './testing/scenario.js';
import { verifyLedger } from './verify/verify-ledger.js';

afterEach(removeScratch);

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const library = new URL('../dist/index.js', import.meta.url).href;

/** Runs the writer and kills it after `ms`; what it said that append had returned for. */
function killedAfter(directory: string, ms: number): Promise<{ readonly opened: number; readonly appended: Map<number, number> }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [here('testing/crash-writer.mjs'), library, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunks.length === 0) setTimeout(() => child.kill('SIGKILL'), ms);
      chunks.push(chunk);
    });
    child.on('error', reject);
    child.on('close', (_code, signal) => {
      if (signal !== 'SIGKILL') return reject(new Error('the writer ended by itself'));
      // The last line may be cut.
      const [first, ...lines] = Buffer.concat(chunks).toString().split('\n').slice(0, -1);
      const appended = new Map(lines.map((line) => line.split(' ').map(Number) as [number, number]));
      return resolve({ opened: Number(first?.split(' ')[1]), appended });
    });
  });
}

describe('kill -9 under load', () => {
  it('loses nothing that flush returned for, and the same log goes on', async () => {
    const directory = scratch();
    let before = 0;
    const begun = new Map<number, number>();
    for (const ms of [5, 100, 40, 200]) {
      const { opened, appended } = await killedAfter(directory, ms);
      expect(opened).toBeGreaterThanOrEqual(before);
      before = opened;
      const texts = new Map<number, string | undefined>();
      for await (const { seq, event, disclosures } of readEntries(directory, { from: opened })) {
        before = seq + 1;
        if (event.type === 'statement.intent') texts.set(seq, disclosures[0]?.value);
      }
      const lost = [...appended].filter(([seq, n]) => seq >= 0 && texts.get(seq) !== `select ${n}`);
      expect([ms, lost]).toEqual([ms, []]);
      // A number is given once, however the process ended before.
      for (const [ticket, n] of appended) if (ticket < 0) expect([ticket, begun.has(ticket), begun.set(ticket, n)][1]).toBe(false);
    }
    // As it was left behind, and then as it was opened again.
    expect((await verifyLedger(directory)).findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
    expect(before).toBeGreaterThan(1000);
    const ledger = await openLedger(directory, { clock: Date.now });
    await ledger.close();
    const report = await verifyLedger(directory);
    expect([report.exitCode, report.unsigned, report.counts['log.opened']]).toEqual([0, 0, 5]);
    expect(report.counts['statement.intent']).toBe(report.findings.filter(({ code }) => code === 'outcome-lost').length + report.omitted);
    const ends = new Map<string, number>();
    for await (const { event, disclosures } of readEntries(directory)) {
      if (event.type !== 'statement.completed') continue;
      ends.set(event.status, (ends.get(event.status) ?? 0) + 1);
      const n = begun.get(-event.read);
      // The last turn may have been written without the process being able to say so.
      if (n !== undefined) expect(disclosures[0]?.value).toBe(`value ${n}`);
      begun.delete(-event.read);
    }
    expect([...begun]).toEqual([]);
    expect(ends.get('ok')).toBeGreaterThan(200);
    expect(ends.get('unknown')).toBeGreaterThan(50);
  });
});

describe('a full disk', () => {
  const disk = scratch();
  const mount = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', disk], { encoding: 'utf8' });
  // A disk that can be filled needs a mount of one's own.
  const mounts =
    mount.status === 0
      ? { found: true as const, name: 'unshare', path: 'unshare', version: '' }
      : { found: false as const, name: 'unshare', reason: 'a tmpfs cannot be mounted in a namespace of its own' };

  (requireOrSkip(mounts) ? it : it.skip)('refuses, keeps what was appended, and goes on when there is room again', () => {
    const mounted = scratch();
    mkdirSync(join(mounted, 'disk'));
    const script = 'mount -t tmpfs -o size=1m tmpfs "$1/disk" && exec "$2" "$3" "$4" "$1/disk"';
    const child = spawnSync(
      'unshare',
      ['--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', mounted, process.execPath, here('testing/full-disk.mjs'), library],
      { encoding: 'utf8' },
    );
    expect(child.stderr).toBe('');
    const [full, still, room, verified] = child.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(full).toMatchObject({
      code: 'write-failed',
      message: 'the ledger cannot be written (ENOSPC): free space for the ledger directory',
    });
    expect(Number(full?.['appended'])).toBeGreaterThan(3);
    // One entry has a number and is in memory: it is written with the next one that finds room.
    expect(full?.['size']).toBe(Number(full?.['appended']) + 2);
    expect([still?.['again'], still?.['size']]).toEqual([Array.from({ length: 5 }, () => 'write-failed'), full?.['size']]);
    expect(room).toMatchObject({ seq: still?.['size'] });
    expect(verified).toMatchObject({ findings: [], redacted: 0, entries: Number(room?.['seq']) + 2 });
  });
});
