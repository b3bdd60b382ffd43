import { dialectAnalysis } from '@sqlwarden/core';
import { isPostgresCatalogue } from '../catalog/resolved-catalogue.js';
import { createRoutineKnowledge } from './routines.js';
import { POSTGRES_RULES } from './rules.js';

/** The facts of units that this package's parser made, against catalogues that it read or made. Names in definitions are qualified or in pg_catalog. */
export const { analyse, relationOutputs } = dialectAnalysis({
  isOwn: isPostgresCatalogue,
  createRoutineKnowledge,
  rules: POSTGRES_RULES,
  definitionPath: ['pg_catalog'],
});
