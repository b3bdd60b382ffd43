import { type Dialect, dialectAnalysis, type StatementFacts } from '@sqlwarden/core';
import { isPostgresCatalogue } from '../catalog/resolved-catalogue.js';
import type { Setters } from '../catalog/setters.js';
import { createRoutineKnowledge } from './routines.js';
import { POSTGRES_RULES } from './rules.js';

const analysis = dialectAnalysis({
  isOwn: isPostgresCatalogue,
  createRoutineKnowledge,
  rules: POSTGRES_RULES,
  definitionPath: ['pg_catalog'],
});

/** The facts of units that this package's parser made, against catalogues that it read or made. Names in definitions are qualified or in pg_catalog. */
export const { relationOutputs } = analysis;

export const analyse: Dialect['analyse'] = (unit, context) => {
  const facts = analysis.analyse(unit, context);
  const { catalogue } = context;
  const setters = isPostgresCatalogue(catalogue) ? catalogue.setters : undefined;
  if (setters === undefined || setters.whenWritten.size === 0) return facts;
  return { ...facts, statements: facts.statements.map((statement) => withSetters(statement, setters)) };
};

/** What runs while rows are read and written gives settings values, too. */
function withSetters(facts: StatementFacts, { whenRead, whenWritten }: Setters): StatementFacts {
  const isSetting = facts.writes.some((name) => whenWritten.has(name)) || facts.reads.some((name) => whenRead.has(name));
  return isSetting ? { ...facts, settings: 'unknown' } : facts;
}
