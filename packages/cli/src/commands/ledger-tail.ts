import { type LedgerEntry, type ReadContext, ReadContexts, tail } from '@sqlwarden/ledger';
import { defineCommand, JSON_OPTION } from '../command.js';
import { printEntry } from '../event-line.js';
import { EXIT, UsageError } from '../failure.js';
import { asTheyCome, inOrder, type LedgerLog } from '../ledger-logs.js';
import type { Terminal } from '../terminal.js';
import { LEDGER_OPTIONS, ledgerLogs } from './ledger-place.js';

export const ledgerTail = defineCommand({
  name: 'ledger tail',
  summary: 'show the last entries',
  options: {
    ...LEDGER_OPTIONS,
    ...JSON_OPTION,
    count: { type: 'text', value: '<n>', help: 'how many (default 10)' },
    follow: { type: 'flag', help: 'go on with new ones until interrupted' },
  },
  async run({ options, out }) {
    const count = options.count ?? '10';
    if (!/^\d{1,9}$/.test(count)) throw new UsageError('--count is not a whole number');
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
    const print = (placed: Placed): void => printPlaced(placed, options.json, out);
    const logs = ledgerLogs(options);
    if (!options.follow) {
      for (const placed of await lastOf(logs, Number(count))) print(placed);
      return EXIT.ok;
    }
    for await (const placed of asTheyCome(logs.map((log) => entriesOf(log, Number(count), stop.signal)))) {
      print(placed);
      if (out.closed) stop.abort();
    }
    return EXIT.ok;
  },
});

interface Placed {
  readonly log: LedgerLog;
  readonly entry: LedgerEntry;
  readonly context: ReadContext | undefined;
}

async function* entriesOf(log: LedgerLog, count: number, follow?: AbortSignal): AsyncGenerator<Placed, void, undefined> {
  const contexts = new ReadContexts(log.directory);
  for await (const entry of tail(log.directory, { count, ...(follow === undefined ? {} : { follow }) })) {
    contexts.note(entry);
    yield { log, entry, context: entry.event.type === 'statement.completed' ? await contexts.of(entry.event) : undefined };
  }
}

/** The last entries of all logs together, by time. */
async function lastOf(logs: readonly LedgerLog[], count: number): Promise<readonly Placed[]> {
  const last: Placed[] = [];
  const all = inOrder(
    logs.map((log) => entriesOf(log, count)),
    ({ entry }) => entry.event.time,
  );
  for await (const placed of all) {
    last.push(placed);
    if (last.length > count) last.shift();
  }
  return last;
}

function printPlaced({ log, entry, context }: Placed, json: boolean, out: Terminal): void {
  if (json) out.line(JSON.stringify(log.name === undefined ? entry : { log: log.name, ...entry }));
  else printEntry(entry, out, log, context);
}
