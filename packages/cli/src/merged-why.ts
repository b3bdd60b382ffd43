import type { WhyAnswer, WhySchemaChange, WhyStatement } from '@sqlwarden/ledger';

/** What one log of several answers. */
export interface LogAnswer {
  readonly log: string | undefined;
  readonly answer: WhyAnswer;
}

const DEFAULT_LIMIT = 20;
/** How long after a change another worker may find it by looking at the schema. */
const NOTICED_MS = 60_000;

/** The answers of several logs to one question as one answer. A unit is in one log only, with all that belongs to it. */
export function mergedWhy(answers: readonly LogAnswer[], limit = DEFAULT_LIMIT): WhyAnswer {
  const [first] = answers;
  if (first === undefined) throw new Error('there is no log to answer from');
  const statements = (kind: 'changes' | 'reads' | 'refused'): readonly WhyStatement[] =>
    newest(
      answers.flatMap(({ log, answer }) => answer[kind].map((statement) => named(statement, log))),
      limit,
    );
  const totals = answers.map(({ answer }) => answer.totals);
  const total = (of: keyof WhyAnswer['totals']): number => totals.reduce((sum, one) => sum + one[of], 0);
  return {
    question: first.answer.question,
    range: first.answer.range,
    entries: answers.reduce((sum, { answer }) => sum + answer.entries, 0),
    changes: statements('changes'),
    reads: statements('reads'),
    refused: statements('refused'),
    schemaChanges: schemaChanges(answers, limit),
    labels: labels(answers),
    totals: {
      changes: total('changes'),
      reads: total('reads'),
      maskedReads: total('maskedReads'),
      refused: total('refused'),
      rolledBack: total('rolledBack'),
      failed: total('failed'),
      open: total('open'),
      unclear: total('unclear'),
    },
  };
}

/** Every worker finds a change when it looks at the schema next; only the one whose session made it knows the unit. */
function schemaChanges(answers: readonly LogAnswer[], limit: number): readonly WhySchemaChange[] {
  const all = answers.flatMap(({ log, answer }) => answer.schemaChanges.map((change) => ({ log, change, what: whatOf(change) })));
  const kept: typeof all = [];
  for (const found of all.toSorted((one, other) => Number(one.change.intent === undefined) - Number(other.change.intent === undefined))) {
    const { log, change, what } = found;
    const known = kept.some((other) => other.log !== log && other.what === what && Math.abs(other.change.time - change.time) <= NOTICED_MS);
    if (change.intent !== undefined || !known) kept.push(found);
  }
  return newest(
    kept.map(({ change, log }) => named(change, log)),
    limit,
  );
}

function whatOf({ upstream, changes }: WhySchemaChange): string {
  return JSON.stringify([upstream, changes]);
}

function labels(answers: readonly LogAnswer[]): WhyAnswer['labels'] {
  const found = new Map<string, Set<string>>();
  for (const { label, columns } of answers.flatMap(({ answer }) => answer.labels)) {
    const known = found.get(label) ?? new Set();
    found.set(label, known);
    for (const column of columns) known.add(column);
  }
  return [...found]
    .map(([label, columns]) => ({ label, columns: [...columns].toSorted() }))
    .toSorted((one, other) => (one.label < other.label ? -1 : 1));
}

function named<T extends object>(of: T, log: string | undefined): T {
  return log === undefined ? of : { ...of, log };
}

function newest<T extends { readonly time: number }>(found: readonly T[], limit: number): readonly T[] {
  return found.toSorted((one, other) => one.time - other.time).slice(-limit);
}
