import { checkIndex, indexFullSegments } from '@sqlwarden/ledger';
import { plural } from '../duration.js';
import { defineCommand, JSON_OPTION } from '../command.js';
import { EXIT, UsageError } from '../failure.js';
import type { LedgerLog } from '../ledger-logs.js';
import type { Terminal } from '../terminal.js';
import { LEDGER_OPTIONS, ledgerLogs } from './ledger-place.js';

export const ledgerIndex = defineCommand({
  name: 'ledger index',
  summary: 'make the index files that search and why are quick by, or check them',
  details: [
    'An index file is made from the entries of a full segment (32,768), and can be made from them again at any time. It is proof of nothing:',
    'what an answer has is read from the log itself, but that there is no more is what the index says. --check makes each one anew in',
    'memory and compares it. Works beside a running gateway. Exit status 1 where one is wrong or cannot be made.',
  ],
  options: {
    ...LEDGER_OPTIONS,
    ...JSON_OPTION,
    rebuild: { type: 'flag', help: 'make all of them anew, not only those that are missing or damaged' },
    check: { type: 'flag', help: 'change nothing; compare each with what the log says' },
  },
  async run({ options, out }) {
    if (options.check && options.rebuild) throw new UsageError('write --check or --rebuild, not both');
    let isWrong = false;
    for (const log of ledgerLogs(options)) {
      const fine = options.check ? await check(log, options.json, out) : await make(log, options.rebuild, options.json, out);
      isWrong ||= !fine;
    }
    return isWrong ? EXIT.failure : EXIT.ok;
  },
});

async function make(log: LedgerLog, all: boolean, json: boolean, out: Terminal): Promise<boolean> {
  const { segments, built, failed } = await indexFullSegments(log.directory, { rebuild: all ? 'all' : 'damaged' });
  if (json) out.line(JSON.stringify({ log: log.name, segments, built, failed }));
  else {
    out.line(`${nameOf(log)}${built.length} made, ${segments - built.length - failed.length} there already`);
    for (const { message } of failed) out.line(out.style('red', message));
  }
  return failed.length === 0;
}

async function check(log: LedgerLog, json: boolean, out: Terminal): Promise<boolean> {
  const { segments, missing, unfit, wrong } = await checkIndex(log.directory);
  if (json) out.line(JSON.stringify({ log: log.name, segments, missing, unfit, wrong }));
  else {
    out.line(`${nameOf(log)}${plural(segments, 'full segment')}, ${missing.length} without an index`);
    for (const first of unfit) out.line(`of entry ${first}: damaged, or of other entries; it is not used`);
    for (const first of wrong)
      out.line(
        out.style(
          'red',
          `of entry ${first}: CHANGED; it does not say what the entries say: keep it as evidence, then run "sqlwarden ledger index --rebuild"`,
        ),
      );
  }
  return wrong.length === 0;
}

function nameOf({ name }: LedgerLog): string {
  return name === undefined ? '' : `${name}: `;
}
