import { type Framing, LENGTHS } from '../framing.js';
import type { Target } from '../target.js';
import { play } from '../trial.js';
import { int2, int3, int4 } from './packets.js';
import { DICTIONARY, seedInputs } from './seeds.js';
import { mysqlWire } from './mysql-wire.js';

/** The byte that says what a packet is stands behind its header; the fourth byte of the header is the sequence id. */
export const MYSQL_FRAMING: Framing = {
  header: 4,
  typeAt: 4,
  types: [...Array.from({ length: 0x22 }, (_, byte) => byte), 0x77, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff],
  lengths: [...LENGTHS, 0xff_ffff, 0xff_fffe, 0xfb, 0xfc],
  lengthOf: (frame) => frame.length - 4,
  setLength: (frame, length) => {
    frame.set(int3(length), 0);
  },
  int16: int2,
  int32: int4,
};

export const mysqlTarget: Target = {
  watched: /\/mysql\/(dist|src)\/(session|protocol|masking|refusal)/,
  framing: MYSQL_FRAMING,
  // The greeting, the OK, and the answer to the probe.
  loginFrames: { client: 2, server: 15 },
  seeds: seedInputs,
  dictionary: DICTIONARY,
  play: (input, direction) => play(input, direction, mysqlTarget, mysqlWire),
};
