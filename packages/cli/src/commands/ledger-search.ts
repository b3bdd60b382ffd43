import { type Action, ACTIONS, STATEMENT_CLASSES, type StatementClass } from '@sqlwarden/core';
import { newIndexUse, search, type SearchFilter, type SearchOptions, type StatementAccount } from '@sqlwarden/ledger';
import { printAccount } from '../account-line.js';
import { defineCommand, JSON_OPTION } from '../command.js';
import { CommandFailure, EXIT, UsageError } from '../failure.js';
import { inOrder, type LedgerLog } from '../ledger-logs.js';
import { describeIndexUse, INDEX_OPTION, LEDGER_OPTIONS, ledgerLogs, warnOfIndexes } from './ledger-place.js';
import { momentOf, RANGE_OPTIONS } from './time-option.js';

const VERDICTS = ['allow', 'approved', 'observed', 'refused'] as const satisfies readonly StatementAccount['verdict'][];

export const ledgerSearch = defineCommand({
  name: 'ledger search',
  summary: 'find statements by who, what, when and how it ended',
  details: [
    'Everything that is given must match. Prints the oldest first; --json writes one statement per line. Beside a running gateway, what it did',
    'in the last moment may not be there yet.',
  ],
  options: {
    ...LEDGER_OPTIONS,
    identity: { type: 'text', value: '<who>', help: 'the subject or an actor (id or name), a model, pod, job or training run' },
    relation: { type: 'text', value: '<name>', help: 'a table or view: people, public.people, crm.public.people' },
    column: { type: 'text', value: '<name>', help: 'a column: people.email, public.people.email' },
    run: { type: 'text', value: '<id>', help: 'a training run, job or conversation' },
    label: { type: 'text', value: '<label>', help: 'a label of the columns touched' },
    verdict: { type: 'text', value: '<verdict>', help: VERDICTS.join(', ') },
    rule: { type: 'text', value: '<id>', help: 'a rule that matched' },
    action: { type: 'text', value: '<action>', help: 'select, insert, alter, …' },
    class: { type: 'text', value: '<class>', help: STATEMENT_CLASSES.join(', ') },
    upstream: { type: 'text', value: '<name>', help: 'on this upstream' },
    session: { type: 'text', value: '<id>', help: 'in this session' },
    fingerprint: { type: 'text', value: '<hash>', help: 'statements of this shape, by its hash or the beginning of it' },
    opaque: { type: 'flag', help: 'only statements that could not be seen through' },
    text: { type: 'text', value: '<part>', help: "a part of the statement's text" },
    ...RANGE_OPTIONS,
    limit: { type: 'text', value: '<n>', help: 'only the oldest so many' },
    newest: { type: 'text', value: '<n>', help: 'only the newest so many' },
    ...INDEX_OPTION,
    ...JSON_OPTION,
  },
  async run({ options, out, err }) {
    const limit = countOf('limit', options.limit) ?? Number.POSITIVE_INFINITY;
    const newest = countOf('newest', options.newest);
    if (newest !== undefined && options.limit !== undefined) throw new UsageError('write --limit or --newest, not both');
    const logs = ledgerLogs(options).map((log) => ({ log, use: newIndexUse() }));
    let found = 0;
    try {
      const filter = filterOf(options);
      const how = { index: !options['no-index'], ...(newest === undefined ? {} : { newest }) };
      const all = logs.map(({ log, use }) => foundIn(log, filter, { ...how, use }));
      for await (const { log, account } of lastOf(
        inOrder(all, (one) => one.account.time),
        newest,
      )) {
        found += 1;
        if (options.json) out.line(JSON.stringify(log.name === undefined ? account : { log: log.name, ...account }));
        else printAccount(account, out, log);
        if (out.closed || found >= limit) break;
      }
    } catch (error) {
      if (error instanceof Error && error.name === 'SyntaxError')
        throw new CommandFailure(`--relation or --column is not a name: ${error.message}`);
      throw error;
    }
    for (const { log, use } of logs) warnOfIndexes(log, use, err);
    const relied = describeIndexUse(logs.map(({ use }) => use));
    if (!options.json) out.line(`${found} found${relied === undefined ? '' : ` ${relied}`}`);
    return EXIT.ok;
  },
});

interface Found {
  readonly log: LedgerLog;
  readonly account: StatementAccount;
}

async function* foundIn(log: LedgerLog, filter: SearchFilter, options: SearchOptions): AsyncGenerator<Found, void, undefined> {
  for await (const account of search(log.directory, filter, options)) yield { log, account };
}

/** The last so many of all logs together; everything when nothing is said. */
async function* lastOf(found: AsyncIterable<Found>, newest: number | undefined): AsyncGenerator<Found, void, undefined> {
  if (newest === undefined) {
    yield* found;
    return;
  }
  const kept: Found[] = [];
  for await (const one of found) {
    kept.push(one);
    if (kept.length > newest) kept.shift();
  }
  yield* kept;
}

function countOf(option: string, text: string | undefined): number | undefined {
  if (text !== undefined && !/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`--${option} is not a whole number from 1`);
  return text === undefined ? undefined : Number(text);
}

type TextOption =
  | 'identity'
  | 'relation'
  | 'column'
  | 'run'
  | 'label'
  | 'fingerprint'
  | 'verdict'
  | 'rule'
  | 'action'
  | 'class'
  | 'upstream'
  | 'session'
  | 'text'
  | 'from'
  | 'to';

function filterOf(options: Readonly<Record<TextOption, string | undefined>> & { readonly opaque: boolean }): SearchFilter {
  const now = Date.now();
  const { identity, relation, column, run, label, rule, upstream, session, fingerprint, text } = options;
  const filter = {
    identity,
    relation,
    column,
    run,
    label,
    rule,
    upstream,
    session,
    fingerprint,
    text,
    verdict: oneOf<StatementAccount['verdict']>('verdict', options.verdict, VERDICTS),
    action: oneOf<Action>('action', options.action, ACTIONS),
    class: oneOf<StatementClass>('class', options.class, STATEMENT_CLASSES),
    opaque: options.opaque ? true : undefined,
    from: momentOf(options.from, 'from', now),
    to: momentOf(options.to, 'to', now),
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as SearchFilter;
}

function oneOf<T extends string>(option: string, value: string | undefined, known: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  const found = known.find((candidate) => candidate === value);
  if (found === undefined) throw new UsageError(`--${option} is not one of: ${known.join(', ')}`);
  return found;
}
