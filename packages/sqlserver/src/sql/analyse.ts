import { dialectAnalysis } from '@sqlwarden/core';
import { isSqlserverCatalogue } from '../catalog/resolved-catalogue.js';
import { createRoutineKnowledge } from './routines.js';
import { SQLSERVER_RULES } from './rules.js';

/** The facts of units that this package's parser made, against catalogues that it read or made. Names in definitions are found from the schema that they stand in. */
export const { analyse, relationOutputs } = dialectAnalysis({
  isOwn: isSqlserverCatalogue,
  createRoutineKnowledge,
  rules: SQLSERVER_RULES,
  definitionPath: [],
});
