import type { Statement, StatementFacts } from '@sqlwarden/core';
import { type CorpusEntry, fileOf } from '../corpus/corpus-files.js';
import type { UnitParser } from '../parsing/unit-parser.js';
import type { ScriptStep } from './file-script.js';
import { type Analyse, truthOf } from './statement-truth.js';
import type { TruthServer } from './truth-server.js';
import type { TruthTotals } from './truth-totals.js';

/** Kinds of statements after which the catalogue is the same as before. */
const KEEPS_CATALOGUE: ReadonlySet<Statement['kind']> = new Set([
  'select',
  'insert',
  'update',
  'joined-update',
  'delete',
  'joined-delete',
  'merge',
  'explain',
  'setting',
  'declare',
  'fetch',
  'close',
  'open',
  'prepare',
  'execute',
  'deallocate',
  'notify',
  'listen',
  'truncate',
  'copy',
  'lock',
  'show',
  'maintenance',
]);

/** What would end the server, or another session of ours. */
const ENDS_SERVER = /^\s*(?:shutdown|kill|restart)\b/i;

/** Entries by the file that they come from, files and entries in the order of the corpus. */
export function byFile(entries: readonly CorpusEntry[]): ReadonlyMap<string, readonly CorpusEntry[]> {
  const files = new Map<string, CorpusEntry[]>();
  for (const entry of entries) {
    const file = files.get(fileOf(entry));
    if (file === undefined) files.set(fileOf(entry), [entry]);
    else file.push(entry);
  }
  return files;
}

/**
 * Runs the statements of one file in order on a session of their own, so that they see what the ones before them made, and judges each measured
 * query and data modification right before it runs.
 */
export async function runInOrder(
  steps: readonly ScriptStep[],
  server: TruthServer,
  { parser, analyse, totals }: { readonly parser: UnitParser; readonly analyse: Analyse; readonly totals: TruthTotals },
): Promise<void> {
  for (const step of steps) {
    if (ENDS_SERVER.test(step.kind === 'run' ? step.sql : step.statement.sql)) continue;
    if (step.kind === 'run') {
      await server.run(step.sql);
      server.schemaMayHaveChanged();
      continue;
    }
    const { id, sql } = step.statement;
    const truth = await truthOf(sql, server, parser, analyse);
    totals.add(id, truth);
    await server.run(sql);
    if (truth.kind !== 'judged' || mayChangeCatalogue(truth.statement, truth.facts)) server.schemaMayHaveChanged();
  }
}

/** Also what a routine out of sight does. */
function mayChangeCatalogue(statement: Statement, facts: StatementFacts): boolean {
  return !KEEPS_CATALOGUE.has(statement.kind) || facts.opaque.length > 0;
}
