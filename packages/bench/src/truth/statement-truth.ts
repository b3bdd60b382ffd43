import type { Dialect, OpaqueReason, Statement, StatementFacts } from '@sqlwarden/core';
import type { UnitParser } from '../parsing/unit-parser.js';
import { judge, type Judgement } from './judgement.js';
import type { TruthServer } from './truth-server.js';

export type Analyse = Dialect['analyse'];

/** A statement as it is measured. */
export interface MeasuredStatement {
  readonly id: string;
  readonly sql: string;
}

export type StatementTruth =
  /** The server refuses it, or it is several statements: nothing to compare with. */
  | { readonly kind: 'rejected' }
  /** Neither a query nor a data modification. */
  | { readonly kind: 'other' }
  /** The server accepts it and our parser does not. */
  | { readonly kind: 'unparsed'; readonly detail: string }
  | { readonly kind: 'judged'; readonly statement: Statement; readonly facts: StatementFacts; readonly judgement: Judgement };

const QUERY_KINDS: ReadonlySet<Statement['kind']> = new Set([
  'select',
  'insert',
  'update',
  'joined-update',
  'delete',
  'joined-delete',
  'merge',
]);

/** What a session's server and our analysis say of one statement. Nothing is run. */
export async function truthOf(sql: string, server: TruthServer, parser: UnitParser, analyse: Analyse): Promise<StatementTruth> {
  const described = await server.describe(sql);
  if (!described.ok) return { kind: 'rejected' };
  const state = await server.state();
  if (state === undefined) return { kind: 'rejected' };
  const parsed = await parser.parseText(sql, server.parseContext(state));
  if (!parsed.ok) return { kind: 'unparsed', detail: `${parsed.failure.kind}: ${parsed.failure.message}` };
  const statements = parsed.unit.statements as readonly Statement[];
  const [statement] = statements;
  if (statement === undefined || statements.length > 1) return { kind: 'rejected' };
  if (!QUERY_KINDS.has(statement.kind)) return { kind: 'other' };
  const catalogue = await server.catalogue();
  const context = { catalogue, state, stateChangedInTransaction: false, schemaChangedInTransaction: false };
  const [facts] = analyse(parsed.unit, context).statements;
  if (facts === undefined) return { kind: 'rejected' };
  return { kind: 'judged', statement, facts, judgement: judge(facts, described.columns, server.headerRules) };
}

/** A reason as it is counted: names of this and that corpus's own things stay in, because they say what to look at. */
export function reasonText(reason: OpaqueReason): string {
  return `${reason.kind}: ${reason.detail}`;
}
