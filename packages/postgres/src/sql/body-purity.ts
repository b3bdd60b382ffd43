import type { Expression, OperatorName, RoutineKnowledge, Statement } from '@sqlwarden/core';
import type { PostgresCatalogue, RoutineDetail } from '../catalog/resolved-catalogue.js';
import type { RoutineEffect } from './routine-tables.js';

/**
 * Functions of users in language SQL that only compute: their body is queries without relations, and calls only what only computes. Any
 * other function of a user is unknown: of the other languages no body is read.
 */
export class BodyPurity {
  readonly #knowledge: RoutineKnowledge;
  readonly #known = new Map<RoutineDetail, boolean>();
  readonly #path: readonly string[];

  constructor(knowledge: RoutineKnowledge, catalogue: PostgresCatalogue) {
    this.#knowledge = knowledge;
    // The body's names depend on the caller's path; what is only pure for some of them is not pure.
    this.#path = [...catalogue.catalogue.schemas];
  }

  effectOf(detail: RoutineDetail): RoutineEffect | undefined {
    const known = this.#known.get(detail) ?? this.#decide(detail);
    return known ? {} : undefined;
  }

  #decide(detail: RoutineDetail): boolean {
    // A function that calls itself is not pure until it is known to be.
    this.#known.set(detail, false);
    const { routine, body } = detail;
    const pure =
      routine.kind === 'function' &&
      !routine.securityDefiner &&
      body !== undefined &&
      body.every((statement) => this.#statement(statement));
    this.#known.set(detail, pure);
    return pure;
  }

  #statement(statement: Statement): boolean {
    return statement.kind === 'select' && this.#only(statement.query);
  }

  /** Walks plain data: everything with a `kind` that is not known to be harmless is not. */
  #only(node: unknown): boolean {
    if (Array.isArray(node)) return node.every((item) => this.#only(item));
    if (typeof node !== 'object' || node === null) return true;
    // ORDER BY … USING names an operator.
    if ('using' in node && !Array.isArray(node.using)) return false;
    if ('kind' in node && typeof node.kind === 'string' && !this.#harmless(node as { readonly kind: string })) return false;
    return Object.values(node).every((value) => this.#only(value));
  }

  #harmless(node: { readonly kind: string }): boolean {
    if (!COMPUTING.has(node.kind)) return false;
    const expression = node as Expression;
    switch (expression.kind) {
      case 'call': {
        const facts = this.#knowledge.routine(expression.name, expression.arguments.length, this.#path);
        // Functions that take locks, wait or count up say nothing of data, but their callers are to hear of them.
        return facts !== undefined && PURE.has(facts.category) && facts.opaque === undefined;
      }
      case 'operator':
        return this.#operator(expression.operator, expression.operands.length);
      case 'comparison':
      case 'in-list':
      case 'in-query':
      case 'quantified':
        return this.#operator(expression.operator, 2);
      case 'cast':
        return this.#knowledge.cast(expression.type, this.#path)?.category === 'pure';
      default:
        return true;
    }
  }

  #operator(operator: OperatorName, operandCount: number): boolean {
    return this.#knowledge.operator(operator, operandCount, this.#path)?.category === 'pure';
  }
}

const PURE = new Set(['pure', 'aggregate', 'window']);

/** Nodes that compute from their operands. Relations, writes and what is not understood are not among them. */
const COMPUTING = new Set([
  'query',
  'select',
  'values',
  'set-operation',
  'subquery',
  'join',
  'routine',
  'construct',
  'literal',
  'parameter',
  'column',
  'star',
  'call',
  'operator',
  'comparison',
  'logical',
  'not',
  'null-test',
  'boolean-test',
  'in-list',
  'in-query',
  'exists',
  'scalar-query',
  'array-query',
  'quantified',
  'array',
  'case',
  'cast',
  'row',
  'session-value',
  'field',
  'field-star',
  'subscript',
]);
