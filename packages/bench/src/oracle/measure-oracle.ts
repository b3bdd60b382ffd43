import type { Statement } from '@sqlwarden/core';
import type { Corpus, CorpusEntry } from '../corpus/corpus-files.js';
import type { Edition } from '../corpus/editions.js';
import type { UnitParser } from '../parsing/unit-parser.js';
import { WorkerClient } from '../parsing/worker-client.js';
import { compare, type Difference, type Disagreement } from './compare.js';
import { explain } from './explained.js';
import type { Explanation } from './explanation.js';
import { summariseModel } from './model-summary.js';
import type { OracleAnswer, OracleName } from './oracles.js';

/** An oracle that takes longer is killed: some of them never end. */
const DEADLINE_MS = 2_000;

export interface Unexplained {
  readonly entry: CorpusEntry;
  readonly disagreement: Disagreement;
}

/** What comparing with one oracle over one corpus gave. Only texts that both of us read are compared. */
export interface OracleResult {
  readonly oracle: OracleName;
  readonly edition: Edition;
  readonly compared: number;
  readonly agreed: number;
  readonly refused: number;
  readonly unread: number;
  /** It died or hung. */
  readonly failed: number;
  /** Disagreements of each kind, explained or not. */
  readonly differences: ReadonlyMap<Difference, number>;
  readonly explained: ReadonlyMap<Explanation, number>;
  readonly unexplained: readonly Unexplained[];
}

/** Compares our reading of the statements that the truth accepts with an oracle's. */
export async function measureOracle(oracle: OracleName, corpus: Corpus, edition: Edition, parser: UnitParser): Promise<OracleResult> {
  const client = new WorkerClient<{ text: string; dialect: string }, { answer: OracleAnswer }>(
    new URL('./oracle-worker.js', import.meta.url),
    oracle,
    DEADLINE_MS,
  );
  const counts = { compared: 0, agreed: 0, refused: 0, unread: 0, failed: 0 };
  const differences = new Map<Difference, number>();
  const explained = new Map<Explanation, number>();
  const unexplained: Unexplained[] = [];
  for (const entry of corpus.entries) {
    if (!edition.accepts(entry)) continue;
    const parsed = await parser.parseText(entry.sql, edition.context);
    if (!parsed.ok) continue;
    const reply = await client.ask({ text: entry.sql, dialect: corpus.dialect });
    if (reply.kind !== 'answer') counts.failed += 1;
    else if (reply.answer.answer.kind !== 'read') counts[reply.answer.answer.kind] += 1;
    else {
      counts.compared += 1;
      const ours = (parsed.unit.statements as readonly Statement[]).map(summariseModel);
      const found = compare(ours, reply.answer.answer.statements);
      if (found.length === 0) counts.agreed += 1;
      for (const disagreement of found) {
        differences.set(disagreement.difference, (differences.get(disagreement.difference) ?? 0) + 1);
        const explanation = explain(oracle, corpus.name, entry, disagreement);
        if (explanation === undefined) unexplained.push({ entry, disagreement });
        else explained.set(explanation, (explained.get(explanation) ?? 0) + 1);
      }
    }
  }
  await client.close();
  return { oracle, edition, ...counts, differences, explained, unexplained };
}
