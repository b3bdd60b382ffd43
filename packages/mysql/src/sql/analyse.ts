import { dialectAnalysis } from '@sqlwarden/core';
import { isMysqlCatalogue } from '../catalog/resolved-catalogue.js';
import { createRoutineKnowledge } from './routines.js';
import { MYSQL_RULES } from './rules.js';

/** The facts of units that this package's parser made, against catalogues that it read or made. Names in definitions have their schemas. */
export const { analyse, relationOutputs } = dialectAnalysis({
  isOwn: isMysqlCatalogue,
  createRoutineKnowledge,
  rules: MYSQL_RULES,
  definitionPath: [],
});
