import type { Framing } from './framing.js';
import type { Direction, Input } from './input.js';

export interface TrialResult {
  /** What was wrong first; `undefined`: nothing. */
  readonly wrong: string | undefined;
  /** Frames of the fuzzed direction that the session was given before its end. */
  readonly frames: number;
  /** How many of them were changed, made up or held back. */
  readonly mutated: number;
}

/** A database of which the session is fuzzed. */
export interface Target {
  /** The URLs of the scripts of which it matters what ran. */
  readonly watched: RegExp;
  readonly framing: Framing;
  /** Frames of each direction until the client may speak. */
  readonly loginFrames: Readonly<Record<Direction, number>>;
  /** Inputs to begin with. */
  seeds(): Input[];
  /** Frames that mutations insert and splice with, of each direction. */
  readonly dictionary: Readonly<Record<Direction, readonly Buffer[]>>;
  /** Plays an input through a session of its own, from login to end. Never throws for what the session does. */
  play(input: Input, direction: Direction): TrialResult;
}
