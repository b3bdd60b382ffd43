import { sinkCursors, signedSize } from '@sqlwarden/ledger';
import { defineCommand, JSON_OPTION } from '../command.js';
import { EXIT } from '../failure.js';
import { aligned } from '../terminal.js';
import { LEDGER_OPTIONS, ledgerLogs } from './ledger-place.js';

export const ledgerSinks = defineCommand({
  name: 'ledger sinks',
  summary: 'show how far the sinks of the ledger are',
  details: ['Read from their cursors, which a gateway at work writes twice a second: what is behind waits in the ledger.'],
  options: { ...LEDGER_OPTIONS, ...JSON_OPTION },
  async run({ options, out }) {
    const rows: { readonly log: string | undefined; readonly sink: string; readonly next: number; readonly behind: number }[] = [];
    for (const { name: log, directory } of ledgerLogs(options)) {
      const signed = await signedSize(directory);
      for (const [sink, { next }] of await sinkCursors(directory)) rows.push({ log, sink, next, behind: signed - next });
    }
    if (options.json) for (const row of rows) out.line(JSON.stringify(row));
    else if (rows.length === 0) out.line('no sink has got anything yet');
    else
      for (const line of aligned(
        rows.map(({ log, sink, next, behind }) => [
          ...(log === undefined ? [] : [log]),
          sink,
          `has the entries before ${next}`,
          `${behind} behind`,
        ]),
      ))
        out.line(line);
    return EXIT.ok;
  },
});
