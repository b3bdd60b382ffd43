import type { Preset } from '../issuer-options.js';
import { readDev } from './dev.js';
import { readEntra } from './entra.js';
import { readGeneric } from './generic.js';
import { readKubernetes } from './kubernetes.js';
import { readOkta } from './okta.js';
import type { PresetReader } from './preset.js';

/** How each preset reads its claims. */
export const PRESET_READERS = {
  generic: readGeneric,
  dev: readDev,
  okta: readOkta,
  entra: readEntra,
  kubernetes: readKubernetes,
} as const satisfies Record<Preset, PresetReader>;
