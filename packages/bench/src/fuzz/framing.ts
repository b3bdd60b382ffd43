import { int16, int32 } from './frames.js';

/** How the frames of a protocol are built, as far as it matters for what can be done to them. */
export interface Framing {
  /** Bytes in front of the body. */
  readonly header: number;
  /** Where the byte is that says what kind of message a frame is. */
  readonly typeAt: number;
  /** Values for it: all that the protocol has, and some that it has not. */
  readonly types: readonly number[];
  /** Values for length fields and counts that have been trouble elsewhere. */
  readonly lengths: readonly number[];
  /** What the length field of a frame should say. */
  lengthOf(frame: Buffer): number;
  setLength(frame: Buffer, length: number): void;
  int16(value: number): Buffer;
  int32(value: number): Buffer;
}

export const LENGTHS = [
  0, 1, 3, 4, 5, 8, 0xffff, 0x1_0000, 0x1_0001, 0x0fff_ffff, 0x4000_0000, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
];

export const POSTGRES_FRAMING: Framing = {
  header: 5,
  typeAt: 0,
  types: 'QPBEDCSHFXdcfpRKZT12ntsIGHWAVNv!\0'.split('').map((type) => type.charCodeAt(0)),
  lengths: LENGTHS,
  lengthOf: (frame) => frame.length - 1,
  setLength: (frame, length) => {
    frame.set(int32(length), 1);
  },
  int16,
  int32,
};
