import type { Command } from './command.js';
import { aligned, type Terminal } from './terminal.js';

/** The list of all commands. */
export function printOverview(commands: readonly Command[], out: Terminal): void {
  out.line(`${out.style('bold', 'sqlwarden')}: an identity-aware SQL gateway`);
  out.line();
  out.line('usage: sqlwarden <command> [options]');
  out.line();
  const rows = commands.map(({ name, positionals, summary }) => [`  ${[name, ...positionals].join(' ')}`, summary]);
  for (const line of aligned(rows)) out.line(line);
  out.line();
  out.line('sqlwarden <command> --help says more about one; sqlwarden --version says which version this is.');
  out.line('Exit status: 0 done, 1 failed, 2 written wrongly; ledger verify has its own.');
}

/** What one command does and takes. */
export function printHelp({ name, summary, positionals, details, options }: Command, out: Terminal): void {
  out.line(`usage: sqlwarden ${[name, ...positionals].join(' ')}${Object.keys(options).length === 0 ? '' : ' [options]'}`);
  out.line();
  out.line(summary);
  if (details.length > 0) out.line();
  for (const line of details) out.line(line);
  out.line();
  const rows = Object.entries(options).map(([key, { value, multiple, help }]) => [
    `  --${key}${value === undefined ? '' : ` ${value}`}`,
    multiple === true ? `${help} (may be repeated)` : help,
  ]);
  for (const line of aligned([...rows, ['  --help', 'this text']])) out.line(line);
}
