import type { Input } from './input.js';

/** A smaller input that is wrong still: without what it is wrong without, in several rounds. `isWrong` must answer the same every time. */
export function minimise(input: Input, isWrong: (input: Input) => boolean): Input {
  let best = input;
  for (let changed = true; changed; ) {
    changed = false;
    for (const smaller of candidates(best)) {
      if (!isWrong(smaller)) continue;
      best = smaller;
      changed = true;
      break;
    }
  }
  return best;
}

function* candidates(input: Input): Generator<Input> {
  for (const size of [16, 4, 1])
    for (let at = 0; at < input.program.length; at += size) yield { ...input, program: without(input.program, at, size) };
  for (let at = 0; at < input.edits.length; at += 1) yield { ...input, edits: without(input.edits, at, 1) };
  for (let at = 0; at < input.events.length; at += 1) yield { ...input, events: without(input.events, at, 1) };
  if (input.pieces !== 0) yield { ...input, pieces: 0 };
  if (input.pace !== 0) yield { ...input, pace: 0 };
}

function without<T>(values: readonly T[], at: number, count: number): readonly T[] {
  return [...values.slice(0, at), ...values.slice(at + count)];
}
