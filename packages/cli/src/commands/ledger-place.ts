import type { IndexUse } from '@sqlwarden/ledger';
import { loadConfig } from '@sqlwarden/runtime';
import { CONFIG_OPTION, DEFAULT_CONFIG } from '../command.js';
import { plural } from '../duration.js';
import { UsageError } from '../failure.js';
import { type LedgerLog, logsOf } from '../ledger-logs.js';
import type { Terminal } from '../terminal.js';

/** An auditor may have the ledger and not the configuration. */
export const LEDGER_OPTIONS = {
  ...CONFIG_OPTION,
  directory: { type: 'text', value: '<directory>', help: 'the ledger itself (default: the one of the configuration)' },
} as const;

/** How questions are answered. */
export const INDEX_OPTION = {
  'no-index': { type: 'flag', help: 'read every entry: index files, which could have been changed, are not relied on' },
} as const;

/** Says what is not in the answer, and which index files were not used, on the side, so that what programs read stays as it is. */
export function warnOfIndexes(log: LedgerLog, use: IndexUse, err: Terminal): void {
  const name = log.name === undefined ? '' : `${log.name}: `;
  if (use.first > 0) err.line(`${name}entries before ${use.first} were removed by retention: what was in them is not in the answer`);
  if (use.unfit.length > 0)
    err.line(
      `${name}${plural(use.unfit.length, 'index file')} (of entry ${use.unfit.join(', ')}) ${use.unfit.length === 1 ? 'does' : 'do'} not fit the log; not used: run "sqlwarden ledger index"`,
    );
}

/** What an answer relies on, in words; `undefined` where every entry was read. */
export function describeIndexUse(uses: readonly IndexUse[]): string | undefined {
  const entries = uses.reduce((sum, use) => sum + use.entries, 0);
  const indexed = uses.reduce((sum, use) => sum + use.indexed, 0);
  if (indexed === 0) return undefined;
  return `of ${entries} entries; that there is nothing else is said by ${plural(indexed, 'index file')}, which "sqlwarden ledger index --check" checks`;
}

/** The ledger's directory. Throws a `ConfigError` where it has to be looked up and the configuration cannot be read. */
export function ledgerDirectory({
  config,
  directory,
}: {
  readonly config: string | undefined;
  readonly directory: string | undefined;
}): string {
  if (directory !== undefined && config !== undefined) throw new UsageError('write --config or --directory, not both');
  return directory ?? loadConfig(config ?? DEFAULT_CONFIG).ledger.directory;
}

/** The ledger's logs: one, or one for each worker of the gateway. Throws as {@link ledgerDirectory}. */
export function ledgerLogs(options: { readonly config: string | undefined; readonly directory: string | undefined }): readonly LedgerLog[] {
  return logsOf(ledgerDirectory(options));
}
