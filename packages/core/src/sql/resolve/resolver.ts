import type { FilterFact } from '../facts.js';
import type { AnalyseOptions } from '../knowledge.js';
import type { Expression, NameParts, Query, Select } from '../model.js';
import { conditionValue } from './condition.js';
import type { DataModification } from '../modification.js';
import { LimitError, type Programs, type ResolvedRelation, type Resolver } from './context.js';
import { Effects } from './effects.js';
import { expressionValue } from './expression.js';
import { modifyOutputs } from './modify.js';
import { queryOutputs } from './query.js';
import { findRelation, type NameContext, NO_OVERLAY, storedSearchPath } from './relations.js';
import { ROOT, type Scope } from './scope.js';
import type { Outputs, Value } from './value.js';

/** Deeper nesting than this is given up; the JavaScript stack holds several times as much. */
const MAX_DEPTH = 500;
/** Units of work (values merged, columns offered) for one statement. */
const MAX_WORK = 2_000_000;

/** Of the same for all statements of a unit. */
const MAX_UNIT_WORK = 30_000_000;

export interface Budget {
  depth: number;
  work: number;
  /** Shared by the statements of a unit. */
  readonly unit: { work: number };
}

/** One resolution of one statement; see {@link Resolver}. */
export class Resolution implements Resolver {
  effects = new Effects();
  readonly correlated = new WeakSet<Query>();
  readonly selectFilters = new WeakMap<Select, FilterFact>();
  readonly options: AnalyseOptions;
  readonly names: NameContext;
  readonly programs: Programs;
  readonly #budget: Budget;

  constructor(options: AnalyseOptions, names: NameContext, programs: Programs, budget: Budget) {
    this.options = options;
    this.names = names;
    this.programs = programs;
    this.#budget = budget;
  }

  get searchPath(): readonly string[] {
    return this.names.searchPath;
  }

  relation(name: NameParts): ResolvedRelation | undefined {
    return findRelation(name, this.options, this.names, {
      view: (query, schema) => this.#stored(schema, (inner) => inner.query(query, ROOT)),
      generated: (expression, scope, schema) => this.#stored(schema, (inner) => inner.value(expression, scope)),
    });
  }

  /** Resolves something that the catalogue keeps: whatever the session or the unit have changed, it means the same. */
  #stored<T>(schema: string, body: (inner: Resolver) => T): { readonly result: T; readonly effects: Effects } {
    const searchPath = storedSearchPath(this.options, schema);
    const inner = new Resolution(this.options, { searchPath, overlay: NO_OVERLAY }, this.programs.stored(), this.#budget);
    const result = body(inner);
    inner.effects.finish();
    return { result, effects: inner.effects };
  }

  routineChanged(name: NameParts): boolean {
    return this.names.overlay.routines.has(name.at(-1) ?? '');
  }

  value(expression: Expression, scope: Scope): Value {
    return this.nested(() => expressionValue(this, expression, scope));
  }

  condition(expression: Expression, scope: Scope, negated = false): Value {
    return this.nested(() => conditionValue(this, expression, scope, negated));
  }

  query(query: Query, scope: Scope): Outputs {
    return this.nested(() => queryOutputs(this, query, scope));
  }

  modify(statement: DataModification, scope: Scope): Outputs {
    return this.nested(() => modifyOutputs(this, statement, scope));
  }

  nested<T>(body: () => T): T {
    this.#budget.depth += 1;
    if (this.#budget.depth > MAX_DEPTH) throw new LimitError('the statement is nested too deeply');
    this.spend(1);
    const result = body();
    this.#budget.depth -= 1;
    return result;
  }

  collect<T>(body: () => T): { readonly result: T; readonly effects: Effects } {
    const outer = this.effects;
    const effects = new Effects();
    this.effects = effects;
    const result = body();
    this.effects = outer;
    return { result, effects };
  }

  spend(amount: number): void {
    this.#budget.work += amount;
    this.#budget.unit.work += amount;
    if (this.#budget.unit.work > MAX_UNIT_WORK) throw new LimitError('the unit is too much work to analyse');
    if (this.#budget.work > MAX_WORK) throw new LimitError('the statement is too much work to analyse');
  }
}
