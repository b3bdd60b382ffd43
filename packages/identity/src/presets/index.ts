import { readExchange } from '../exchange/read-exchange.js';
import type { Preset } from '../issuer-options.js';
import { readDev } from './dev.js';
import { readEntra } from './entra.js';
import { readGeneric } from './generic.js';
import { readGithub } from './github.js';
import { readGitlab } from './gitlab.js';
import { readKubernetes } from './kubernetes.js';
import { readOkta } from './okta.js';
import type { PresetReader } from './preset.js';
import { readSpiffe } from './spiffe.js';

/** How each preset reads its claims. */
export const PRESET_READERS = {
  generic: readGeneric,
  dev: readDev,
  okta: readOkta,
  entra: readEntra,
  kubernetes: readKubernetes,
  spiffe: readSpiffe,
  github: readGithub,
  gitlab: readGitlab,
  exchange: readExchange,
} as const satisfies Record<Preset, PresetReader>;
