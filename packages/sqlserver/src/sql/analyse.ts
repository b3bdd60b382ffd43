import { type AnalyseContext, type Dialect, dialectAnalysis, type ParsedUnit, type UnitFacts } from '@sqlwarden/core';
import { inDatabase, isSqlserverCatalogue } from '../catalog/resolved-catalogue.js';
import { foldName } from './names.js';
import { createRoutineKnowledge } from './routines.js';
import { SQLSERVER_RULES } from './rules.js';

const own = dialectAnalysis({
  isOwn: isSqlserverCatalogue,
  createRoutineKnowledge,
  rules: SQLSERVER_RULES,
  definitionPath: [],
});

export const relationOutputs: Dialect['relationOutputs'] = own.relationOutputs;

/**
 * The facts of units that this package's parser made, against catalogues that it read or made. Names in definitions are found from the schema that they stand
 * in. A session may be in another database than the one that the catalogue is of (USE): there nothing is known but what the server brings.
 */
export function analyse(unit: ParsedUnit, context: AnalyseContext): UnitFacts {
  const { catalogue, state } = context;
  const database = foldName(state.database);
  if (!isSqlserverCatalogue(catalogue) || catalogue.catalogue.database === database) return own.analyse(unit, context);
  return own.analyse(unit, { ...context, catalogue: inDatabase(catalogue, database) });
}
