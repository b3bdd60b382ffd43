import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncName } from '../append-file.js';
import { firstEntry } from '../first-entry.js';
import { ifMissing, LedgerError } from '../ledger-error.js';

/** How far a sink has come: `sinks/<name>.json` in the ledger's directory. */
export interface SinkCursor {
  /** The first entry that its receiver has not acknowledged. */
  readonly next: number;
  /** The `session.opened` entries of the sessions that are open before `next`: who is behind what comes. */
  readonly open: readonly number[];
}

const NAME = /^([a-z][a-z0-9_-]{0,62})\.json$/;

export function cursorPath(directory: string, name: string): string {
  return join(directory, 'sinks', `${name}.json`);
}

/** The cursor of a sink; at the first entry that is still there where it has none. Throws a {@link LedgerError} (`corrupt`) when the file says something else. */
export async function readCursor(directory: string, name: string): Promise<SinkCursor> {
  const path = cursorPath(directory, name);
  const text = await readFile(path, 'utf8').catch(ifMissing);
  if (text === undefined) return { next: await firstEntry(directory), open: [] };
  const cursor = parsed(text);
  if (cursor !== undefined) return cursor;
  throw new LedgerError(
    'corrupt',
    `${path} is no cursor of a sink: write {"next":<entry to go on with>,"open":[]} into it, or remove it to begin anew`,
  );
}

/** Replaces the cursor; it is on stable storage when this resolves. One writer per sink. */
export async function writeCursor(directory: string, name: string, { next, open: sessions }: SinkCursor): Promise<void> {
  const path = cursorPath(directory, name);
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  const draft = `${path}.new`;
  const file = await open(draft, 'w', 0o640);
  try {
    await file.writeFile(`${JSON.stringify({ next, open: sessions })}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncName(dirname(path));
}

/** The cursors of all sinks of a log, by name. */
export async function sinkCursors(directory: string): Promise<ReadonlyMap<string, SinkCursor>> {
  const names = (await readdir(join(directory, 'sinks')).catch(ifMissing)) ?? [];
  const cursors = new Map<string, SinkCursor>();
  for (const file of names.sort()) {
    const name = NAME.exec(file)?.[1];
    if (name !== undefined) cursors.set(name, await readCursor(directory, name));
  }
  return cursors;
}

/** The first entry that some sink has not shipped yet: retention must not go beyond. `undefined` where there is no sink. */
export async function lowestSinkCursor(directory: string): Promise<number | undefined> {
  const nexts = [...(await sinkCursors(directory)).values()].map(({ next }) => next);
  return nexts.length === 0 ? undefined : Math.min(...nexts);
}

function parsed(text: string): SinkCursor | undefined {
  try {
    const value = JSON.parse(text) as Partial<SinkCursor> | null;
    const { next, open: sessions } = value ?? {};
    if (!isSeq(next) || !Array.isArray(sessions) || !sessions.every(isSeq)) return undefined;
    return { next, open: sessions };
  } catch {
    return undefined;
  }
}

function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
