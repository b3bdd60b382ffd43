import type { Unit } from '@sqlwarden/core';
import type { Decision } from '../engine/decision.js';
import type { Upstream } from '../engine/upstream.js';
import type { GatewayMetrics } from './gateway-metrics.js';
import type { Counter, Histogram, Labels } from './metric-series.js';
import { describeStatement, type StatementDescription } from './statement-description.js';

/** What is counted for the units of one decision: looked up once, because that costs more than counting. */
export interface StatementSeries {
  readonly upstream: string;
  readonly description: StatementDescription;
  /** Labels of `db.client.operation.duration`, without what only failures have. */
  readonly operationLabels: Labels;
  readonly counted: CountedSeries | undefined;
}

export interface CountedSeries {
  readonly statements: Counter;
  readonly added: Histogram;
  readonly operations: Histogram;
  readonly maskedCells: Counter;
  readonly maskedColumns: Counter;
  readonly rowsReturned: Counter;
  readonly rowsAffected: Counter;
  readonly bytesReturned: Counter;
}

export function statementSeries(
  { text, state }: Unit,
  decision: Decision,
  { name, options }: Upstream,
  metrics: GatewayMetrics | undefined,
  countTables: boolean,
): StatementSeries {
  const description = describeStatement(decision, options.dialect, text, state.database);
  const { operation, collection, attributes } = description;
  const operationLabels: Labels = {
    'db.system.name': String(attributes['db.system.name']),
    'db.namespace': state.database,
    ...(operation === '' ? {} : { 'db.operation.name': operation }),
    ...(countTables && collection !== undefined ? { 'db.collection.name': collection } : {}),
    'server.address': options.target.host,
    'server.port': String(options.target.port),
  };
  return {
    upstream: name,
    description,
    operationLabels,
    counted: metrics && countedSeries(name, decision, description, operationLabels, metrics),
  };
}

function countedSeries(
  upstream: string,
  decision: Decision,
  { statementClass }: StatementDescription,
  operationLabels: Labels,
  metrics: GatewayMetrics,
): CountedSeries {
  const ofUpstream: Labels = { upstream };
  return {
    statements: metrics.statements.at({ upstream, class: statementClass, verdict: verdictOf(decision) }),
    added: metrics.added.at(ofUpstream),
    operations: metrics.operations.at(operationLabels),
    maskedCells: metrics.maskedCells.at(ofUpstream),
    maskedColumns: metrics.maskedColumns.at(ofUpstream),
    rowsReturned: metrics.rowsReturned.at(ofUpstream),
    rowsAffected: metrics.rowsAffected.at(ofUpstream),
    bytesReturned: metrics.bytesReturned.at(ofUpstream),
  };
}

/** Of a unit that runs, or is refused by policy: what needs an approval has one when it runs. */
export function verdictOf({ verdict }: Decision): 'allow' | 'approved' | 'observed' | 'deny' {
  if (verdict.effect === 'deny') return 'deny';
  if (verdict.effect === 'approve') return 'approved';
  return verdict.observed === undefined ? 'allow' : 'observed';
}
