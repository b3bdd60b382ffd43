import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { CheckpointFiles } from './checkpoint-files.js';
import { Checkpointer } from './checkpointer.js';
import { FileKeys } from './file-keys.js';
import { LogKeys } from './log-keys.js';
import { removeScratch, scratch } from './testing/scenario.js';
import { TreeBuilder } from './tree-builder.js';
import { TreeThread } from './tree-thread.js';
import { begunLine, entryLine, FrameEncoder, leafInputOf } from './write-ahead.js';

afterAll(removeScratch);

function place(): string {
  const directory = scratch();
  mkdirSync(join(directory, 'tmp'));
  return directory;
}

function threadOf(frames: FrameEncoder, files: readonly { path: string; length: number }[] = [], directory = place()): TreeThread {
  return new TreeThread({ directory, first: 0, signed: 0, hold: undefined, files }, frames);
}

const entry = (n: number): string => JSON.stringify({ n, text: 'x'.repeat(n % 900) });

describe('the thread that keeps the tree', () => {
  it('has the tree over all that was added, in memory that it gives back', async () => {
    const frames = new FrameEncoder();
    const thread = threadOf(frames);
    const expected = new TreeBuilder(0, undefined);
    let givenBack = 0;
    const reuse = frames.reuse.bind(frames);
    frames.reuse = (memory) => {
      givenBack += 1;
      reuse(memory);
    };
    // Several times the memory that frames are made in.
    for (let n = 0; n < 12_000; n++) {
      frames.encode(begunLine('{}') + entryLine(entry(n)));
      thread.add(frames.keep());
      expected.add(Buffer.from(leafInputOf(Buffer.from(entry(n)))));
      if (n % 2_000 === 0) await thread.ask({ kind: 'head' });
    }
    const { size, root } = await thread.ask({ kind: 'head' });
    await thread.close();
    expect([size, Buffer.from(root).toString('hex')]).toEqual([12_000, Buffer.from(expected.root()).toString('hex')]);
    // A megabyte each; the last one is still in use.
    expect(givenBack).toBeGreaterThanOrEqual(4);
  });

  it('says so when it has died, to whoever waits and to whoever asks later', async () => {
    const thread = threadOf(new FrameEncoder(), [{ path: 'wal/none', length: 10 }]);
    await expect(thread.ask({ kind: 'head' })).rejects.toMatchObject({ code: 'write-failed', message: expect.stringContaining('thread') });
    await thread.close();
    await expect(thread.ask({ kind: 'write' })).rejects.toMatchObject({ code: 'write-failed' });
  });

  it('gives the error of the system when it cannot write, and goes on when it can', async () => {
    const directory = scratch();
    const frames = new FrameEncoder();
    const thread = threadOf(frames, [], directory);
    frames.encode(entryLine('{}'));
    thread.add(frames.keep());
    // Drafts have no directory.
    await expect(thread.ask({ kind: 'write' })).rejects.toMatchObject({ code: 'ENOENT' });
    mkdirSync(join(directory, 'tmp'));
    expect(await thread.ask({ kind: 'write' })).toMatchObject({ size: 1 });
    await thread.close();
  });
});

describe('a checkpoint', () => {
  it('is not signed over a tree that lacks what was written', async () => {
    const directory = place();
    const keys = await LogKeys.open(directory, 'example/log', new FileKeys(directory, 'example/log'));
    const { files } = await CheckpointFiles.open(directory, keys.epochs);
    const checkpointer = new Checkpointer({
      origin: 'example/log',
      keys,
      checkpoints: files,
      tree: threadOf(new FrameEncoder(), [], directory),
      size: 5,
      signed: 0,
    });
    await expect(checkpointer.sign(() => Promise.resolve())).rejects.toThrow('the tree has 0 entries, not the 5 that were written');
    expect(checkpointer.signed).toBe(0);
    await checkpointer.close();
  });
});
