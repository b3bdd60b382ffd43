import { formatLine, SINK_FORMATS, type SinkFormat, signedEntries } from '@sqlwarden/ledger';
import { defineCommand } from '../command.js';
import { EXIT, UsageError } from '../failure.js';
import { LEDGER_OPTIONS, ledgerLogs } from './ledger-place.js';
import { momentOf, RANGE_OPTIONS } from './time-option.js';

export const ledgerExport = defineCommand({
  name: 'ledger export',
  summary: 'write entries that are under a checkpoint as lines of JSON',
  details: [
    'native: {"origin":…,"event":…}, where event is the canonical bytes of the entry: SHA-256 over a zero byte and these is its leaf in the tree.',
    'ocsf: events of the Open Cybersecurity Schema Framework 1.9. No statement, value or token is in either.',
    'What shall go on for ever is a sink: ledger.sinks in the configuration.',
  ],
  options: {
    ...LEDGER_OPTIONS,
    format: { type: 'text', value: '<format>', help: `${SINK_FORMATS.join(', ')} (default native)` },
    ...RANGE_OPTIONS,
  },
  async run({ options, out }) {
    const format = formatOf(options.format);
    const now = Date.now();
    const from = momentOf(options.from, 'from', now) ?? Number.NEGATIVE_INFINITY;
    const to = momentOf(options.to, 'to', now) ?? Number.POSITIVE_INFINITY;
    for (const { directory } of ledgerLogs(options)) {
      for await (const entry of signedEntries(directory)) {
        const { time } = entry.event;
        const line = time >= from && time < to ? formatLine(format, entry) : undefined;
        if (line !== undefined) out.line(line.toString('utf8').trimEnd());
        if (out.closed) return EXIT.ok;
        await out.lagging;
      }
    }
    return EXIT.ok;
  },
});

function formatOf(text: string | undefined): SinkFormat {
  const format = SINK_FORMATS.find((candidate) => candidate === (text ?? 'native'));
  if (format === undefined) throw new UsageError(`--format is not one of: ${SINK_FORMATS.join(', ')}`);
  return format;
}
