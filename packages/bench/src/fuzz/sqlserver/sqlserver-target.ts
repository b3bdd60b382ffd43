import { type Framing, LENGTHS } from '../framing.js';
import type { Target } from '../target.js';
import { play } from '../trial.js';
import { int2, int4 } from './packets.js';
import { DICTIONARY, seedInputs } from './seeds.js';
import { sqlserverWire } from './sqlserver-wire.js';

/** The first byte of a packet says what its message is; its length is big-endian and includes the header. */
export const TDS_FRAMING: Framing = {
  header: 8,
  typeAt: 0,
  types: [...Array.from({ length: 0x14 }, (_, type) => type), 0x16, 0x17, 0xff],
  lengths: [...LENGTHS, 7, 0x7fff, 0xfffe],
  lengthOf: (frame) => frame.length,
  setLength: (frame, length) => {
    frame.writeUInt16BE(length & 0xffff, 2);
  },
  int16: int2,
  int32: int4,
};

export const sqlserverTarget: Target = {
  watched: /\/sqlserver\/(dist|src)\/(session|protocol|masking|refusal)/,
  framing: TDS_FRAMING,
  // PRELOGIN, LOGIN7, and the answer to the probe.
  loginFrames: { client: 2, server: 3 },
  seeds: seedInputs,
  dictionary: DICTIONARY,
  play: (input, direction) => play(input, direction, sqlserverTarget, sqlserverWire),
};
