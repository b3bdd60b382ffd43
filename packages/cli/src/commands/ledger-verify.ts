import { readFileSync } from 'node:fs';
import { verifyLedger, type VerifyOptions, type VerifyReport } from '@sqlwarden/ledger';
import { loadConfig, workerName } from '@sqlwarden/runtime';
import { DEFAULT_CONFIG, defineCommand, JSON_OPTION } from '../command.js';
import { CommandFailure } from '../failure.js';
import { type LedgerLog, logsOf } from '../ledger-logs.js';
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
    verifier: {
      type: 'text',
      multiple: true,
      value: '<key>',
      help: 'the first key of the log, which it is known by: the line of keys/verifier, from somewhere else; with workers one for each log',
    },
    checkpoint: { type: 'text', multiple: true, value: '<file>', help: 'a checkpoint of this log that was kept somewhere else' },
  },
  async run({ options, out }) {
    const directory = ledgerDirectory(options);
    const logs = logsOf(directory);
    const checkpoints = options.checkpoint.map((file) => readFileSync(file, 'utf8'));
    const given = shareOut(logs, options.verifier, checkpoints);
    const missing = missingLogs(options, logs);
    const reports: NamedReport[] = [];
    for (const [at, log] of logs.entries()) reports.push({ log: log.name, ...(await verifyLedger(log.directory, given[at])) });
    const exitCode = Math.max(missing.length > 0 ? 20 : 0, ...reports.map((report) => report.exitCode));
    if (options.json) {
      const [only] = reports;
      const single = reports.length === 1 && missing.length === 0 && only?.log === undefined;
      out.line(JSON.stringify(single ? only : { ok: exitCode === 0, exitCode, missing, logs: reports }, undefined, 2));
      return exitCode;
    }
    for (const [at, report] of reports.entries()) {
      if (at > 0) out.line();
      printReport(report, out);
    }
    for (const name of missing) {
      out.line(
        `${out.style('yellow', 'gap'.padEnd(10))}  log-missing (${name}): the configuration has this worker; it has not run yet, or its log is gone`,
      );
    }
    return exitCode;
  },
});

type NamedReport = VerifyReport & { readonly log: string | undefined };

/** Gives each log the keys and checkpoints that name it. One that names none of them is an error: what it speaks of may be gone. */
function shareOut(logs: readonly LedgerLog[], verifiers: readonly string[], checkpoints: readonly string[]): readonly VerifyOptions[] {
  if (logs.length === 1 && verifiers.length <= 1) {
    const [verifier] = verifiers;
    return [{ ...(verifier === undefined ? {} : { verifier }), retainedCheckpoints: checkpoints }];
  }
  // A verifier key and a checkpoint both begin with the name of the log ("c2sp.org/signed-note", "c2sp.org/tlog-checkpoint").
  const belongs = (text: string, { name }: LedgerLog): boolean => workerOf(text.split(/[+\n]/, 1)[0] ?? '') === name;
  for (const text of [...verifiers, ...checkpoints]) {
    if (!logs.some((log) => belongs(text, log)))
      throw new CommandFailure(
        `there is no log for ${oneLine(text.split(/[+\n]/, 1)[0] ?? '', 200)}; a log that was there is gone, or it is of another ledger`,
      );
  }
  return logs.map((log) => {
    const verifier = verifiers.find((text) => belongs(text, log));
    return {
      ...(verifier === undefined ? {} : { verifier }),
      retainedCheckpoints: checkpoints.filter((text) => belongs(text, log)),
    };
  });
}

function workerOf(origin: string): string | undefined {
  return /\/(worker-[1-9]\d?)$/.exec(origin)?.[1];
}

/** Workers of the configuration, where it was read, that have no log. */
function missingLogs(
  { config, directory }: { readonly config: string | undefined; readonly directory: string | undefined },
  logs: readonly LedgerLog[],
): readonly string[] {
  const workers = directory === undefined ? loadConfig(config ?? DEFAULT_CONFIG).workers : 1;
  if (workers === 1) return [];
  const names = new Set(logs.map(({ name }) => name));
  return Array.from({ length: workers }, (_, at) => workerName(at + 1)).filter((name) => !names.has(name));
}

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
  if (report.keys.length > 1)
    out.line(`keys        ${report.keys.length}, each named by the one before; now ${oneLine(report.keys.at(-1) ?? '', 200)}`);
  if (report.removed.entriesBefore > 0)
    out.line(`removed     entries before ${report.removed.entriesBefore}, by retention; their hashes are there`);
  if (redacted.entries > 0)
    out.line(
      `redacted    values of ${redacted.entries} entries are not there any more${redacted.unexplained === 0 ? '; entries say that they were erased' : `; of ${redacted.unexplained} of them no entry says why`}`,
    );
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
