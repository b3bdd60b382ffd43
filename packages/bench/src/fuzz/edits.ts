import type { Framing } from './framing.js';
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
  readonly #framing: Framing;
  #at = 0;
  #held: Buffer | undefined;

  /** `dictionary`: frames to insert and to splice with. */
  constructor(edits: readonly Edit[], dictionary: readonly Buffer[], framing: Framing) {
    for (const edit of edits) this.#edits.set(edit.at, [...(this.#edits.get(edit.at) ?? []), edit]);
    this.#dictionary = dictionary;
    this.#framing = framing;
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
    if (edit.operation === 'flip-text' && (frame === undefined || textByte(frame, edit.a, this.#framing.header) < 0)) return frames;
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
        return [changed(frame, edit, this.#word(edit.b), this.#framing), ...rest];
    }
  }

  #word(number: number): Buffer {
    return this.#dictionary[number % this.#dictionary.length] as Buffer;
  }
}

function changed(frame: Buffer, { operation, a, b }: Edit, other: Buffer, framing: Framing): Buffer {
  if (frame.length === 0) return frame;
  const { header } = framing;
  const copy = Buffer.from(frame);
  const body = Math.max(copy.length - header, 0);
  const at = Math.min(header + (a % Math.max(body, 1)), copy.length - 1);
  switch (operation) {
    case 'flip-bit':
      copy[a % copy.length] = (copy[a % copy.length] as number) ^ (1 << (b & 7));
      return copy;
    case 'flip-text': {
      const place = textByte(copy, a, header);
      if (place >= 0) copy[place] = (copy[place] as number) ^ (1 << (b % 5));
      return copy;
    }
    case 'set-byte':
      copy[at] = b & 0xff;
      return copy;
    case 'set-type':
      if (framing.typeAt < copy.length) copy[framing.typeAt] = framing.types[a % framing.types.length] as number;
      return copy;
    case 'set-length':
      if (copy.length >= header)
        framing.setLength(
          copy,
          b % 3 === 0 ? framing.lengthOf(copy) + ((a % 5) - 2) : (framing.lengths[a % framing.lengths.length] as number),
        );
      return copy;
    case 'set-int16':
      if (body >= 2) copy.set(framing.int16([0, 1, 2, 0x7fff, 0x8000, 0xffff][b % 6] as number), header + (a % (body - 1)));
      return copy;
    case 'set-int32':
      if (body >= 4) copy.set(framing.int32(framing.lengths[b % framing.lengths.length] as number), header + (a % (body - 3)));
      return copy;
    case 'cut':
      return copy.subarray(0, a % copy.length);
    case 'cut-in-order':
      return inOrder(copy.subarray(0, at), framing);
    case 'grow':
      return Buffer.concat([copy, other.subarray(0, a % 64)]);
    case 'grow-in-order':
      return inOrder(Buffer.concat([copy, other.subarray(0, a % 64)]), framing);
    case 'zero':
      copy.fill(0, at, Math.min(at + (b % 8) + 1, copy.length));
      return copy;
    case 'splice':
      return inOrder(Buffer.concat([copy.subarray(0, at), other.subarray(Math.min(b % (other.length + 1), other.length))]), framing);
    case 'drop':
    case 'duplicate':
    case 'swap':
    case 'insert':
      return copy;
  }
}

/** A place in the body, from one on, where there is a printable character; -1: there is none. What ends or counts things is left alone. */
function textByte(frame: Buffer, from: number, header: number): number {
  const body = frame.length - header;
  for (let step = 0; step < body; step += 1) {
    const at = header + ((from + step) % body);
    const byte = frame[at] as number;
    if (byte >= 0x20 && byte < 0x7f) return at;
  }
  return -1;
}

/** With a length field that is right. */
function inOrder(frame: Buffer, framing: Framing): Buffer {
  if (frame.length < framing.header) return frame;
  const copy = Buffer.from(frame);
  framing.setLength(copy, framing.lengthOf(copy));
  return copy;
}
