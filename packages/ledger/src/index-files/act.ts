import type { StatementDecided, StatementIntent, StatementRefused, UnitRecord } from '@sqlwarden/core';
import type { StatementAccount } from '../query/account.js';
import type { NamedFacts } from '../query/touches.js';

/**
 * What many units have in common, as far as questions ask for it: everything but who did it and when. A part of a {@link StatementAccount}, so
 * that the same code answers from both.
 */
export interface Act
  extends Pick<
    StatementAccount,
    'upstream' | 'database' | 'fingerprint' | 'verdict' | 'rules' | 'labels' | 'protectedColumns' | 'factsErased'
  > {
  readonly unit: 'read' | 'intent' | 'refused';
  readonly facts: readonly NamedFacts[];
  readonly masks: readonly Pick<UnitRecord['masks'][number], 'label' | 'sources'>[];
  /**
   * Fields were withheld from the entry for their size. What is behind them is never in an index, as it can be erased: the unit may match any
   * question.
   */
  readonly withheld: boolean;
}

/** The act of a unit, from its entry as it was hashed; of a read, from that of its decision. */
export function actOf(event: StatementDecided | StatementIntent | StatementRefused): Act {
  return {
    unit: event.type === 'statement.decided' ? 'read' : event.type === 'statement.intent' ? 'intent' : 'refused',
    upstream: event.upstream,
    database: event.database,
    fingerprint: event.fingerprint,
    verdict: event.type === 'statement.refused' ? 'refused' : event.verdict,
    rules: event.rules,
    labels: event.labels,
    protectedColumns: event.protectedColumns ?? [],
    masks: event.masks.map(({ label, sources }) => ({ label, sources })),
    facts: (event.facts ?? []).map(namedFacts),
    factsErased: false,
    withheld: event.withheld !== undefined,
  };
}

/** Without what no question asks for; of what is opaque, only that something is. */
function namedFacts({ action, class: kind, reads, writes, columns, flows, schemaChanges, opaque }: NamedFacts): NamedFacts {
  return {
    action,
    class: kind,
    reads,
    writes,
    columns,
    flows: flows.map(({ to }) => ({ from: [], to })),
    schemaChanges,
    opaque: opaque.slice(0, 1).map((reason) => ({ kind: reason.kind, detail: '' })),
  };
}
