import { int16, int32 } from './frames.js';
import type { Random } from './random.js';

/** What can be done to a frame. */
export const OPERATIONS = [
  'flip-bit',
  'flip-text',
  'set-byte',
  'set-type',
  'set-length',
  'set-int16',
  'set-int32',
  'cut',
  'cut-in-order',
  'grow',
  'grow-in-order',
  'zero',
  'splice',
  'duplicate',
  'drop',
  'swap',
  'insert',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** One mutation of the frame at a position of a stream. Plain data, so that an input can be kept and replayed. */
export interface Edit {
  readonly at: number;
  readonly operation: Operation;
  readonly a: number;
  readonly b: number;
}

const LENGTHS = [
  0, 1, 3, 4, 5, 8, 0xffff, 0x1_0000, 0x1_0001, 0x0fff_ffff, 0x4000_0000, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
];
const TYPES = 'QPBEDCSHFXdcfpRKZT12ntsIGHWAVNv!\0'.split('').map((type) => type.charCodeAt(0));
const MOST_COPIES = 3;

export function randomEdit(random: Random, frames: number): Edit {
  return { at: random.below(frames), operation: random.pick(OPERATIONS), a: random.next(), b: random.next() };
}

/** Most sessions survive what these do: texts, values and cells that nobody expected. */
export function gentleEdit(random: Random, at: number): Edit {
  return { at, operation: 'flip-text', a: random.next(), b: random.next() };
}

/** Applies edits to a stream of frames as they pass. The frames given are not changed. */
export class EditedStream {
  readonly #edits = new Map<number, Edit[]>();
  readonly #dictionary: readonly Buffer[];
  #at = 0;
  #held: Buffer | undefined;

  /** `dictionary`: frames to insert and to splice with. */
  constructor(edits: readonly Edit[], dictionary: readonly Buffer[]) {
    for (const edit of edits) this.#edits.set(edit.at, [...(this.#edits.get(edit.at) ?? []), edit]);
    this.#dictionary = dictionary;
  }

  /** Frames that were changed, made up, held back or left out so far. */
  mutated = 0;

  /** What comes of a frame: usually one, now and then none or several. */
  push(frame: Buffer): Buffer[] {
    const edits = this.#edits.get(this.#at);
    this.#at += 1;
    let frames = [frame];
    if (edits !== undefined) for (const edit of edits) frames = this.#edited(frames, edit);
    if (this.#held === undefined || frames.length === 0) return frames;
    const held = this.#held;
    this.#held = undefined;
    return [...frames, held];
  }

  /** What was held back. */
  end(): Buffer[] {
    return this.#held === undefined ? [] : [this.#held];
  }

  #edited(frames: Buffer[], edit: Edit): Buffer[] {
    const [frame, ...rest] = frames;
    if (edit.operation === 'flip-text' && (frame === undefined || textByte(frame, edit.a) < 0)) return frames;
    this.mutated += 1;
    if (frame === undefined) return [this.#word(edit.a)];
    switch (edit.operation) {
      case 'drop':
        return rest;
      case 'duplicate':
        return [...Array.from({ length: 2 + (edit.a % MOST_COPIES) }, () => frame), ...rest];
      case 'swap':
        if (this.#held !== undefined) return frames;
        this.#held = frame;
        return rest;
      case 'insert':
        return edit.b % 2 === 0 ? [this.#word(edit.a), ...frames] : [...frames, this.#word(edit.a)];
      default:
        return [changed(frame, edit, this.#word(edit.b)), ...rest];
    }
  }

  #word(number: number): Buffer {
    return this.#dictionary[number % this.#dictionary.length] as Buffer;
  }
}

const HEADER = 5;

function changed(frame: Buffer, { operation, a, b }: Edit, other: Buffer): Buffer {
  if (frame.length === 0) return frame;
  const copy = Buffer.from(frame);
  const body = Math.max(copy.length - HEADER, 0);
  const at = Math.min(HEADER + (a % Math.max(body, 1)), copy.length - 1);
  switch (operation) {
    case 'flip-bit':
      copy[a % copy.length] = (copy[a % copy.length] as number) ^ (1 << (b & 7));
      return copy;
    case 'flip-text': {
      const place = textByte(copy, a);
      if (place >= 0) copy[place] = (copy[place] as number) ^ (1 << (b % 5));
      return copy;
    }
    case 'set-byte':
      copy[at] = b & 0xff;
      return copy;
    case 'set-type':
      copy[0] = TYPES[a % TYPES.length] as number;
      return copy;
    case 'set-length':
      if (copy.length >= HEADER)
        copy.set(int32(b % 3 === 0 ? copy.length - 1 + ((a % 5) - 2) : (LENGTHS[a % LENGTHS.length] as number)), 1);
      return copy;
    case 'set-int16':
      if (body >= 2) copy.set(int16([0, 1, 2, 0x7fff, 0x8000, 0xffff][b % 6] as number), HEADER + (a % (body - 1)));
      return copy;
    case 'set-int32':
      if (body >= 4) copy.set(int32(LENGTHS[b % LENGTHS.length] as number), HEADER + (a % (body - 3)));
      return copy;
    case 'cut':
      return copy.subarray(0, a % copy.length);
    case 'cut-in-order':
      return inOrder(copy.subarray(0, at));
    case 'grow':
      return Buffer.concat([copy, other.subarray(0, a % 64)]);
    case 'grow-in-order':
      return inOrder(Buffer.concat([copy, other.subarray(0, a % 64)]));
    case 'zero':
      copy.fill(0, at, Math.min(at + (b % 8) + 1, copy.length));
      return copy;
    case 'splice':
      return inOrder(Buffer.concat([copy.subarray(0, at), other.subarray(Math.min(b % (other.length + 1), other.length))]));
    case 'drop':
    case 'duplicate':
    case 'swap':
    case 'insert':
      return copy;
  }
}

/** A place in the body, from one on, where there is a printable character; -1: there is none. What ends or counts things is left alone. */
function textByte(frame: Buffer, from: number): number {
  const body = frame.length - HEADER;
  for (let step = 0; step < body; step += 1) {
    const at = HEADER + ((from + step) % body);
    const byte = frame[at] as number;
    if (byte >= 0x20 && byte < 0x7f) return at;
  }
  return -1;
}

/** With a length field that is right. */
function inOrder(frame: Buffer): Buffer {
  if (frame.length < HEADER) return frame;
  const copy = Buffer.from(frame);
  copy.writeUInt32BE(copy.length - 1, 1);
  return copy;
}
