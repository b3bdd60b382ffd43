import { type Dialect, dialectAnalysis, isStatement, type ParsedUnit, type StatementFacts, type UnitFacts } from '@sqlwarden/core';
import { isPostgresCatalogue } from '../catalog/resolved-catalogue.js';
import type { Setters } from '../catalog/setters.js';
import { createRoutineKnowledge } from './routines.js';
import { POSTGRES_RULES } from './rules.js';
import { settingOfRow } from './settings-by-name.js';

const analysis = dialectAnalysis({
  isOwn: isPostgresCatalogue,
  createRoutineKnowledge,
  rules: POSTGRES_RULES,
  definitionPath: ['pg_catalog'],
});

/** The facts of units that this package's parser made, against catalogues that it read or made. Names in definitions are qualified or in pg_catalog. */
export const { relationOutputs } = analysis;

export const analyse: Dialect['analyse'] = (unit, context) => {
  const facts = withSettingsByName(unit, analysis.analyse(unit, context));
  const { catalogue } = context;
  const setters = isPostgresCatalogue(catalogue) ? catalogue.setters : undefined;
  if (setters === undefined || setters.whenWritten.size + setters.routines.size === 0) return facts;
  return { ...facts, statements: facts.statements.map((statement) => withSetters(statement, setters)) };
};

/** What runs while rows are read and written gives settings values, too. */
function withSetters(facts: StatementFacts, { whenRead, whenWritten, routines }: Setters): StatementFacts {
  const isSetting =
    facts.writes.some((name) => whenWritten.has(name)) ||
    facts.reads.some((name) => whenRead.has(name)) ||
    facts.routines.some(({ name }) => routines.has(name));
  return isSetting ? { ...facts, settings: 'unknown' } : facts;
}

function withSettingsByName({ statements }: ParsedUnit, facts: UnitFacts): UnitFacts {
  // Where a statement stands for several, which is which is not looked into.
  if (statements.length !== facts.statements.length || facts.statements.every(({ settings }) => settings !== 'unknown')) return facts;
  return {
    ...facts,
    statements: facts.statements.map((found, at) => {
      const statement = statements[at];
      const name = found.settings === 'unknown' && isStatement(statement) ? settingOfRow(statement, found) : undefined;
      return name === undefined ? found : { ...found, settings: [name] };
    }),
  };
}
