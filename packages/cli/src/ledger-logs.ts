import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './failure.js';

/** One log of a ledger. A gateway with several workers keeps one for each, in a directory of its own. */
export interface LedgerLog {
  /** The worker's name; `undefined`: the log of a gateway without workers. */
  readonly name: string | undefined;
  readonly directory: string;
}

/** An entry of one of the logs. */
export interface EntryPlace {
  readonly log: LedgerLog;
  readonly seq: number;
}

const WORKER_NAME = /^worker-([1-9]\d?)$/;

/** The logs in a ledger's directory: its own, and its workers'. Where there is none yet, the directory itself, so that readers say so. */
export function logsOf(directory: string): readonly LedgerLog[] {
  const names = existsSync(directory) ? readdirSync(directory).filter((name) => WORKER_NAME.test(name)) : [];
  const workers = names
    .toSorted((one, other) => workerNumber(one) - workerNumber(other))
    .map((name) => ({ name, directory: join(directory, name) }))
    .filter((log) => isLog(log.directory));
  return workers.length > 0 && !isLog(directory) ? workers : [{ name: undefined, directory }, ...workers];
}

/** What an entry is called: `42`, or `worker-1:42` where there are several logs. */
export function entryName({ name }: LedgerLog, seq: number): string {
  return name === undefined ? String(seq) : `${name}:${seq}`;
}

/** The entry that was written on the command line. */
export function entryPlace(text: string | undefined, logs: readonly LedgerLog[]): EntryPlace {
  const match = /^(?:(worker-[1-9]\d?):)?(\d{1,15})$/.exec(text ?? '');
  if (match === null) throw new UsageError('<seq> is not the number of an entry; write a whole number from 0');
  const [, name, seq] = match;
  const [first] = logs;
  const log = name === undefined && logs.length === 1 ? first : logs.find((candidate) => candidate.name === name);
  if (log !== undefined) return { log, seq: Number(seq) };
  const [example] = logs.flatMap((candidate) => candidate.name ?? []);
  throw new UsageError(
    example === undefined
      ? `there is no log "${name ?? ''}"; write the number alone`
      : `every worker has a log of its own; write which one, such as ${example}:${seq}`,
  );
}

/** Merges streams that are each in order into one. */
export async function* inOrder<T>(sources: readonly AsyncIterable<T>[], timeOf: (value: T) => number): AsyncGenerator<T, void, undefined> {
  const heads: { readonly value: T; readonly source: AsyncIterator<T> }[] = [];
  const pull = async (source: AsyncIterator<T>): Promise<void> => {
    const next = await source.next();
    if (next.done !== true) heads.push({ value: next.value, source });
  };
  for (const source of sources) await pull(source[Symbol.asyncIterator]());
  while (heads.length > 0) {
    let oldest = 0;
    for (const [at, head] of heads.entries()) if (timeOf(head.value) < timeOf((heads[oldest] ?? head).value)) oldest = at;
    const [head] = heads.splice(oldest, 1);
    if (head === undefined) return;
    yield head.value;
    await pull(head.source);
  }
}

/** Gives on what any of the streams has, as it comes. */
export async function* asTheyCome<T>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<T, void, undefined> {
  const pulls = new Map<AsyncIterator<T>, Promise<{ readonly source: AsyncIterator<T>; readonly next: IteratorResult<T> }>>();
  const pull = (source: AsyncIterator<T>): void =>
    void pulls.set(
      source,
      source.next().then((next) => ({ source, next })),
    );
  for (const source of sources) pull(source[Symbol.asyncIterator]());
  while (pulls.size > 0) {
    const { source, next } = await Promise.race(pulls.values());
    if (next.done === true) pulls.delete(source);
    else {
      yield next.value;
      pull(source);
    }
  }
}

function isLog(directory: string): boolean {
  return existsSync(join(directory, 'wal')) || existsSync(join(directory, 'checkpoint'));
}

function workerNumber(name: string): number {
  return Number(WORKER_NAME.exec(name)?.[1]);
}
