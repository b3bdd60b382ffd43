import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LedgerError } from './ledger-error.js';
import { decodeRecords, encodeRecord, entryOf, leafInput, leafInputOf } from './write-ahead.js';

const entries = ['{"a":1}', `{"long":"${'x'.repeat(300)}"}`, '{"umlaut":"ä"}', '{}'];
const records = entries.map(encodeRecord);
const file = Buffer.concat(records);
const texts = (decoded: readonly Buffer[]): string[] => decoded.map((record) => entryOf(record).toString());

describe('the write-ahead file', () => {
  it('reads back what was written', () => {
    const decoded = decodeRecords(file, 'wal');
    expect(texts(decoded.records)).toEqual(entries);
    expect(decoded).toMatchObject({ end: file.length, torn: 0 });
    expect(leafInput(records[0]!)).toEqual(Buffer.from(leafInputOf(Buffer.from(entries[0]!))));
  });

  it('takes a cut at any byte as a record that was not finished, and keeps all before it', () => {
    for (let length = 0; length <= file.length; length++) {
      const { records: whole, end, torn } = decodeRecords(file.subarray(0, length), 'wal');
      expect(texts(whole)).toEqual(entries.slice(0, whole.length));
      expect(end).toBe(records.slice(0, whole.length).reduce((sum, record) => sum + record.length, 0));
      expect(end + torn).toBe(length);
      expect(end + (records[whole.length]?.length ?? Number.POSITIVE_INFINITY)).toBeGreaterThan(length);
    }
  });

  it('takes blocks that the disk never got as a record that was not finished', () => {
    for (let length = 0; length < file.length; length += 7) {
      const zeros = Buffer.concat([file.subarray(0, length), Buffer.alloc(600)]);
      expect(decodeRecords(zeros, 'wal').records.length).toBe(decodeRecords(file.subarray(0, length), 'wal').records.length);
    }
  });

  it('never takes a flipped bit as the end of the file', () => {
    for (let bit = 0; bit < file.length * 8; bit++) {
      const flipped = Buffer.from(file);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      let outcome: unknown;
      try {
        outcome = decodeRecords(flipped, 'wal');
      } catch (error) {
        outcome = error instanceof LedgerError ? error.code : error;
      }
      expect([bit, outcome]).toEqual([bit, 'corrupt']);
    }
  });

  it('ends on arbitrary bytes with records or a ledger error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeRecords(Buffer.from(bytes), 'wal');
        } catch (error) {
          expect(error).toBeInstanceOf(LedgerError);
        }
      }),
    );
  });

  it('refuses an entry that a bundle could not hold', () => {
    expect(() => encodeRecord('x'.repeat(65_536))).toThrow(expect.objectContaining({ code: 'entry-too-large' }));
    expect(entryOf(encodeRecord('x'.repeat(65_535)))).toHaveLength(65_535);
  });
});
