import type { DialectName, Statement } from '@sqlwarden/core';
import { runCanaries } from './canary.js';
import { seedLiterals } from './seed-literals.js';
import type { MeasuredStatement, StatementTruth } from './statement-truth.js';
import type { TruthServer } from './truth-server.js';
import type { TruthTotals } from './truth-totals.js';

/** What makes canaries fail for reasons that have nothing to do with lineage is switched off for the session: foreign keys. */
const WITHOUT_FOREIGN_KEYS: Readonly<Partial<Record<DialectName, string>>> = {
  postgres: 'SET LOCAL session_replication_role = replica',
  mysql: 'SET SESSION foreign_key_checks = 0',
};

/** Runs the canaries of a judged query, each in a transaction that is rolled back. */
export async function canariesOf(
  { id, sql }: MeasuredStatement,
  truth: StatementTruth,
  { server, dialect, totals }: { readonly server: TruthServer; readonly dialect: DialectName; readonly totals: TruthTotals },
): Promise<void> {
  if (truth.kind !== 'judged' || truth.statement.kind !== 'select' || !truth.judgement.understood || isUnrepeatable(truth)) return;
  const { catalogue } = await server.catalogue();
  await server.run('START TRANSACTION');
  const setting = WITHOUT_FOREIGN_KEYS[dialect];
  if (setting !== undefined) await server.run(setting);
  await seedLiterals(truth.statement satisfies Statement, truth.facts, { server, dialect, catalogue });
  const result = await runCanaries(sql, truth.facts, { server, dialect, catalogue });
  await server.run('ROLLBACK');
  if (result !== undefined) totals.addCanaries(id, result);
}

/** Results that differ from run to run, or change what is there. */
function isUnrepeatable({ facts }: Extract<StatementTruth, { kind: 'judged' }>): boolean {
  return facts.class !== 'read' || facts.routines.some(({ category }) => category === 'volatile' || category === 'elevated');
}
