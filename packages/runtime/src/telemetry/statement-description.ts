import type { Dialect, DialectName, OpaqueReason, StatementFacts } from '@sqlwarden/core';
import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_DB_COLLECTION_NAME,
  ATTR_DB_NAMESPACE,
  ATTR_DB_OPERATION_BATCH_SIZE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_QUERY_SUMMARY,
  ATTR_DB_QUERY_TEXT,
  ATTR_DB_SYSTEM_NAME,
} from '@opentelemetry/semantic-conventions';
import type { Decision } from '../engine/decision.js';

export const SYSTEM_NAMES = {
  postgres: 'postgresql',
  mysql: 'mysql',
  sqlserver: 'microsoft.sql_server',
} as const satisfies Record<DialectName, string>;

/** "Semantic conventions for database client spans", section "Generating a summary of the query": what a summary may have. */
const MAX_SUMMARY = 255;
/** Characters of a text; a collector's own limit is usually far below. */
const MAX_TEXT = 8_192;

/** What is the same for all units under one decision. */
export interface StatementDescription {
  readonly summary: string;
  /** Of the first statement, as metrics count it. */
  readonly operation: string;
  readonly statementClass: string;
  /** The one relation, where there is one. */
  readonly collection: string | undefined;
  readonly maskedColumns: number;
  /** Of the database and of sqlwarden: no value, no literal, nobody's name. */
  readonly attributes: Attributes;
}

/** Describes what a unit does by what was understood of it. `text`: the unit's. */
export function describeStatement(decision: Decision, dialect: Dialect, text: string, database: string): StatementDescription {
  const { verdict } = decision;
  const isUnknown = hasOpaque(decision, UNKNOWN_NAMES);
  const statements = isUnknown ? [] : (decision.facts?.statements ?? []);
  const relations = new Set(statements.flatMap(relationsOf));
  const [only] = relations;
  const collection = relations.size === 1 ? only : undefined;
  const operation = operationOf(decision.facts?.statements ?? []);
  const summary = summaryOf(statements) || operation || SYSTEM_NAMES[dialect.name];
  const maskedColumns = maskedColumnsOf(decision);
  const shape = statements.every(({ class: is }) => is === 'read' || is === 'write') ? sanitised(decision, dialect, text) : undefined;
  return {
    summary,
    operation,
    statementClass: decision.facts?.statements[0]?.class ?? 'unknown',
    collection,
    maskedColumns,
    attributes: {
      [ATTR_DB_SYSTEM_NAME]: SYSTEM_NAMES[dialect.name],
      [ATTR_DB_NAMESPACE]: database,
      [ATTR_DB_QUERY_SUMMARY]: summary,
      ...(operation === '' ? {} : { [ATTR_DB_OPERATION_NAME]: operation }),
      ...(collection === undefined ? {} : { [ATTR_DB_COLLECTION_NAME]: collection }),
      ...(statements.length > 1 ? { [ATTR_DB_OPERATION_BATCH_SIZE]: statements.length } : {}),
      ...(shape === undefined ? {} : { [ATTR_DB_QUERY_TEXT]: shape }),
      'sqlwarden.rules': [...verdict.rules],
      'sqlwarden.labels': [...verdict.labels],
      'sqlwarden.fingerprint': decision.fingerprint,
      'sqlwarden.masked.columns': maskedColumns,
    },
  };
}

/** Names that the database does not know may be values at the wrong place. */
const UNKNOWN_NAMES: readonly OpaqueReason['kind'][] = ['unknown-relation', 'unknown-column'];
const UNKNOWN_IN_TEXT: readonly OpaqueReason['kind'][] = [...UNKNOWN_NAMES, 'unknown-routine'];

/** Whatever the verdict is: a policy may refuse, or let through, before anybody minds the name. */
function hasOpaque({ facts }: Decision, kinds: readonly OpaqueReason['kind'][]): boolean {
  return facts?.statements.some(({ opaque }) => opaque.some(({ kind }) => kinds.includes(kind))) === true;
}

/**
 * The text of reads and writes without its literals: in what sets, defines or grants something a bare word can be a value (`SET x = secret`) or
 * somebody's name. `undefined` where a name is not known, and for one with a backslash: where strings end in it depends on the settings of its
 * session, and a literal must not be taken for something else.
 */
function sanitised(decision: Decision, dialect: Dialect, text: string): string | undefined {
  if (decision.facts === undefined || hasOpaque(decision, UNKNOWN_IN_TEXT) || text.includes('\\')) return undefined;
  return dialect.shape(text).slice(0, MAX_TEXT);
}

/** The verb that all statements have in common, after `BATCH` where there are several; empty without any. */
function operationOf(statements: readonly StatementFacts[]): string {
  const verbs = new Set(statements.map(({ action }) => action.toUpperCase()));
  const [only] = verbs;
  if (statements.length <= 1) return only ?? '';
  return verbs.size === 1 ? `BATCH ${only}` : 'BATCH';
}

function relationsOf({ reads, writes }: StatementFacts): string[] {
  return [...new Set([...writes, ...reads])];
}

/** Verbs with what they are about, in order, up to the last that fits as a whole. */
function summaryOf(statements: readonly StatementFacts[]): string {
  let summary = '';
  for (const word of statements.flatMap((one) => [one.action.toUpperCase(), ...relationsOf(one)])) {
    const longer = summary === '' ? word : `${summary} ${word}`;
    if (longer.length > MAX_SUMMARY) break;
    summary = longer;
  }
  return summary;
}

function maskedColumnsOf({ verdict }: Decision): number {
  return verdict.masks.reduce((sum, masks) => sum + (masks.kind === 'none' ? 0 : masks.outputs.filter((mask) => mask !== null).length), 0);
}
