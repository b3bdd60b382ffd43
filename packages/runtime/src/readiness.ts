import { randomBytes } from 'node:crypto';
import { unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Ledger } from '@sqlwarden/ledger';
import type { Upstream } from './engine/upstream.js';

const LOOK_MS = 2_000;

/** Why the ledger takes no entries; `undefined` when it does. */
export async function probeLedger(ledger: Pick<Ledger, 'durable' | 'size'>, directory: string): Promise<string | undefined> {
  const probe = path.join(directory, 'tmp', `probe-${randomBytes(8).toString('hex')}`);
  try {
    await withinTime(ledger.durable(ledger.size - 1));
    // A full or read-only disk shows when something is written, not before.
    await withinTime(writeFile(probe, 'x', { flag: 'wx' }));
    return undefined;
  } catch (error) {
    return `the ledger cannot be written (${reasonOf(error)})`;
  } finally {
    await unlink(probe).catch(() => undefined);
  }
}

/** Why the upstream's schema cannot be read; `undefined` when it can. */
export async function probeUpstream(upstream: Pick<Upstream, 'name' | 'fresh'>): Promise<string | undefined> {
  try {
    await withinTime(upstream.fresh());
    return undefined;
  } catch (error) {
    return `upstream ${upstream.name} cannot be reached (${reasonOf(error)})`;
  }
}

async function withinTime(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${LOOK_MS} ms`)), LOOK_MS);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
