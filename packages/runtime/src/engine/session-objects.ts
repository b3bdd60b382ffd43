import {
  type AnalyseContext,
  eitherTemporary,
  eitherVariable,
  type StatementFacts,
  type TemporaryFacts,
  type UnitFacts,
  type VariableFacts,
} from '@sqlwarden/core';
import { sha256Hex } from './records.js';

/** More variables with values of columns than that are not told apart. */
const MAX_VARIABLES = 10_000;

/** What may run statements that facts do not tell of. */
const RUNS_UNSEEN: ReadonlySet<StatementFacts['opaque'][number]['kind']> = new Set([
  'unknown-node',
  'unknown-routine',
  'dynamic-sql',
  'complexity',
]);

/**
 * What the units of one session have left in it that no catalogue shows: where the values of its variables come from, and its temporary relations
 * (MySQL `@x`, `CREATE TEMPORARY TABLE`, T-SQL `#t`). While a unit runs, and when it fails, each is what it was or what any statement of the unit may
 * leave; after a transaction or a part of it was taken back, each relation is what it was at any time in it.
 */
export class SessionObjects {
  readonly #carries: boolean;
  readonly #areTakenBack: boolean;
  /** Those that come from columns; all others hold nothing of rows. `undefined`: nothing is known of any. */
  #variables: ReadonlyMap<string, VariableFacts> | undefined = new Map();
  #temporary: ReadonlyMap<string, TemporaryFacts> = new Map();
  /** What was there before the unit that runs. */
  #before = this.#temporary;
  /** All that was there since the transaction began that is open, or would be. */
  #sinceBegin = this.#temporary;
  #key = '';

  /**
   * `carries`: `Dialect.carriesSessionObjects`. Without it nothing is kept, and contexts say nothing. `areTakenBack`: a rollback brings relations back
   * that were dropped, and drops those that were made.
   */
  constructor(carries: boolean, areTakenBack = false) {
    this.#carries = carries;
    this.#areTakenBack = areTakenBack;
  }

  /** Equal for equal content; empty without any. Part of the key of decisions. */
  get key(): string {
    return this.#key;
  }

  get context(): Pick<AnalyseContext, 'variables' | 'temporary'> {
    if (!this.#carries) return {};
    return { temporary: [...this.#temporary.values()], ...(this.#variables && { variables: this.#variables }) };
  }

  /** Before a unit runs. */
  beforeUnit(facts: UnitFacts | undefined): void {
    if (!this.#carries) return;
    this.#before = this.#temporary;
    if (facts === undefined || !leavesAny(facts)) return;
    if (facts.statements.some(runsUnseen)) this.#variables = undefined;
    for (const assigned of assignedIn(facts)) this.#set(eitherVariable(this.#variables?.get(assigned.name), assigned));
    if (facts.temporary !== undefined) this.#temporary = eitherTemporary(this.#temporary, facts.temporary);
    this.#sinceBegin = eitherTemporary(this.#sinceBegin, [...this.#temporary.values()]);
    this.#rekey();
  }

  /** After a unit has ended that {@link beforeUnit} was told of. */
  afterUnit(facts: UnitFacts | undefined, succeeded: boolean): void {
    if (!this.#carries || facts === undefined) return;
    if (facts.statements.some(({ action }) => action === 'rollback')) this.#takenBack();
    if (!leavesAny(facts)) return;
    if (succeeded) {
      // Where there are branches, each assignment leaves what any of them may, which is what is held.
      if (facts.branching !== true) for (const assigned of assignedIn(facts)) this.#set(assigned);
      if (facts.temporary !== undefined) this.#temporary = new Map(facts.temporary.map((one) => [one.name, one]));
    } else if (makesOneRelation(facts)) {
      this.#temporary = this.#before;
    }
    this.#rekey();
  }

  transactionEnded(committed: boolean): void {
    if (!committed) this.#takenBack();
    this.#sinceBegin = this.#temporary;
  }

  #takenBack(): void {
    if (!this.#areTakenBack || this.#sinceBegin.size === 0) return;
    this.#temporary = eitherTemporary(this.#sinceBegin, [...this.#temporary.values()]);
    this.#rekey();
  }

  /** The server has set the session back. */
  reset(): void {
    this.#variables = new Map();
    this.#temporary = new Map();
    this.#before = this.#temporary;
    this.#sinceBegin = this.#temporary;
    this.#rekey();
  }

  #set(variable: VariableFacts): void {
    if (this.#variables === undefined) return;
    const variables = new Map(this.#variables);
    variables.delete(variable.name);
    if (variable.opaque || variable.origins.length > 0) variables.set(variable.name, variable);
    this.#variables = variables.size > MAX_VARIABLES ? undefined : variables;
  }

  #rekey(): void {
    const isEmpty = this.#variables?.size === 0 && this.#temporary.size === 0;
    const variables = this.#variables && [...this.#variables.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#key = isEmpty ? '' : sha256Hex(JSON.stringify([variables ?? 'unknown', [...this.#temporary.values()]]));
  }
}

function leavesAny({ statements, temporary }: UnitFacts): boolean {
  return temporary !== undefined || statements.some((statement) => statement.assigns !== undefined || runsUnseen(statement));
}

function runsUnseen({ action, opaque }: StatementFacts): boolean {
  return action === 'unknown' || opaque.some(({ kind }) => RUNS_UNSEEN.has(kind));
}

/** In the order of the statements; of one that was not seen through, nothing that it leaves is certain. */
function assignedIn({ statements }: UnitFacts): readonly VariableFacts[] {
  return statements.flatMap(({ assigns = [], opaque }) =>
    opaque.length === 0 ? assigns : assigns.map((assigned) => ({ ...assigned, opaque: true })),
  );
}

/** It fails as a whole: a relation is made with all its rows or not at all. */
function makesOneRelation({ statements }: UnitFacts): boolean {
  return statements.length === 1 && statements[0]?.action === 'create';
}
