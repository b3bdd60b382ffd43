/** How often the server ran a text, and how often that failed while it ran. */
export interface Runs {
  ran: number;
  failed: number;
  /** Of the ledger only: Executes that failed with a code that may mean that there was nothing to run. */
  doubtful?: number;
}

/** Parameters of a server that make its log the truth: what ran, in whose name, and what failed. */
export const LOGGING = { log_statement: 'all', log_line_prefix: '%e ', log_min_error_statement: 'error' } as const;

const RAN = /LOG: {2}(?:statement|execute [^:]*): (.*)$/;
const FAILED = /^(\S+) STATEMENT: {2}(.*)$/;

/** The code that a text of the programs fails with only while it runs. */
export const RUN_TIME_FAILURE = '22012';

/** What a server with {@link LOGGING} says of the texts that have a tag, by text. */
export function readServerLog(log: string, key: (text: string) => string | undefined): Map<string, Runs> {
  const runs = new Map<string, Runs>();
  const of = (text: string): Runs | undefined => {
    const found = key(text);
    if (found === undefined) return undefined;
    const known = runs.get(found) ?? { ran: 0, failed: 0 };
    runs.set(found, known);
    return known;
  };
  for (const line of log.split('\n')) {
    const ran = RAN.exec(line)?.[1];
    const one = ran === undefined ? undefined : of(ran);
    if (one !== undefined) one.ran += 1;
    const failed = FAILED.exec(line);
    const other = failed?.[1] === RUN_TIME_FAILURE ? of(failed[2] ?? '') : undefined;
    if (other !== undefined) other.failed += 1;
  }
  return runs;
}
