import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RunningUnits } from './running-units.js';

describe('running units', () => {
  it('are what a map of tickets would hold', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.boolean(),
            fc.integer({ min: -5, max: 5 }).filter((ticket) => ticket !== 0),
          ),
          { maxLength: 30 },
        ),
        (steps) => {
          const units = new RunningUnits<string>();
          const model = new Map<number, string>();
          for (const [at, [isNew, ticket]] of steps.entries()) {
            if (isNew && !model.has(ticket)) {
              units.set(ticket, `${at}`);
              model.set(ticket, `${at}`);
            } else {
              expect(units.take(ticket)).toBe(model.get(ticket));
              model.delete(ticket);
            }
            expect(units.size).toBe(model.size);
          }
          expect(units.takeAll()).toEqual([...model].sort(([a], [b]) => a - b));
          expect(units.size).toBe(0);
        },
      ),
    );
  });
});
