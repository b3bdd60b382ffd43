import { formatWhy, why as answerWhy, type WhyQuestion } from '@sqlwarden/ledger';
import { defineCommand, JSON_OPTION } from '../command.js';
import { CommandFailure, EXIT, UsageError } from '../failure.js';
import { entryPlace, type LedgerLog } from '../ledger-logs.js';
import { mergedWhy } from '../merged-why.js';
import { LEDGER_OPTIONS, ledgerLogs } from './ledger-place.js';
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
  positionals: ['<table|column|change|statement>', '<what>'],
  details: [
    '  sqlwarden why table public.people               everything that changed or read it',
    '  sqlwarden why column public.people.risk_score   the same for one column',
    '  sqlwarden why change public.people              what changed its definition, with the approvals',
    '  sqlwarden why statement 42                      one statement, by its entry in the ledger',
    '                                                  (worker-1:42 where workers have logs of their own)',
    '',
    'Answered from the ledger alone, with committed changes. Exit status 1 when the ledger knows nothing of it.',
  ],
  options: {
    ...LEDGER_OPTIONS,
    ...RANGE_OPTIONS,
    limit: { type: 'text', value: '<n>', help: 'how many statements of each kind to list, the newest (default 20)' },
    uncommitted: { type: 'flag', help: 'also changes that were rolled back, failed, or are not committed yet' },
    ...JSON_OPTION,
  },
  async run({ options, positionals: [about = '', what = ''], out }) {
    const now = Date.now();
    const { limit } = options;
    if (limit !== undefined && !/^[1-9]\d{0,5}$/.test(limit)) throw new UsageError('--limit is not a whole number from 1');
    const from = momentOf(options.from, 'from', now);
    const to = momentOf(options.to, 'to', now);
    const asked = question(about, what, ledgerLogs(options));
    const range = {
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(limit === undefined ? {} : { limit: Number(limit) }),
      uncommitted: options.uncommitted,
    };
    const answers = asked.logs.map(async (log) => ({ log: log.name, answer: await answerWhy(log.directory, asked.question, range) }));
    const answer = mergedWhy(await Promise.all(answers).catch(explainName), range.limit);
    if (options.json) out.line(JSON.stringify(answer, undefined, 2));
    else for (const line of formatWhy(answer).split('\n')) out.line(line);
    const { changes, reads, refused, rolledBack, failed, open } = answer.totals;
    return changes + reads + refused + rolledBack + failed + open + answer.schemaChanges.length > 0 ? EXIT.ok : EXIT.failure;
  },
});

interface Asked {
  readonly question: WhyQuestion;
  /** Those that may know the answer. */
  readonly logs: readonly LedgerLog[];
}

function question(about: string, what: string, logs: readonly LedgerLog[]): Asked {
  const kind = Object.hasOwn(ABOUT, about) ? ABOUT[about as keyof typeof ABOUT] : undefined;
  if (kind === undefined) throw new UsageError('write sqlwarden why table, column, change or statement, and then what');
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
