import { expect, test } from '@jest/globals';
import { canonicalJson } from '@sqlwarden/core';
import fc from 'fast-check';
import { completedPlaces } from './completed-places.js';

const NAMES = ['decision', 'opened', 'startedAt'] as const;
/** Strings that look like what is looked for. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(...NAMES.flatMap((name) => [`,"${name}":7`, `","${name}":7,"x":"`, `\\","${name}":7`])),
);
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });

test('the places of a read are those that its whole entry says, whatever its strings are', () => {
  const completed = fc.record(
    {
      v: fc.constant(1),
      type: fc.constant('statement.completed'),
      seq: count,
      time: count,
      decision: count,
      opened: count,
      startedAt: count,
      read: count,
      bytesReturned: count,
      durationUs: count,
      session: hostile,
      phase: fc.constantFrom('query', 'execute'),
      parameters: fc.array(fc.record({ commitment: fc.base64String() })),
      statements: fc.array(fc.record({ command: hostile, rowsReturned: count, rowsAffected: fc.option(count) })),
      asserted: fc.record({ purpose: fc.record({ value: hostile, source: fc.constant('comment') }) }),
      errorCode: hostile,
      limit: hostile,
    },
    {
      requiredKeys: [
        'v',
        'type',
        'seq',
        'time',
        'decision',
        'opened',
        'startedAt',
        'read',
        'bytesReturned',
        'session',
        'parameters',
        'statements',
      ],
    },
  );
  fc.assert(
    fc.property(completed, (event) => {
      const { decision, opened, startedAt } = event;
      expect(completedPlaces(Buffer.from(canonicalJson(event)))).toEqual({ decision, opened, startedAt });
    }),
  );
});

test('an entry of another type has none', () => {
  const entry = { v: 1, type: 'statement.outcome', decision: 1, opened: 2, startedAt: 3, bytesReturned: 4 };
  expect(completedPlaces(Buffer.from(canonicalJson(entry)))).toBeUndefined();
  expect(completedPlaces(Buffer.alloc(0))).toBeUndefined();
});
