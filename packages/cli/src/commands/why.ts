import {
  formatReadReport,
  formatWhy,
  type IndexUse,
  newIndexUse,
  readReport,
  type ReportQuestion,
  search,
  type SearchFilter,
  type StatementAccount,
  why as answerWhy,
  type WhyQuestion,
} from '@sqlwarden/ledger';
import { defineCommand, JSON_OPTION } from '../command.js';
import { CommandFailure, EXIT, UsageError } from '../failure.js';
import { entryPlace, type LedgerLog } from '../ledger-logs.js';
import { type LogAnswer, mergedWhy } from '../merged-why.js';
import type { Terminal } from '../terminal.js';
import { describeIndexUse, INDEX_OPTION, LEDGER_OPTIONS, ledgerLogs, warnOfIndexes } from './ledger-place.js';
import { momentOf, RANGE_OPTIONS } from './time-option.js';

const ABOUT = {
  table: 'relation',
  relation: 'relation',
  view: 'relation',
  column: 'column',
  change: 'change',
  statement: 'statement',
} as const;

export const why = defineCommand({
  name: 'why',
  summary: 'answer an auditor: who did it, on whose behalf, who approved it, what data it touched',
  positionals: ['<table|column|change|statement|run|identity|label>', '<what>'],
  details: [
    '  sqlwarden why table public.people               everything that changed or read it',
    '  sqlwarden why column public.people.risk_score   the same for one column',
    '  sqlwarden why change public.people              what changed its definition, with the approvals',
    '  sqlwarden why statement 42                      one statement, by its entry in the ledger',
    '                                                  (worker-1:42 where workers have logs of their own)',
    '  sqlwarden why run <id>                          what a training run, job or conversation read: tables, columns, labels,',
    '                                                  masks, rows, policies, models, and how each is proven',
    '  sqlwarden why identity <who>                    the same of a person, agent, model or pod',
    '  sqlwarden why label pii.email                   the same of all statements that touched the label',
    '',
    'Answered from the ledger alone, with committed changes. Exit status 1 when the ledger knows nothing of it.',
  ],
  options: {
    ...LEDGER_OPTIONS,
    ...RANGE_OPTIONS,
    limit: { type: 'text', value: '<n>', help: 'how many statements of each kind to list, the newest (default 20)' },
    ...INDEX_OPTION,
    uncommitted: { type: 'flag', help: 'also changes that were rolled back, failed, or are not committed yet' },
    ...JSON_OPTION,
  },
  async run({ options, positionals: [about = '', what = ''], out, err }) {
    const now = Date.now();
    const { limit } = options;
    if (limit !== undefined && !/^[1-9]\d{0,5}$/.test(limit)) throw new UsageError('--limit is not a whole number from 1');
    const from = momentOf(options.from, 'from', now);
    const to = momentOf(options.to, 'to', now);
    const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
    const reader = Object.hasOwn(READERS, about) ? READERS[about as keyof typeof READERS] : undefined;
    if (reader !== undefined)
      return report({ about: reader, name: what }, ledgerLogs(options), {
        ...range,
        json: options.json,
        'no-index': options['no-index'],
        out,
        err,
      });
    const asked = question(about, what, ledgerLogs(options));
    const logs = asked.logs.map((log) => ({ log, use: newIndexUse() }));
    const how = {
      ...range,
      ...(limit === undefined ? {} : { limit: Number(limit) }),
      uncommitted: options.uncommitted,
      index: !options['no-index'],
    };
    const answers: LogAnswer[] = [];
    // One after the other: each has its own files in memory while it is read.
    for (const { log, use } of logs)
      answers.push({ log: log.name, answer: await answerWhy(log.directory, asked.question, { ...how, use }).catch(explainName) });
    const answer = mergedWhy(answers, how.limit);
    for (const { log, use } of logs) warnOfIndexes(log, use, err);
    if (options.json) out.line(JSON.stringify(answer, undefined, 2));
    else for (const line of formatWhy(answer).split('\n')) out.line(line);
    const relied = describeIndexUse(logs.map(({ use }) => use));
    if (!options.json && relied !== undefined) out.line(`\nFound ${relied}.`);
    const { changes, reads, refused, rolledBack, failed, open } = answer.totals;
    return changes + reads + refused + rolledBack + failed + open + answer.schemaChanges.length > 0 ? EXIT.ok : EXIT.failure;
  },
});

const READERS = { run: 'run', identity: 'identity', label: 'label' } as const satisfies Record<string, ReportQuestion['about']>;

interface ReportOptions {
  readonly from?: number;
  readonly to?: number;
  readonly json: boolean;
  readonly 'no-index': boolean;
  readonly out: Terminal;
  readonly err: Terminal;
}

/** What somebody read, out of all logs together. */
async function report(asked: ReportQuestion, logs: readonly LedgerLog[], options: ReportOptions): Promise<number> {
  const { from, to, json, out, err } = options;
  const filter = { [asked.about]: asked.name, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const uses = logs.map((log) => ({ log, use: newIndexUse() }));
  const found = await readReport(asked, accountsOf(uses, filter, !options['no-index']));
  for (const { log, use } of uses) warnOfIndexes(log, use, err);
  if (json) out.line(JSON.stringify(found, undefined, 2));
  else for (const line of formatReadReport(found).split('\n')) out.line(line);
  const relied = describeIndexUse(uses.map(({ use }) => use));
  if (!json && relied !== undefined) out.line(`\nFound ${relied}.`);
  return found.totals.units > 0 ? EXIT.ok : EXIT.failure;
}

async function* accountsOf(
  logs: readonly { readonly log: LedgerLog; readonly use: IndexUse }[],
  filter: SearchFilter,
  index: boolean,
): AsyncGenerator<StatementAccount, void, undefined> {
  for (const { log, use } of logs) yield* search(log.directory, filter, { index, use });
}

interface Asked {
  readonly question: WhyQuestion;
  /** Those that may know the answer. */
  readonly logs: readonly LedgerLog[];
}

function question(about: string, what: string, logs: readonly LedgerLog[]): Asked {
  const kind = Object.hasOwn(ABOUT, about) ? ABOUT[about as keyof typeof ABOUT] : undefined;
  if (kind === undefined)
    throw new UsageError('write sqlwarden why table, column, change, statement, run, identity or label, and then what');
  if (kind !== 'statement') return { question: { about: kind, name: what }, logs };
  const { log, seq } = entryPlace(what, logs);
  return { question: { about: kind, seq }, logs: [log] };
}

function explainName(error: unknown): never {
  if (error instanceof Error && error.name === 'SyntaxError') {
    throw new CommandFailure(`<what> is not a name: ${error.message}; write for example public.people or public.people.email`);
  }
  throw error;
}
