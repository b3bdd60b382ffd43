import { tail } from '@sqlwarden/ledger';
import { defineCommand, JSON_OPTION } from '../command.js';
import { printEntry } from '../event-line.js';
import { EXIT, UsageError } from '../failure.js';
import { LEDGER_OPTIONS, ledgerDirectory } from './ledger-place.js';

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
    const entries = tail(ledgerDirectory(options), { count: Number(count), ...(options.follow ? { follow: stop.signal } : {}) });
    for await (const entry of entries) {
      if (options.json) out.line(JSON.stringify(entry));
      else printEntry(entry, out);
      if (out.closed) stop.abort();
    }
    return EXIT.ok;
  },
});
