import { gentleEdit, randomEdit } from './edits.js';
import { EVENTS, type Direction, type Input } from './input.js';
import type { Random } from './random.js';
import type { Target } from './target.js';

const MOST_FRAMES = 120;
const LONG = 48;
const MOST_EDITS = 160;
/** How many edits that a session seldom survives. */
const HARSH = [0, 0, 0, 1, 1, 3];
/** Frames of the direction for one of the client, more or less. */
const FRAMES = { client: 1, server: 2 } as const;

/** A new input from one that is known, and pieces of others. Every one has at least one edit, but for those whose server lies. */
export function mutated(target: Target, parent: Input, others: readonly Input[], direction: Direction, random: Random): Input {
  let program = mutatedProgram(target, parent.program, others, random);
  // A session costs as much as many messages: most of them are long.
  if (!random.chance(4)) while (program.length < LONG) program = [...program, ...random.pick(others).program];
  program = cut(program);
  const answersRefused = direction === 'server' && random.chance(12);
  const pieces = random.chance(3) ? 0 : random.chance(2) ? 1 : random.next();
  const events = random.chance(6) ? [{ at: random.below(program.length + 1), event: random.pick(EVENTS) }] : [];
  const pace = random.chance(2) ? 0 : random.below(12);
  // Where the server lies, nothing else may be wrong: it must be plain which message its answer belongs to.
  const edits = answersRefused ? [] : mutatedEdits(target, parent, program.length, direction, random);
  return { program, edits, events: answersRefused ? [] : events, pieces, pace, answersRefused, variant: parent.variant };
}

function mutatedEdits(target: Target, parent: Input, frames: number, direction: Direction, random: Random): Input['edits'] {
  const kept = random.chance(2) ? parent.edits.filter(() => !random.chance(3)) : [];
  const places = frames * FRAMES[direction];
  const first = random.chance(8) ? 0 : target.loginFrames[direction];
  const harsh = Array.from({ length: random.pick(HARSH) }, () => {
    const edit = randomEdit(random, places);
    return { ...edit, at: edit.at + first };
  });
  const gentle = harsh.length > 0 && random.chance(4) ? [] : gentleEdits(target.loginFrames[direction], places, random);
  return [...kept, ...harsh, ...gentle].slice(-MOST_EDITS);
}

/** On two of three frames; those that hold no text stay as they are. */
function gentleEdits(from: number, places: number, random: Random): Input['edits'] {
  return Array.from({ length: Math.ceil((places * 2) / 3) }, (_, at) =>
    gentleEdit(random, from + Math.floor((at * 3) / 2) + random.below(2)),
  );
}

function mutatedProgram(target: Target, program: readonly Buffer[], others: readonly Input[], random: Random): readonly Buffer[] {
  const at = random.below(program.length + 1);
  switch (random.below(program.length < 30 ? 6 : 8)) {
    case 0: {
      const other = random.pick(others).program;
      const from = random.below(other.length);
      return [...program.slice(0, at), ...other.slice(from), ...program.slice(at)];
    }
    case 1:
      return program.length > 1 ? [...program.slice(0, at), ...program.slice(at + 1 + random.below(3))] : program;
    case 2:
      return [...program.slice(0, at), random.pick(target.dictionary.client), ...program.slice(at)];
    case 3:
      return [...program, ...program.slice(random.below(program.length))];
    case 4:
      return [...program, ...random.pick(others).program];
    default:
      return program;
  }
}

function cut(program: readonly Buffer[]): readonly Buffer[] {
  return program.length > MOST_FRAMES ? program.slice(program.length - MOST_FRAMES) : program;
}
