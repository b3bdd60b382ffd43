import { statSync } from 'node:fs';

/** How often files are looked at, at most. */
const LOOK_MS = 1_000;

/** Tells when files have been changed, replaced, removed or made readable. */
export class FileStamps {
  readonly #files: readonly string[];
  readonly #now: () => number;
  #stamps: string;
  #lookedAt: number;

  constructor(files: readonly string[], now: () => number) {
    this.#files = files;
    this.#now = now;
    this.#stamps = stampsOf(files);
    this.#lookedAt = now();
  }

  /** Whether they have since the last call that said so; the files are looked at once a second at most. */
  changed(): boolean {
    const now = this.#now();
    // A clock that was set back must not stop the looking until it has caught up.
    if (Math.abs(now - this.#lookedAt) < LOOK_MS) return false;
    this.#lookedAt = now;
    const stamps = stampsOf(this.#files);
    if (stamps === this.#stamps) return false;
    this.#stamps = stamps;
    return true;
  }
}

function stampsOf(files: readonly string[]): string {
  return files.map((file) => stampOf(file)).join('\n');
}

function stampOf(file: string): string {
  try {
    // The time of the last change of status too: it tells what became readable, and cannot be set.
    const { mtimeMs, ctimeMs, size, ino } = statSync(file);
    return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
  } catch {
    return 'unreadable';
  }
}
