import { describe, expect, it } from '@jest/globals';
import { MessageScanner } from './message-scanner.js';

const packet = (isLast: boolean, ...body: number[]): number[] => [4, isLast ? 1 : 0, 0, 8 + body.length, 0, 0, 0, 0, ...body];
const done = (status: number): number[] => [0xfd, status, 0, 0xc1, 0, 1, 0, 0, 0, 0, 0, 0, 0];

describe('MessageScanner', () => {
  it.each([1, 2, 3, 7, 1000])('tells each reply once, in pieces of %d bytes', (size) => {
    const bytes = Buffer.from([
      ...packet(false, 1, 2, 3),
      ...packet(true, ...done(0x10)),
      ...packet(true, 9, ...done(2)),
      ...packet(true, ...done(0)),
    ]);
    const replies: boolean[] = [];
    const scanner = new MessageScanner((isError) => replies.push(isError));
    for (let at = 0; at < bytes.length; at += size) scanner.push(bytes.subarray(at, at + size));
    expect(replies).toEqual([false, true, false]);
  });
});
