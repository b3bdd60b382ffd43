import { createHash } from 'node:crypto';
import type {
  ApprovalSubject,
  AssertedIntent,
  Catalogue,
  Disclosure,
  EventBase,
  Principal,
  ReadOutcome,
  StatementIntent,
  StatementOutcome,
  Unit,
  UnitFacts,
  UnitRecord,
} from '@sqlwarden/core';
import type { Decision } from './decision.js';
import type { Decided, Recorder } from './recorder.js';

/** Where and for whom a unit runs; the same for a session until its identity is renewed. */
export interface UnitScope {
  readonly session: string;
  readonly upstream: string;
  readonly dialect: string;
  readonly environment: string;
  readonly enforcement: 'gateway' | 'library';
  readonly principal: Principal;
  readonly policyDigest: string;
}

/** What intent and refusal entries say of a unit. Text and values go into `disclosures`, only commitments into the record. */
export function unitRecord(
  scope: UnitScope,
  unit: Unit,
  decision: Decision,
  asserted: AssertedIntent | undefined,
  recorder: Recorder,
  disclosures: Disclosure[],
): UnitRecord {
  const { verdict } = decision;
  return {
    session: scope.session,
    upstream: scope.upstream,
    database: unit.state.database,
    environment: scope.environment,
    principal: scope.principal,
    enforcement: scope.enforcement,
    phase: unit.phase,
    text: recorder.commit('text', unit.text, disclosures),
    fingerprint: decision.fingerprint,
    parameters: unit.parameters.map((parameter) => recorder.commit('parameter', parameter.value ?? 'null', disclosures)),
    facts: decision.facts?.statements ?? [],
    labels: verdict.labels,
    protectedColumns: verdict.protectedColumns,
    rules: verdict.rules,
    policy: scope.policyDigest,
    catalogue: decision.catalogueVersion,
    transaction: unit.transaction.ordinal,
    ...(asserted === undefined ? {} : { asserted }),
    elevated: decision.elevated,
    masks: maskRecords(decision),
  };
}

/** What `statement.decided` says of every execution under a decision. */
export function decidedRecord(scope: UnitScope, unit: Unit, decision: Decision, recorder: Recorder): Decided {
  const disclosures: Disclosure[] = [];
  const { verdict } = decision;
  const event: Decided['event'] = {
    type: 'statement.decided',
    upstream: scope.upstream,
    database: unit.state.database,
    environment: scope.environment,
    enforcement: scope.enforcement,
    text: recorder.commit('text', unit.text, disclosures),
    fingerprint: decision.fingerprint,
    facts: decision.facts?.statements ?? [],
    labels: verdict.labels,
    protectedColumns: verdict.protectedColumns,
    rules: verdict.rules,
    policy: scope.policyDigest,
    catalogue: decision.catalogueVersion,
    elevated: decision.elevated,
    masks: maskRecords(decision),
    verdict: verdict.observed === undefined ? 'allow' : 'observed',
    ...wouldBe(decision),
  };
  return { event, disclosures };
}

/** What came of a unit that has an intent: its `seq`. */
export function outcomeRecord(
  session: string,
  intent: number,
  { status, statements, bytesReturned, maskedCells, errorCode, limit, suspended }: ReadOutcome,
  when: Pick<StatementOutcome, 'durationUs' | 'transaction'>,
): Omit<StatementOutcome, keyof EventBase> {
  return {
    type: 'statement.outcome',
    intent,
    session,
    status,
    statements,
    bytesReturned,
    maskedCells,
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(limit === undefined ? {} : { limit }),
    ...when,
    ...(suspended ? { suspended: true } : {}),
  };
}

/** In observe mode: what policy would have done. */
export function wouldBe({ verdict }: Decision): Pick<StatementIntent, 'wouldBe'> {
  const { observed } = verdict;
  if (observed === undefined || observed.effect === 'allow') return {};
  const { effect, refusal } = observed;
  return {
    wouldBe: {
      effect,
      ...(refusal === undefined ? {} : { code: refusal.code }),
      ...(refusal?.rule === undefined ? {} : { rule: refusal.rule }),
    },
  };
}

function maskRecords(decision: Decision): UnitRecord['masks'] {
  return decision.verdict.masks.flatMap((masks, statement) =>
    masks.kind === 'none'
      ? []
      : masks.outputs.flatMap((mask, output) =>
          mask === null ? [] : [{ statement, output, label: mask.label, function: mask.function.kind, sources: mask.sources }],
        ),
  );
}

/** What an approval of the unit is bound to. */
export function approvalSubject(scope: UnitScope, unit: Unit, decision: Decision, asserted: AssertedIntent | undefined): ApprovalSubject {
  const purpose = asserted?.purpose?.value;
  const ticket = asserted?.ticket?.value;
  return {
    upstream: scope.upstream,
    dialect: scope.dialect,
    database: unit.state.database,
    text: unit.text,
    parameters: unit.parameters.map((parameter) => ({
      typeId: parameter.typeId,
      format: parameter.format,
      value: parameter.value === null ? null : Buffer.from(parameter.value).toString('base64'),
    })),
    state: { role: unit.state.role, searchPath: unit.state.searchPath, lexical: unit.state.lexical },
    requester: scope.principal,
    ...(purpose === undefined && ticket === undefined
      ? {}
      : { asserted: { ...(purpose === undefined ? {} : { purpose }), ...(ticket === undefined ? {} : { ticket }) } }),
    policyDigest: scope.policyDigest,
    schemaDigest: decision.schemaDigest,
  };
}

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Of the definitions of all relations that the unit reads, writes or changes. */
export function schemaDigest(facts: UnitFacts | undefined, catalogue: Catalogue): string {
  const names = new Set<string>();
  for (const statement of facts?.statements ?? []) {
    for (const name of [...statement.reads, ...statement.writes, ...statement.schemaChanges.map((change) => change.name)]) names.add(name);
  }
  return sha256Hex(JSON.stringify([...names].sort().map((name) => [name, catalogue.relations.get(name) ?? null])));
}
