import type { Action, SchemaChange, StatementFacts } from './facts.js';
import type { NameParts } from './model.js';
import { joinName, type RelationName } from './names.js';
import type { ResolvedRelation, Resolver } from './resolve/context.js';
import type { Scope } from './resolve/scope.js';
import type { Outputs, Value } from './resolve/value.js';
import type { Statement } from './statement.js';
import type { Frame } from './frame.js';
import type { UnitState } from './unit-state.js';

/** What the handler of a statement says besides the effects that it records. */
export interface Part {
  readonly action: Action;
  /** What it returns; `undefined` when it returns no rows. */
  readonly outputs?: Outputs;
  /** Columns whose values the statement computes, though it returns no rows: a view's, a cursor's. */
  readonly computes?: Outputs;
  readonly changes?: readonly SchemaChange[];
  readonly limit?: number | null;
  readonly cursor?: NonNullable<StatementFacts['cursor']>;
  readonly closes?: NonNullable<StatementFacts['closes']>;
  readonly prepares?: string;
  /** Its rows are messages of earlier statements. */
  readonly messages?: true;
  readonly deallocates?: NonNullable<StatementFacts['deallocates']>;
  /** Outputs that are already facts: FETCH. */
  readonly fixedOutputs?: StatementFacts['outputs'];
  /** What RETURN gives back. */
  readonly returns?: Value;
  /** Statements that run as a batch of their own when this one has been told, with what is to be done after them. */
  readonly inside?: { readonly statements: readonly Statement[]; readonly frame: Frame; readonly done?: () => void };
  /** What the following statements of the unit see of it. */
  readonly after?: () => void;
}

/** One statement being analysed. */
export interface Run {
  readonly r: Resolver;
  readonly unit: UnitState;
  /** Analyses a statement inside of this one: of EXPLAIN, PREPARE, a rule, a routine. */
  statement(run: Run, statement: Statement, scope: Scope): Part;
}

/** A relation that a statement on the schema names; `undefined` when there is none of that name. Its name as resolved, else as written. */
export function findNamed(run: Run, name: NameParts): { readonly name: RelationName; readonly relation: ResolvedRelation | undefined } {
  const relation = run.r.relation(name);
  if (relation === undefined && run.unit.isElsewhere(name)) run.r.effects.opaque({ kind: 'foreign-data', detail: joinName(...name) });
  const own = name.at(-1) ?? '';
  const isTemporary = run.unit.options.rules.isTemporaryName?.(own) === true;
  return { name: relation?.name ?? (isTemporary ? run.unit.newName(name, true) : joinName(...name)), relation };
}

/** Records that a statement on the schema changes a relation. */
export function changes(run: Run, name: NameParts): RelationName {
  const found = findNamed(run, name);
  run.r.effects.writes.add(found.name);
  return found.name;
}

/** Records that a statement on the schema depends on a relation. */
export function refersTo(run: Run, name: NameParts): RelationName {
  const found = findNamed(run, name);
  run.r.effects.reads.add(found.name);
  return found.name;
}
