import { isStatement, type StatementFacts } from '@sqlwarden/core';
import type { Decision } from './decision.js';

interface Prepared {
  /** The parsed PREPARE. */
  readonly statement: unknown;
  readonly origin: string;
  /** The schema and the state that its names were looked up in: the server may keep to them. */
  readonly epoch: number;
  readonly stateId: number;
}

/**
 * What EXECUTE runs in one session, as far as that is certain: a name is known from the moment that its PREPARE has succeeded (the name was
 * free then) until anything may have given it to something else; what is not known is opaque.
 */
export class PreparedNames {
  readonly #names = new Map<string, Prepared>();
  #key = '';

  /** Equal for equal content; empty without names. Part of the key of decisions. */
  get key(): string {
    return this.#key;
  }

  /** Those whose names were looked up in this schema and state. */
  statements(epoch: number, stateId: number): ReadonlyMap<string, unknown> {
    const same = [...this.#names].filter(([, prepared]) => prepared.epoch === epoch && prepared.stateId === stateId);
    return new Map(same.map(([name, { statement }]) => [name, statement]));
  }

  /** Before a unit runs: forgets what it may deallocate, or replace out of sight. */
  beforeUnit(statements: readonly StatementFacts[]): void {
    if (this.#names.size === 0) return;
    for (const statement of statements) {
      if (statement.deallocates?.name !== undefined) this.#names.delete(statement.deallocates.name);
      else if (statement.deallocates !== undefined || RUNS_CODE.has(statement.action) || statement.opaque.length > 0) this.#names.clear();
      // MySQL gives the name to the new statement; when another statement of the unit fails, that has happened all the same.
      else if (statement.prepares !== undefined && statements.length > 1) this.#names.delete(statement.prepares);
    }
    this.#rekey();
  }

  /** The protocol's own prepared statements share the names. */
  parsed(name: string): void {
    if (this.#names.delete(name)) this.#rekey();
  }

  /** After a unit has succeeded. */
  afterUnit({ text, unit, facts, epoch, stateId }: Decision): void {
    let changed = false;
    for (const { prepares, span } of facts?.statements ?? []) {
      if (prepares === undefined) continue;
      // One inside of a block is not known: whether it has run, and what it says.
      const statement = unit?.statements.find((each) => isStatement(each) && each.kind === 'prepare' && each.span.start === span.start);
      if (statement === undefined) this.#names.delete(prepares);
      else this.#names.set(prepares, { statement, origin: `${span.start} ${text}`, epoch, stateId });
      changed = true;
    }
    if (changed) this.#rekey();
  }

  /** There are none any more. */
  forget(): void {
    this.#names.clear();
    this.#rekey();
  }

  #rekey(): void {
    this.#key =
      this.#names.size === 0
        ? ''
        : JSON.stringify([...this.#names].map(([name, { origin, epoch, stateId }]) => [name, origin, epoch, stateId]));
  }
}

/** Statements that may prepare and deallocate by code that is not seen. */
const RUNS_CODE: ReadonlySet<string> = new Set(['discard', 'do', 'call', 'unknown']);
