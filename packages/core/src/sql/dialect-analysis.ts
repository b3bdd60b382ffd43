import type { AnalyseContext, Dialect, ParsedUnit, ResolvedCatalogue } from '../session/dialect.js';
import type { SqlState } from '../session/contract.js';
import { analyse, relationOutputs } from './analyse.js';
import type { StatementFacts, UnitFacts } from './facts.js';
import type { AnalyseOptions, DialectRules, RoutineKnowledge } from './knowledge.js';
import type { Statement } from './statement.js';

/** What a dialect's catalogue holds besides the contract's, for the resolver. Immutable: what is derived from it is remembered as long as it lives. */
export type AnalysedCatalogue = ResolvedCatalogue & Pick<AnalyseOptions, 'views' | 'generated' | 'bodies' | 'triggers'>;

/** What the analysis asks of an adapter. */
export interface DialectAnalysis<C extends AnalysedCatalogue> {
  /** Whether this adapter has made the catalogue. */
  isOwn(catalogue: ResolvedCatalogue): catalogue is C;
  createRoutineKnowledge(catalogue: C): RoutineKnowledge;
  readonly rules: DialectRules;
  /** Where unqualified names of a view's definition are looked for when no session asks. */
  readonly definitionPath: readonly string[];
}

/**
 * `Dialect.analyse` and `Dialect.relationOutputs` of an adapter. A unit or catalogue of another make is opaque, and its columns cannot be traced.
 * What a session has not told (variables of earlier units) is not known.
 */
export function dialectAnalysis<C extends AnalysedCatalogue>(dialect: DialectAnalysis<C>): Pick<Dialect, 'analyse' | 'relationOutputs'> {
  const knowledge = new WeakMap<C, RoutineKnowledge>();
  const optionsOf = (catalogue: C, state: SqlState): AnalyseOptions => {
    const routines = knowledge.get(catalogue) ?? dialect.createRoutineKnowledge(catalogue);
    knowledge.set(catalogue, routines);
    return {
      catalogue: catalogue.catalogue,
      views: catalogue.views,
      ...(catalogue.generated && { generated: catalogue.generated }),
      ...(catalogue.bodies && { bodies: catalogue.bodies }),
      ...(catalogue.triggers && { triggers: catalogue.triggers }),
      state,
      stateChangedInTransaction: false,
      schemaChangedInTransaction: false,
      routines,
      rules: dialect.rules,
    };
  };
  return {
    analyse: (unit, context) => analyseUnit(dialect, optionsOf, unit, context),
    relationOutputs: (catalogue, relation, documents) => {
      if (!dialect.isOwn(catalogue)) return 'unknown';
      const { database } = catalogue.catalogue;
      const state: SqlState = { id: -1, database, role: '', searchPath: dialect.definitionPath, lexical: {} };
      return relationOutputs({ ...optionsOf(catalogue, state), ...(documents && { documents }) }, relation);
    },
  };
}

function analyseUnit<C extends AnalysedCatalogue>(
  dialect: DialectAnalysis<C>,
  optionsOf: (catalogue: C, state: SqlState) => AnalyseOptions,
  unit: ParsedUnit,
  context: AnalyseContext,
): UnitFacts {
  const { catalogue } = context;
  const statements = unit.statements.filter(isStatement);
  if (!dialect.isOwn(catalogue) || statements.length !== unit.statements.length) return { statements: unit.statements.map(() => FOREIGN) };
  return analyse(statements, {
    ...optionsOf(catalogue, context.state),
    stateChangedInTransaction: context.stateChangedInTransaction,
    schemaChangedInTransaction: context.schemaChangedInTransaction,
    ...(context.cursors && { cursors: context.cursors }),
    ...(context.prepared && { prepared: preparedStatements(context.prepared) }),
    ...(context.documents && { documents: context.documents }),
    ...(context.variables && { variables: context.variables }),
    variablesKnown: context.variables !== undefined,
    ...(context.temporary && { temporary: context.temporary }),
  });
}

/**
 * Whether a value is a statement of the model. Units travel through the runtime as unknown plain data, and come only from an adapter's own
 * parser: the tag is enough.
 */
export function isStatement(value: unknown): value is Statement {
  return typeof value === 'object' && value !== null && 'kind' in value && 'span' in value;
}

/** What PREPARE prepares; a statement of another kind has no business here. */
function preparedStatements(prepared: ReadonlyMap<string, unknown>): ReadonlyMap<string, Statement> {
  const found = new Map<string, Statement>();
  for (const [name, statement] of prepared) {
    if (isStatement(statement) && statement.kind === 'prepare') found.set(name, statement.statement);
  }
  return found;
}

/** For what was not made by the adapter: nothing is known. */
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
