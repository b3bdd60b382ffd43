import { readEntry, ReadContexts } from '@sqlwarden/ledger';
import { defineCommand, JSON_OPTION } from '../command.js';
import { printEntry } from '../event-line.js';
import { EXIT } from '../failure.js';
import { entryPlace } from '../ledger-logs.js';
import { printable } from '../terminal.js';
import { LEDGER_OPTIONS, ledgerLogs } from './ledger-place.js';

export const ledgerShow = defineCommand({
  name: 'ledger show',
  summary: 'show one entry with everything that is kept beside it',
  positionals: ['<seq>'],
  options: { ...LEDGER_OPTIONS, ...JSON_OPTION },
  async run({ options, positionals, out }) {
    const { log, seq } = entryPlace(positionals[0], ledgerLogs(options));
    const entry = await readEntry(log.directory, seq);
    if (options.json) {
      out.line(JSON.stringify(entry, undefined, 2));
      return EXIT.ok;
    }
    const context = entry.event.type === 'statement.completed' ? await new ReadContexts(log.directory).of(entry.event) : undefined;
    printEntry(entry, out, log, context);
    for (const { name, value } of entry.disclosures) {
      out.line();
      out.line(`${out.style('bold', name)} (kept beside the log, can be erased)`);
      // A token is a credential while it lasts; --json has it for checking its signature again.
      for (const line of name === 'token' ? ['not shown; --json has it'] : printable(value).split('\n')) out.line(`  ${line}`);
    }
    if (entry.redacted.length > 0) out.line(`\nerased or not believed: ${entry.redacted.join(', ')}`);
    out.line();
    out.line(out.style('bold', 'entry'));
    for (const line of printable(JSON.stringify(entry.event, undefined, 2)).split('\n')) out.line(`  ${line}`);
    return EXIT.ok;
  },
});
