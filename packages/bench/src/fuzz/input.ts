import { type Edit, OPERATIONS, type Operation } from './edits.js';

export type Direction = 'client' | 'server';

/** Something that befalls a session between two messages of its client. */
export const EVENTS = ['notice', 'terminate', 'client-gone', 'server-gone', 'notification'] as const;
export type Event = (typeof EVENTS)[number];

/** One input of the fuzzer: what a client sends, what is done to one direction of it, and in which pieces and at what pace it arrives. */
export interface Input {
  /** Frames of the client after its login. */
  readonly program: readonly Buffer[];
  /** Of the frames of the direction that is fuzzed; those of a client begin with its two of the login. */
  readonly edits: readonly Edit[];
  /** Position in the program, and what happens before it. */
  readonly events: readonly { readonly at: number; readonly event: Event }[];
  /** 0: frame by frame; 1: all that is there at once; else the seed of random pieces. */
  readonly pieces: number;
  /** The server answers after so many frames of the client. */
  readonly pace: number;
  /** The server answers what stands for a refused message with rows. */
  readonly answersRefused: boolean;
  /** Of the login, where the protocol has several forms: bits that the target knows. */
  readonly variant: number;
}

/** An input as text, for a file that can be replayed. */
export function inputToJson(input: Input): string {
  return JSON.stringify({ ...input, program: input.program.map((frame) => frame.toString('base64')) }, undefined, 2);
}

/** Throws an `Error` for what is not an input. */
export function inputFromJson(json: string): Input {
  const value = JSON.parse(json) as Omit<Input, 'program'> & { readonly program: readonly string[] };
  const operations: readonly Operation[] = OPERATIONS;
  if (!value.edits.every(({ operation }) => operations.includes(operation)))
    throw new Error('this file does not hold an input of the fuzzer');
  return { ...value, program: value.program.map((frame: string) => Buffer.from(frame, 'base64')) };
}
