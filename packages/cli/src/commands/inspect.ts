import { Inspection } from '@sqlwarden/runtime';
import { DEFAULT_CONFIG } from '../command.js';
import { DIALECTS } from '../dialects.js';
import { UsageError } from '../failure.js';
import { oneLine, type Terminal } from '../terminal.js';

/** Opens the configuration for looking at, gives it to `use`, and closes it again. */
export async function inspecting<T>(config: string | undefined, err: Terminal, use: (inspection: Inspection) => Promise<T>): Promise<T> {
  const inspection = new Inspection({
    configFile: config ?? DEFAULT_CONFIG,
    dialects: DIALECTS,
    onTrouble: (error) => err.line(`${err.style('yellow', 'sqlwarden:')} ${oneLine(error.message, 1000)}`),
  });
  try {
    return await use(inspection);
  } finally {
    await inspection.close();
  }
}

/** The upstream that was named, or the only one. */
export function chosenUpstream(inspection: Inspection, name: string | undefined): string {
  const names = inspection.config.upstreams.map((upstream) => upstream.name);
  const [only] = names;
  if (name === undefined && names.length === 1 && only !== undefined) return only;
  if (name !== undefined && names.includes(name)) return name;
  throw new UsageError(
    `${name === undefined ? 'there are several upstreams' : 'there is no such upstream'}; write --upstream with one of: ${names.join(', ')}`,
  );
}

/** Why an upstream could not be asked, for people. */
export function reasonOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : 'unknown reason', 300);
}
