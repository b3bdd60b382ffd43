import { type Action, ACTIONS, STATEMENT_CLASSES, type StatementClass } from '@sqlwarden/core';
import { search, type SearchFilter, type StatementAccount } from '@sqlwarden/ledger';
import { printAccount } from '../account-line.js';
import { defineCommand, JSON_OPTION } from '../command.js';
import { CommandFailure, EXIT, UsageError } from '../failure.js';
import { inOrder, type LedgerLog } from '../ledger-logs.js';
import { LEDGER_OPTIONS, ledgerLogs } from './ledger-place.js';
import { momentOf, RANGE_OPTIONS } from './time-option.js';

const VERDICTS = ['allow', 'approved', 'observed', 'refused'] as const satisfies readonly StatementAccount['verdict'][];

export const ledgerSearch = defineCommand({
  name: 'ledger search',
  summary: 'find statements by who, what, when and how it ended',
  details: ['Everything that is given must match. Prints the oldest first; --json writes one statement per line.'],
  options: {
    ...LEDGER_OPTIONS,
    identity: { type: 'text', value: '<who>', help: 'the subject or an actor (id or name), a model, pod, job or training run' },
    relation: { type: 'text', value: '<name>', help: 'a table or view: people, public.people, crm.public.people' },
    column: { type: 'text', value: '<name>', help: 'a column: people.email, public.people.email' },
    label: { type: 'text', value: '<label>', help: 'a label of the columns touched' },
    verdict: { type: 'text', value: '<verdict>', help: VERDICTS.join(', ') },
    rule: { type: 'text', value: '<id>', help: 'a rule that matched' },
    action: { type: 'text', value: '<action>', help: 'select, insert, alter, …' },
    class: { type: 'text', value: '<class>', help: STATEMENT_CLASSES.join(', ') },
    upstream: { type: 'text', value: '<name>', help: 'on this upstream' },
    session: { type: 'text', value: '<id>', help: 'in this session' },
    text: { type: 'text', value: '<part>', help: "a part of the statement's text" },
    ...RANGE_OPTIONS,
    ...JSON_OPTION,
  },
  async run({ options, out }) {
    let found = 0;
    try {
      const filter = filterOf(options);
      const all = ledgerLogs(options).map((log) => foundIn(log, filter));
      for await (const { log, account } of inOrder(all, (one) => one.account.time)) {
        found += 1;
        if (options.json) out.line(JSON.stringify(log.name === undefined ? account : { log: log.name, ...account }));
        else printAccount(account, out, log);
        if (out.closed) break;
      }
    } catch (error) {
      if (error instanceof Error && error.name === 'SyntaxError')
        throw new CommandFailure(`--relation or --column is not a name: ${error.message}`);
      throw error;
    }
    if (!options.json) out.line(`${found} found`);
    return EXIT.ok;
  },
});

async function* foundIn(
  log: LedgerLog,
  filter: SearchFilter,
): AsyncGenerator<{ readonly log: LedgerLog; readonly account: StatementAccount }, void, undefined> {
  for await (const account of search(log.directory, filter)) yield { log, account };
}

type TextOption =
  | 'identity'
  | 'relation'
  | 'column'
  | 'label'
  | 'verdict'
  | 'rule'
  | 'action'
  | 'class'
  | 'upstream'
  | 'session'
  | 'text'
  | 'from'
  | 'to';

function filterOf(options: Readonly<Record<TextOption, string | undefined>>): SearchFilter {
  const now = Date.now();
  const given = {
    ...options,
    verdict: oneOf<StatementAccount['verdict']>('verdict', options.verdict, VERDICTS),
    action: oneOf<Action>('action', options.action, ACTIONS),
    class: oneOf<StatementClass>('class', options.class, STATEMENT_CLASSES),
    from: momentOf(options.from, 'from', now),
    to: momentOf(options.to, 'to', now),
  };
  const { identity, relation, column, label, verdict, rule, action, class: kind, upstream, session, text, from, to } = given;
  const filter = { identity, relation, column, label, verdict, rule, action, class: kind, upstream, session, text, from, to };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as SearchFilter;
}

function oneOf<T extends string>(option: string, value: string | undefined, known: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  const found = known.find((candidate) => candidate === value);
  if (found === undefined) throw new UsageError(`--${option} is not one of: ${known.join(', ')}`);
  return found;
}
