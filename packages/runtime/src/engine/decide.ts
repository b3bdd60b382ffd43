import {
  type AdmittedStatement,
  type AnalyseContext,
  type Catalogue,
  type MaskPlan,
  type ParsedUnit,
  type ParseFailure,
  type Principal,
  type Refusal,
  type SqlState,
  type StatementFacts,
  type StatementMasks,
  type UnitFacts,
  type Verdict,
  evaluate,
  keepingPinned,
  needsIntent,
  unreachable,
} from '@sqlwarden/core';
import type { CrossCheck } from '../cross-check/cross-check.js';
import type { Decision } from './decision.js';
import type { Engine } from './engine.js';
import { schemaDigest, sha256Hex } from './records.js';
import type { Snapshot, Upstream } from './upstream.js';

export interface DecideFor {
  readonly engine: Engine;
  readonly upstream: Upstream;
  readonly principal: Principal;
}

export interface DecideWhat {
  readonly text: string;
  readonly state: SqlState;
  /** Declared types of parameters. */
  readonly parameterTypes: readonly number[];
  readonly stateChangedInTransaction: boolean;
  readonly schemaChangedInTransaction: boolean;
  /** What units before have left in the session. */
  readonly left: Pick<AnalyseContext, 'cursors' | 'prepared' | 'variables' | 'temporary'>;
  /** Equal for equal {@link left}. */
  readonly names: string;
}

/** Text → model → facts → verdict. Never rejects for what the text is: what is not understood is refused. */
export async function decide(who: DecideFor, what: DecideWhat, snapshot: Snapshot): Promise<Decision> {
  const { dialect, parser } = who.upstream.options;
  const { catalogue } = snapshot.resolved;
  const parsed = await parser.parse(what.text, { serverVersion: catalogue.serverVersion, lexical: what.state.lexical });
  if (!parsed.ok) return deniedDecision(unparsed(parsed.failure, what.text), { ...snapshot, shape: dialect.shape(what.text) });
  const facts = dialect.analyse(parsed.unit, {
    catalogue: snapshot.resolved,
    state: what.state,
    stateChangedInTransaction: what.stateChangedInTransaction,
    schemaChangedInTransaction: what.schemaChangedInTransaction,
    ...what.left,
    documents: snapshot.protection.documents,
  });
  const judged = evaluate({
    policy: who.engine.policy,
    principal: who.principal,
    facts,
    upstream: who.upstream.name,
    environment: who.engine.options.environment,
    protection: snapshot.protection,
  });
  const checked = await crossChecked(judged, what.text, facts, catalogue, who.upstream.options.crossCheck);
  const verdict = keepingPinned(checked, facts, who.upstream.pinned);
  return makeDecision(who, what, snapshot, { unit: parsed.unit, facts, verdict });
}

/** The verdict, or a refusal where it would let through what the cross-check objects to. */
export async function crossChecked(
  verdict: Verdict,
  text: string,
  facts: UnitFacts,
  catalogue: Catalogue,
  crossCheck: CrossCheck | undefined,
): Promise<Verdict> {
  if (crossCheck === undefined || verdict.effect === 'deny') return verdict;
  const message = await crossCheck.objection(text, facts, catalogue);
  if (message === undefined) return verdict;
  const { approval: _, observed: __, ...rest } = verdict;
  return { ...rest, effect: 'deny', refusal: { code: 'parser-disagreement', message } };
}

interface Judged {
  readonly unit: ParsedUnit;
  readonly facts: UnitFacts;
  readonly verdict: Verdict;
}

function makeDecision(who: DecideFor, what: DecideWhat, snapshot: Snapshot, { unit, facts, verdict }: Judged): Decision {
  const { catalogue } = snapshot.resolved;
  const { dialect } = who.upstream.options;
  const byOrigin = who.engine.originMasks(who.principal, snapshot);
  const statements = facts.statements.map((statement, index) => {
    const copy = copies(statement) ? dialect.copyToClient(unit, index, what.text, statement) : undefined;
    return { ...admitted(statement, verdict.masks[index], byOrigin), ...(copy === undefined ? {} : { copy }) };
  });
  return {
    epoch: snapshot.epoch,
    catalogueVersion: catalogue.version,
    stateId: what.state.id,
    names: what.names,
    parameterTypes: what.parameterTypes,
    stateChanged: what.stateChangedInTransaction,
    maskKey: maskKey(verdict.masks),
    text: what.text,
    unit: facts.statements.some(({ prepares }) => prepares !== undefined) ? unit : undefined,
    facts,
    verdict,
    asserted: dialect.assertedIn(what.text),
    statements,
    cleanTexts: byOrigin.size > 0,
    elevated: facts.statements.some((statement) => statement.elevated),
    changesSchema: statements.some((statement) => statement.changesSchema),
    durable: who.engine.options.durableReads || facts.statements.some(needsIntent),
    fingerprint: sha256Hex(dialect.shape(what.text)),
    schemaDigest: schemaDigest(facts, catalogue),
  };
}

function admitted(facts: StatementFacts, masks: StatementMasks | undefined, byOrigin: MaskPlan['byOrigin']): AdmittedStatement {
  return {
    plan: planOf(facts, masks, byOrigin),
    changesState: facts.stateEffect === 'unknown',
    changesSchema: mayChangeSchema(facts),
    hasEffects: facts.locks || (facts.class !== 'read' && facts.class !== 'session' && facts.class !== 'transaction'),
    action: facts.action,
    mayCopy: copies(facts) || facts.action === 'unknown',
    ...(facts.messages === true && { messages: true }),
  };
}

/** A COPY of what a statement returns is called after that statement. */
function copies(facts: StatementFacts): boolean {
  return facts.action === 'copy' || facts.alsoActions?.includes('copy') === true;
}

/** A plan for every statement with rows, masked or not: the server's own word on where a column comes from is checked against it. */
function planOf(facts: StatementFacts, masks: StatementMasks | undefined, byOrigin: MaskPlan['byOrigin']): MaskPlan | undefined {
  if (masks?.kind === 'outputs') return { outputs: masks.outputs, byOrigin };
  if (byOrigin.size === 0 || !Array.isArray(facts.outputs)) return undefined;
  return { outputs: facts.outputs.map(() => null), byOrigin };
}

function maskKey(masks: readonly StatementMasks[]): string {
  return JSON.stringify(masks.map((one) => (one.kind === 'none' ? null : one.outputs.map((mask) => mask && [mask.label, mask.function]))));
}

/** Routines whose bodies are not known may do anything, schema changes included. DISCARD drops the session's temporary relations. */
function mayChangeSchema(facts: StatementFacts): boolean {
  return (
    facts.class === 'schema' ||
    facts.class === 'procedural' ||
    facts.class === 'privilege' ||
    facts.action === 'discard' ||
    facts.schemaChanges.length > 0 ||
    facts.opaque.some((reason) => reason.kind === 'dynamic-sql' || reason.kind === 'unknown-routine')
  );
}

function unparsed(failure: ParseFailure, text: string): Refusal {
  switch (failure.kind) {
    case 'syntax': {
      if (failure.position === undefined) return { code: 'statement-unparsed', message: failure.message };
      const position = Array.from(text.slice(0, failure.position)).length + 1;
      return { code: 'statement-unparsed', message: `${failure.message} at character ${position}`, position };
    }
    case 'limit':
      return { code: 'statement-too-large', message: failure.message };
    case 'unsupported':
      return { code: 'message-unsupported', message: failure.message };
    case 'internal':
      return { code: 'statement-unparsed', message: 'the statement could not be parsed safely; simplify it' };
    default:
      return unreachable(failure.kind);
  }
}

/** A decision for a text that is refused whatever policy says. */
export function deniedDecision(refusal: Refusal, from?: Snapshot & { readonly shape: string }): Decision {
  return {
    epoch: from?.epoch ?? -1,
    catalogueVersion: from?.resolved.catalogue.version ?? 0,
    stateId: -1,
    names: '',
    parameterTypes: [],
    stateChanged: false,
    maskKey: '',
    text: '',
    unit: undefined,
    facts: undefined,
    verdict: { effect: 'deny', rules: [], refusal, masks: [], labels: [], protectedColumns: [] },
    asserted: undefined,
    statements: [],
    cleanTexts: true,
    elevated: false,
    changesSchema: false,
    durable: false,
    fingerprint: sha256Hex(from?.shape ?? ''),
    schemaDigest: '',
  };
}
