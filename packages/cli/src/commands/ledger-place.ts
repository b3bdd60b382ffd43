import { loadConfig } from '@sqlwarden/runtime';
import { CONFIG_OPTION, DEFAULT_CONFIG } from '../command.js';
import { UsageError } from '../failure.js';
import { type LedgerLog, logsOf } from '../ledger-logs.js';

/** An auditor may have the ledger and not the configuration. */
export const LEDGER_OPTIONS = {
  ...CONFIG_OPTION,
  directory: { type: 'text', value: '<directory>', help: 'the ledger itself (default: the one of the configuration)' },
} as const;

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
