import { analyse as analyseStatements, relationOutputs as coreOutputs } from '@sqlwarden/core';
import type {
  AnalyseContext,
  AnalyseOptions,
  ParsedUnit,
  RelationName,
  ResolvedCatalogue,
  RoutineKnowledge,
  SqlState,
  Statement,
  StatementFacts,
  UnitFacts,
} from '@sqlwarden/core';
import { isMysqlCatalogue, type MysqlCatalogue } from '../catalog/resolved-catalogue.js';
import { createRoutineKnowledge } from './routines.js';
import { MYSQL_RULES } from './rules.js';
import { isStatement } from './statement-guard.js';

/**
 * The facts of a unit that this package's parser made, against a catalogue that it read (`Dialect.analyse`). Pure and synchronous; never
 * throws: a unit or catalogue of another make is opaque.
 */
export function analyse(unit: ParsedUnit, context: AnalyseContext): UnitFacts {
  const { catalogue } = context;
  const statements = unit.statements.filter(isStatement);
  if (!isMysqlCatalogue(catalogue) || statements.length !== unit.statements.length) {
    return { statements: unit.statements.map(() => FOREIGN) };
  }
  return analyseStatements(statements, {
    ...optionsOf(catalogue, context.state),
    stateChangedInTransaction: context.stateChangedInTransaction,
    schemaChangedInTransaction: context.schemaChangedInTransaction,
    ...(context.cursors && { cursors: context.cursors }),
    ...(context.prepared && { prepared: preparedStatements(context.prepared) }),
    ...(context.variables && { variables: context.variables }),
    variablesKnown: context.variables !== undefined,
    ...(context.temporary && { temporary: context.temporary }),
  });
}

/** What PREPARE prepares; a statement of another kind has no business here. */
function preparedStatements(prepared: ReadonlyMap<string, unknown>): ReadonlyMap<string, Statement> {
  const found = new Map<string, Statement>();
  for (const [name, statement] of prepared) {
    if (isStatement(statement) && statement.kind === 'prepare') found.set(name, statement.statement);
  }
  return found;
}

/** For what was not made by this package: nothing is known. */
const FOREIGN: StatementFacts = {
  action: 'unknown',
  class: 'administrative',
  span: { start: 0, end: 0 },
  reads: [],
  writes: [],
  columns: [],
  outputs: 'unknown',
  routines: [],
  filter: 'absent',
  limit: null,
  opaque: [{ kind: 'complexity', detail: 'the unit or the catalogue is not of this dialect' }],
  flows: [],
  locks: true,
  schemaChanges: [],
  stateEffect: 'unknown',
  elevated: true,
};

const KNOWLEDGE = new WeakMap<MysqlCatalogue, RoutineKnowledge>();

function optionsOf(catalogue: MysqlCatalogue, state: SqlState): AnalyseOptions {
  const routines = KNOWLEDGE.get(catalogue) ?? createRoutineKnowledge(catalogue);
  KNOWLEDGE.set(catalogue, routines);
  return {
    catalogue: catalogue.catalogue,
    views: catalogue.views,
    generated: catalogue.generated,
    bodies: catalogue.bodies,
    triggers: catalogue.triggers,
    state,
    stateChangedInTransaction: false,
    schemaChangedInTransaction: false,
    routines,
    rules: MYSQL_RULES,
  };
}

/**
 * What stands behind each column of a relation (`Dialect.relationOutputs`): of a view the columns of its query, of a table the column itself
 * and, where it is a generated one, the columns that it is computed from. `undefined` when there is no such relation, `'unknown'`
 * when its columns cannot be traced.
 */
export function relationOutputs(catalogue: ResolvedCatalogue, relation: RelationName): StatementFacts['outputs'] {
  if (!isMysqlCatalogue(catalogue)) return 'unknown';
  return coreOutputs(optionsOf(catalogue, stateless(catalogue)), relation);
}

/** Names in definitions have their schemas. */
function stateless(catalogue: MysqlCatalogue): SqlState {
  return { id: -1, database: catalogue.catalogue.database, role: '', searchPath: [], lexical: {} };
}
