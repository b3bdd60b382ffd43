// Where tests keep their servers and files: in memory where there is plenty of it, as throw-away databases spend their time on the disk.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const MEMORY = '/dev/shm';
const TMPFS = 0x01021994;
const GIB = 1024 ** 3;
/** The suites were seen to need less than one; what is in memory must not be missed elsewhere. */
const WANTED_BYTES = 4 * GIB;

/** `directory` is this run's own, `temporary` the directory in it for everything temporary, open to servers that run as another account. */
export function makeScratch() {
  const directory = mkdtempSync(path.join(inMemory() ? MEMORY : tmpdir(), 'sqlwarden-test-'));
  const temporary = path.join(directory, 'tmp');
  mkdirSync(temporary);
  chmodSync(directory, 0o711);
  chmodSync(temporary, 0o1777);
  return { directory, temporary };
}

function inMemory() {
  // Whoever says where temporary files go is listened to.
  if (process.env.TMPDIR !== undefined) return false;
  try {
    const { type, bavail, bsize } = statfsSync(MEMORY);
    const [, , , options = 'noexec'] = mounted(MEMORY);
    const isFit = type === TMPFS && !options.split(',').includes('noexec');
    return isFit && bavail * bsize >= WANTED_BYTES && availableBytes() >= 2 * WANTED_BYTES;
  } catch {
    return false;
  }
}

function mounted(place) {
  const lines = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return lines.map((line) => line.split(' ')).findLast((fields) => fields[1] === place) ?? [];
}

function availableBytes() {
  const [, kibibytes = '0'] = /^MemAvailable:\s*(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}
