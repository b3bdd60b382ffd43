import { describe, expect, it } from '@jest/globals';
import { duplexPair } from './duplex-pair.js';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('duplexPair', () => {
  it('delivers later than the write, never inside it', async () => {
    const { near, far } = duplexPair();
    const got: string[] = [];
    far.on('data', (chunk: Buffer) => got.push(chunk.toString()));
    near.write('one');
    expect(got).toEqual([]);
    await tick();
    await tick();
    expect(got).toEqual(['one']);
  });

  it('passes bytes by reference in both directions', async () => {
    const { near, far } = duplexPair();
    const bytes = Buffer.from('x');
    const got = new Promise((resolve) => near.once('data', resolve));
    far.write(bytes);
    expect(await got).toBe(bytes);
  });

  it('holds a writer whose reader does not read', async () => {
    const { near, far } = duplexPair();
    far.pause();
    let acknowledged = 0;
    for (let i = 0; i < 64; i++) near.write(Buffer.alloc(16 * 1024), () => acknowledged++);
    for (let i = 0; i < 50; i++) await tick();
    expect(acknowledged).toBeLessThan(16);
    far.resume();
    for (let i = 0; i < 500 && acknowledged < 64; i++) await tick();
    expect(acknowledged).toBe(64);
  });

  it('ends the other end after what was written', async () => {
    const { near, far } = duplexPair();
    const got: string[] = [];
    near.on('data', (chunk: Buffer) => got.push(chunk.toString()));
    const closed = new Promise((resolve) => near.once('close', resolve));
    far.end('last words');
    await closed;
    expect(got).toEqual(['last words']);
  });

  it('closes the other end when one is destroyed', async () => {
    const { near, far } = duplexPair();
    const ended = new Promise((resolve) => far.once('end', resolve));
    far.resume();
    near.destroy();
    await ended;
    expect(far.writableEnded || far.destroyed).toBe(true);
  });
});
