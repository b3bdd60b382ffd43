import { readFileSync } from 'node:fs';
import { verifyLedger, type VerifyReport } from '@sqlwarden/ledger';
import { defineCommand, JSON_OPTION } from '../command.js';
import { oneLine, type Style, type Terminal } from '../terminal.js';
import { LEDGER_OPTIONS, ledgerDirectory } from './ledger-place.js';

export const ledgerVerify = defineCommand({
  name: 'ledger verify',
  summary: 'check every byte, hash and signature of the ledger, and that its story is complete',
  details: [
    'Exit status: 0 in order; 20 something is missing that the log itself cannot prove; 30 another history was signed; 40 changed.',
    'Without --verifier the key in the directory is trusted, which proves nothing against somebody who can write there. Works beside a',
    'running gateway.',
  ],
  options: {
    ...LEDGER_OPTIONS,
    ...JSON_OPTION,
    verifier: { type: 'text', value: '<key>', help: 'the key that the log is known by: the line of keys/verifier, from somewhere else' },
    checkpoint: { type: 'text', multiple: true, value: '<file>', help: 'a checkpoint of this log that was kept somewhere else' },
  },
  async run({ options, out }) {
    const report = await verifyLedger(ledgerDirectory(options), {
      ...(options.verifier === undefined ? {} : { verifier: options.verifier }),
      retainedCheckpoints: options.checkpoint.map((file) => readFileSync(file, 'utf8')),
    });
    if (options.json) out.line(JSON.stringify(report, undefined, 2));
    else printReport(report, out);
    return report.exitCode;
  },
});

const TONES = { note: 'dim', gap: 'yellow', fork: 'red', invalid: 'red' } as const satisfies Record<string, Style>;
const RESULTS = { 0: 'in order', 20: 'INCOMPLETE', 30: 'FORKED', 40: 'CHANGED' } as const satisfies Record<
  VerifyReport['exitCode'],
  string
>;

function printReport(report: VerifyReport, out: Terminal): void {
  const { entries, unsigned, checkpoint, verifier, retained, redacted, findings, omitted } = report;
  out.line(`ledger      ${report.directory}`);
  if (report.origin !== undefined) out.line(`origin      ${oneLine(report.origin, 200)}`);
  if (verifier !== undefined)
    out.line(`key         ${oneLine(verifier.key, 200)} (${verifier.from === 'given' ? 'given' : 'from the directory itself'})`);
  out.line(`entries     ${entries}${unsigned === 0 ? '' : `, ${unsigned} of them not signed yet`}`);
  if (checkpoint !== undefined) out.line(`checkpoint  ${checkpoint.size} entries, root ${checkpoint.root}`);
  out.line(
    `compared    with ${retained.directory + retained.given} kept checkpoints${retained.given === 0 ? '' : `, ${retained.given} of them given`}`,
  );
  if (redacted.entries > 0) out.line(`redacted    values of ${redacted.entries} entries are not there any more`);
  for (const { severity, code, message, file, seq } of findings) {
    const where = [...(file === undefined ? [] : [file]), ...(seq === undefined ? [] : [`entry ${seq}`])].join(', ');
    out.line(
      `${out.style(TONES[severity], severity.padEnd(10))}  ${code}${where === '' ? '' : ` (${oneLine(where, 200)})`}: ${oneLine(message, 500)}`,
    );
  }
  if (omitted > 0) out.line(`            and ${omitted} more`);
  const tone = report.ok ? 'green' : report.exitCode === 20 ? 'yellow' : 'red';
  out.line(`${out.style('bold', 'result')}      ${out.style(tone, RESULTS[report.exitCode])}`);
}
