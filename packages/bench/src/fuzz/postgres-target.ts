import { POSTGRES_FRAMING } from './framing.js';
import { DICTIONARY, seedInputs } from './seeds.js';
import type { Target } from './target.js';
import { play } from './trial.js';
import { postgresWire } from './postgres-wire.js';

export const postgresTarget: Target = {
  watched: /\/postgres\/(dist|src)\/(session|protocol|masking|refusal)/,
  framing: POSTGRES_FRAMING,
  loginFrames: { client: 2, server: 13 },
  seeds: seedInputs,
  dictionary: DICTIONARY,
  play: (input, direction) => play(input, direction, postgresTarget, postgresWire),
};
