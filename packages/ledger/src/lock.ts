import { link, readFile, readlink, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, ifMissing, LedgerError } from './ledger-error.js';

/**
 * One process per ledger directory. The lock is a file with the holder's process id, its start time, and the boot and pid namespace that
 * both are of; a holder that is gone leaves a lock that the next one takes over. A holder in another pid namespace (another container) cannot be
 * looked up: it keeps the file's modification time fresh, and counts as gone when that is old.
 */
interface Holder {
  readonly pid: number;
  readonly startTime: string;
  readonly space: string;
}

const REFRESH_MS = 5_000;
/** How old the lock of a holder that cannot be looked up must be before it is taken over. */
const ABANDONED_MS = 30_000;
let counter = 0;

export interface DirectoryLock {
  release(): Promise<void>;
}

/** Takes the lock. Throws a {@link LedgerError} (`locked`) when another process, or another ledger of this one, holds it. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = join(directory, 'lock');
  const mine = JSON.stringify(await describe(process.pid));
  const draft = `${path}.${process.pid}.${counter++}`;
  await writeFile(draft, mine, { mode: 0o644, flag: 'wx' });
  try {
    while (!(await tryLink(draft, path))) await takeOver(path);
  } finally {
    await unlink(draft);
  }
  const refresh = setInterval(() => {
    const now = new Date();
    // A directory that is gone shows in the next checkpoint, with a better message.
    utimes(path, now, now).catch(() => undefined);
  }, REFRESH_MS);
  refresh.unref();
  return {
    async release() {
      clearInterval(refresh);
      if ((await readFile(path, 'utf8').catch(ifMissing)) === mine) await unlink(path);
    },
  };
}

/** Removes a lock whose holder is gone; throws when it is not. */
async function takeOver(path: string): Promise<void> {
  const content = await readFile(path, 'utf8').catch(ifMissing);
  if (content === undefined) return;
  const holder = parseHolder(content);
  if (holder !== undefined && (await isAlive(holder, path))) {
    throw new LedgerError('locked', `the ledger is open in process ${holder.pid}: stop it, or give this one another ledger directory`);
  }
  // Renaming decides who removes it: whoever moved a lock that is not the one it judged puts it back.
  const aside = `${path}.stale.${process.pid}.${counter++}`;
  if ((await rename(path, aside).then(() => true, ifMissing)) === undefined) return;
  if ((await readFile(aside, 'utf8')) !== content) await tryLink(aside, path);
  await unlink(aside);
}

async function isAlive(holder: Holder, path: string): Promise<boolean> {
  if (holder.space !== (await processSpace())) {
    const file = await stat(path).catch(ifMissing);
    return file !== undefined && Date.now() - file.mtimeMs < ABANDONED_MS;
  }
  return (await startTime(holder.pid)) === holder.startTime;
}

async function describe(pid: number): Promise<Holder> {
  return { pid, startTime: (await startTime(pid)) ?? 'gone', space: await processSpace() };
}

/** When a process started, in the kernel's ticks (proc(5), /proc/pid/stat, field 22); without /proc only whether it is there. */
async function startTime(pid: number): Promise<string | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(ifMissing);
  if (line !== undefined) {
    const [state, ...rest] = line.slice(line.lastIndexOf(')') + 2).split(' ');
    // It has ended, and nobody has collected its status.
    return state === 'Z' || state === 'X' ? undefined : rest[18];
  }
  try {
    process.kill(pid, 0);
    return process.platform === 'linux' ? undefined : 'unknown';
  } catch (error) {
    return errnoOf(error) === 'EPERM' && process.platform !== 'linux' ? 'unknown' : undefined;
  }
}

/** Where a process id means something: this boot of this machine, in this pid namespace. */
async function processSpace(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(ifMissing);
  const namespace = await readlink('/proc/self/ns/pid').catch(ifMissing);
  return `${boot?.trim() ?? process.platform} ${namespace ?? ''}`;
}

function parseHolder(content: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, startTime: started, space } = value as Record<string, unknown>;
    return typeof pid === 'number' && typeof started === 'string' && typeof space === 'string'
      ? { pid, startTime: started, space }
      : undefined;
  } catch {
    return undefined;
  }
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}
