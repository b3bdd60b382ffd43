import type { AnalyseContext, Dialect, UnitFacts } from '@sqlwarden/core';
import type { Decision } from './decision.js';
import { OpenCursors } from './open-cursors.js';
import { PreparedNames } from './prepared-names.js';
import { SessionObjects } from './session-objects.js';

/** What the units of one session leave in it for those that follow: cursors, prepared statements, variables and temporary relations. */
export class LeftInSession {
  readonly #cursors = new OpenCursors();
  readonly #prepared = new PreparedNames();
  readonly #objects: SessionObjects;

  constructor({ carriesSessionObjects, commitsSchemaChanges }: Pick<Dialect, 'carriesSessionObjects' | 'commitsSchemaChanges'>) {
    this.#objects = new SessionObjects(carriesSessionObjects === true, commitsSchemaChanges !== true);
  }

  /** Equal for equal content; empty without any. Part of the key of decisions. */
  get key(): string {
    const isEmpty = this.#cursors.key === '' && this.#prepared.key === '' && this.#objects.key === '';
    return isEmpty ? '' : `${this.#cursors.key} ${this.#prepared.key} ${this.#objects.key}`;
  }

  /** What the analysis is told of it, in this schema and state. */
  context(epoch: number, stateId: number): Pick<AnalyseContext, 'cursors' | 'prepared' | 'variables' | 'temporary'> {
    return { cursors: this.#cursors.outputs, prepared: this.#prepared.statements(epoch, stateId), ...this.#objects.context };
  }

  /** The protocol's own portals share their names with cursors, and its statements with those of PREPARE. */
  named({ portal, statementName }: { readonly portal?: string | undefined; readonly statementName?: string | undefined }): void {
    if (portal !== undefined) this.#cursors.boundPortal(portal);
    if (statementName !== undefined) this.#prepared.parsed(statementName);
  }

  /** Before a unit runs. */
  beforeUnit(facts: UnitFacts | undefined): void {
    this.#cursors.beforeUnit(facts?.statements ?? []);
    this.#prepared.beforeUnit(facts?.statements ?? []);
    this.#objects.beforeUnit(facts);
  }

  /** After a unit has ended that {@link beforeUnit} was told of. */
  afterUnit(decision: Decision, transaction: number, succeeded: boolean): void {
    this.#objects.afterUnit(decision.facts, succeeded);
    if (!succeeded) return;
    this.#cursors.afterUnit(decision.facts?.statements ?? [], transaction);
    this.#prepared.afterUnit(decision);
  }

  transactionEnded(ordinal: number, committed: boolean): void {
    this.#cursors.transactionEnded(ordinal, committed);
    this.#objects.transactionEnded(committed);
  }

  /** The server has set the session back: nothing of it is there any more. */
  reset(): void {
    this.#cursors.forget();
    this.#prepared.forget();
    this.#objects.reset();
  }
}
