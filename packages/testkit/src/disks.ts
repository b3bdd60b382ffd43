import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, statfsSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from './finding.js';

/** A file system of its own, in memory, of a given size. */
export interface SmallDisk {
  readonly directory: string;
  /** Leaves `blocks` of its blocks free. */
  fill(blocks: number): void;
  /** Frees what {@link fill} took. */
  free(): void;
  /** Fails while a file is open for writing. */
  readOnly(on: boolean): void;
  remove(): void;
}

/** Whether this process may mount file systems; not where it is an ordinary user, or in most containers. */
export function findSmallDisks(): Finding {
  const name = 'the right to mount a tmpfs';
  try {
    openSmallDisk(1).remove();
    return { found: true, name, path: 'mount', version: 'tmpfs' };
  } catch {
    return { found: false, name, reason: 'mount(8) is not permitted' };
  }
}

/** @throws Error when it cannot be mounted. */
export function openSmallDisk(mebibytes: number): SmallDisk {
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-disk-'));
  const run = (program: string, ...args: readonly string[]): void => {
    const { status, stderr } = spawnSync(program, [...args, directory], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
  };
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs');
  } catch (error) {
    rmSync(directory, { recursive: true });
    throw error;
  }
  const filler = join(directory, 'filler');
  const unmount = (): void => void spawnSync('umount', ['-l', directory]);
  process.once('exit', unmount);
  return {
    directory,
    fill(blocks) {
      const { bsize } = statfsSync(directory);
      const block = Buffer.alloc(bsize);
      try {
        for (;;) appendFileSync(filler, block);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
      truncateSync(filler, Math.max(0, statSync(filler).size - blocks * bsize));
    },
    free: () => rmSync(filler, { force: true }),
    readOnly: (on) => run('mount', '-o', on ? 'remount,ro' : 'remount,rw'),
    remove() {
      process.off('exit', unmount);
      unmount();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** strace, allowed to look into processes of this user. */
export function findStrace(): Finding {
  const name = 'strace';
  const { status, stdout } = spawnSync('strace', ['-V'], { encoding: 'utf8' });
  if (status !== 0) return { found: false, name, reason: 'not on PATH' };
  const traced = spawnSync('strace', ['-o', '/dev/null', 'true']);
  if (traced.status !== 0) return { found: false, name, reason: 'ptrace(2) is not permitted' };
  return { found: true, name, path: 'strace', version: /version (\S+)/.exec(stdout)?.[1] ?? 'unknown' };
}

/**
 * Tampers with system calls of a process that runs, all of its threads ("strace", option --inject), until the function that it answers is called.
 * `path`: only calls on that file or directory.
 */
export async function injectFault(pid: number, calls: string, fault: string, path?: string): Promise<() => Promise<void>> {
  const only = path === undefined ? [] : ['-P', path];
  const options = ['-f', '-p', String(pid), ...only, '-e', `trace=${calls}`, '-e', `inject=${calls}:${fault}`];
  const child = spawn('strace', [...options, '-o', '/dev/null'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  let said = '';
  child.stderr.setEncoding('utf8');
  for await (const text of child.stderr.iterator({ destroyOnReturn: false })) {
    said += String(text);
    if (/attached/.test(said)) break;
  }
  child.stderr.resume();
  if (!/attached/.test(said)) throw new Error(`strace did not attach: ${said}`);
  return async () => {
    child.kill('SIGINT');
    await ended;
  };
}
