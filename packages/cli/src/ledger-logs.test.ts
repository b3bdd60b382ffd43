import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { asTheyCome, entryName, entryPlace, inOrder, logsOf } from './ledger-logs.js';

describe('the logs of a ledger', () => {
  const directories: string[] = [];
  afterEach(() => {
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
  });
  function ledger(...logs: string[]): string {
    const directory = mkdtempSync(path.join(tmpdir(), 'sqlwarden-logs-'));
    directories.push(directory);
    for (const log of logs) mkdirSync(path.join(directory, log, 'wal'), { recursive: true });
    return directory;
  }
  const names = (directory: string): (string | undefined)[] => logsOf(directory).map(({ name }) => name);

  it('are the one of the directory, those of workers, or both', () => {
    expect(names(ledger('.'))).toEqual([undefined]);
    expect(names(ledger('worker-10', 'worker-2', 'worker-1'))).toEqual(['worker-1', 'worker-2', 'worker-10']);
    expect(names(ledger('.', 'worker-1'))).toEqual([undefined, 'worker-1']);
    // Nothing there yet, nothing that is a log: readers of the directory itself say so.
    expect(names(ledger())).toEqual([undefined]);
    const other = ledger('worker-x');
    mkdirSync(path.join(other, 'worker-1'));
    expect(names(other)).toEqual([undefined]);
    expect(names('/nowhere')).toEqual([undefined]);
  });

  it('name their entries so that they can be found again', () => {
    const [one] = logsOf(ledger('.'));
    const several = logsOf(ledger('.', 'worker-1', 'worker-2'));
    const only = logsOf(ledger('worker-1'));
    if (one === undefined) throw new Error('no log');
    expect([entryName(one, 7), entryPlace('7', [one])]).toEqual(['7', { log: one, seq: 7 }]);
    expect(entryPlace('worker-2:7', several)).toEqual({ log: several[2], seq: 7 });
    expect(entryPlace('7', several)).toEqual({ log: several[0], seq: 7 });
    expect(entryPlace('7', only)).toEqual({ log: only[0], seq: 7 });
    expect(() => entryPlace('7', several.slice(1))).toThrow('write which one, such as worker-1:7');
    expect(() => entryPlace('worker-3:7', several)).toThrow('write which one');
    for (const wrong of ['x', '-1', 'worker-1', 'worker-0:1', '1:2', undefined])
      expect(() => entryPlace(wrong, several)).toThrow('not the number');
  });

  it('are read in the order of time, or as they come', async () => {
    const merged: number[] = [];
    for await (const value of inOrder([stream(1, 4, 6), stream(), stream(2, 3, 5)], (time) => time)) merged.push(value);
    expect(merged).toEqual([1, 2, 3, 4, 5, 6]);
    const all: number[] = [];
    for await (const value of asTheyCome([stream(1, 4), stream(2)])) all.push(value);
    expect(all.toSorted()).toEqual([1, 2, 4]);
  });
});

async function* stream(...values: number[]): AsyncGenerator<number, void, undefined> {
  for (const value of values) yield value;
}
