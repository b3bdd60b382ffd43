import { loadConfig } from '@sqlwarden/runtime';
import { CONFIG_OPTION, DEFAULT_CONFIG } from '../command.js';
import { UsageError } from '../failure.js';

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

/** An entry's position in the ledger. */
export function sequenceNumber(text: string | undefined): number {
  if (text === undefined || !/^\d{1,15}$/.test(text))
    throw new UsageError('<seq> is not the number of an entry; write a whole number from 0');
  return Number(text);
}
