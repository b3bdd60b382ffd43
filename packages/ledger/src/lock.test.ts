import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { lockDirectory } from './lock.js';
import { removeScratch, scratch } from './testing/scenario.js';

afterAll(removeScratch);

const linux = process.platform === 'linux' ? it : it.skip;

/** State and start time of a process (proc(5), /proc/pid/stat). */
function statOf(pid: number): { readonly state: string | undefined; readonly startTime: string | undefined } {
  const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0], startTime: fields[19] };
}

describe('the lock of a directory', () => {
  linux('is taken over from a process that has ended and that nobody has collected', async () => {
    // The child of a shell that became another program: nobody waits for it.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      while (statOf(pid).state !== 'Z') await new Promise((resolve) => setTimeout(resolve, 5));
      const directory = scratch();
      const space = `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
      const lockOf = (holder: number): string => JSON.stringify({ pid: holder, startTime: statOf(holder).startTime, space });
      writeFileSync(join(directory, 'lock'), lockOf(parent.pid ?? 0));
      await expect(lockDirectory(directory)).rejects.toMatchObject({ code: 'locked' });
      writeFileSync(join(directory, 'lock'), lockOf(pid));
      await (await lockDirectory(directory)).release();
    } finally {
      parent.kill('SIGKILL');
      await once(parent, 'close');
    }
  });
});
