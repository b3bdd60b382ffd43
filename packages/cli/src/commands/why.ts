import { formatWhy, why as answerWhy, type WhyQuestion } from '@sqlwarden/ledger';
import { defineCommand, JSON_OPTION } from '../command.js';
import { CommandFailure, EXIT, UsageError } from '../failure.js';
import { LEDGER_OPTIONS, ledgerDirectory, sequenceNumber } from './ledger-place.js';
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
    const answer = await answerWhy(ledgerDirectory(options), question(about, what), {
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(limit === undefined ? {} : { limit: Number(limit) }),
      uncommitted: options.uncommitted,
    }).catch(explainName);
    if (options.json) out.line(JSON.stringify(answer, undefined, 2));
    else for (const line of formatWhy(answer).split('\n')) out.line(line);
    const { changes, reads, refused, rolledBack, failed, open } = answer.totals;
    return changes + reads + refused + rolledBack + failed + open + answer.schemaChanges.length > 0 ? EXIT.ok : EXIT.failure;
  },
});

function question(about: string, what: string): WhyQuestion {
  const kind = Object.hasOwn(ABOUT, about) ? ABOUT[about as keyof typeof ABOUT] : undefined;
  if (kind === undefined) throw new UsageError('write sqlwarden why table, column, change or statement, and then what');
  return kind === 'statement' ? { about: kind, seq: sequenceNumber(what) } : { about: kind, name: what };
}

function explainName(error: unknown): never {
  if (error instanceof Error && error.name === 'SyntaxError') {
    throw new CommandFailure(`<what> is not a name: ${error.message}; write for example public.people or public.people.email`);
  }
  throw error;
}
