import { afterAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireOrSkip } from '@sqlwarden/testkit';
import { removeScratch, scratch } from '../testing/scenario.js';

afterAll(removeScratch);

const OWN_MOUNTS = ['--user', '--map-root-user', '--mount', 'sh', '-c'];
const probe = spawnSync('unshare', [...OWN_MOUNTS, 'mount -t tmpfs tmpfs "$1"', 'sh', scratch()]);
// A disk that can be filled needs a mount of one's own.
const mounts =
  probe.status === 0
    ? { found: true as const, name: 'unshare', path: 'unshare', version: '' }
    : { found: false as const, name: 'unshare', reason: 'a tmpfs cannot be mounted in a namespace of its own' };

describe('files on a full disk', () => {
  (requireOrSkip(mounts) ? it : it.skip)('stop the sink, which says so; when there is room every entry is in a file once', () => {
    const root = scratch();
    mkdirSync(join(root, 'disk'));
    const script = 'mount -t tmpfs -o size=1m tmpfs "$1/disk" && exec "$2" "$3" "$4" "$1/ledger" "$1/disk"';
    const program = fileURLToPath(new URL('../testing/full-disk-sink.mjs', import.meta.url));
    const library = new URL('../../dist/index.js', import.meta.url).href;
    const child = spawnSync('unshare', [...OWN_MOUNTS, script, 'sh', root, process.execPath, program, library], { encoding: 'utf8' });
    expect(child.stderr).toBe('');
    const [full, room] = child.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(full).toEqual({
      trouble: 'the directory of the files cannot be written (ENOSPC): make room and look at its rights',
      next: 0,
      finished: [],
    });
    expect(room).toEqual({ seqs: Array.from({ length: Number(room?.['size']) }, (_, seq) => seq), size: 202, trouble: null });
  });
});
