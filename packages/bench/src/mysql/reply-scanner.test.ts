import { describe, expect, it } from '@jest/globals';
import { ReplyScanner } from './reply-scanner.js';

const packet = (...payload: number[]): number[] => [payload.length, 0, 0, 1, ...payload];
const EOF = packet(0xfe, 0, 0, 2, 0);
const RESULT = [...packet(1), ...packet(3, 0x64, 0x65, 0x66), ...EOF, ...packet(0xfe, 1, 2, 3, 4, 5, 6, 7, 8), ...packet(1, 0x37), ...EOF];

describe('the scanner of replies', () => {
  it.each([1, 2, 3, 7, 1000])('finds the ends of result sets and errors in pieces of %i bytes', (size) => {
    const seen: boolean[] = [];
    const scanner = new ReplyScanner((isError) => void seen.push(isError));
    const bytes = Uint8Array.from([...RESULT, ...packet(0xff, 1, 2, 3), ...RESULT]);
    for (let at = 0; at < bytes.length; at += size) scanner.push(bytes.subarray(at, at + size));
    expect(seen).toEqual([false, true, false]);
  });
});
