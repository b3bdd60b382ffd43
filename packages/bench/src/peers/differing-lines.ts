import { runProgram } from '@sqlwarden/testkit';

/** Lines that stand in one file and not in the other, at one place. */
export interface Hunk {
  /** Without the gateway. */
  readonly direct: readonly string[];
  readonly through: readonly string[];
}

/** Why what the gateway shows differs; docs/peers.md explains each. */
export const CAUSES = ['syntax-error', 'backslash', 'refused', 'connection-lost', 'follows', 'unexplained'] as const;
export type Cause = (typeof CAUSES)[number];

/** The hunks between two texts, by the program `diff`. */
export async function hunksBetween(directFile: string, throughFile: string): Promise<readonly Hunk[]> {
  const { status, stdout, stderr } = await runProgram('diff', ['--text', directFile, throughFile]);
  if (status === null || status > 1) throw new Error(`diff failed: ${stderr}`);
  return readHunks(stdout);
}

/** Reads what `diff` writes in its normal format. */
export function readHunks(output: string): readonly Hunk[] {
  const hunks: { direct: string[]; through: string[] }[] = [];
  for (const line of output.split('\n')) {
    if (/^\d+(,\d+)?[acd]\d+(,\d+)?$/.test(line)) hunks.push({ direct: [], through: [] });
    else if (line.startsWith('< ')) hunks.at(-1)?.direct.push(line.slice(2));
    else if (line.startsWith('> ')) hunks.at(-1)?.through.push(line.slice(2));
  }
  return hunks;
}

/**
 * The cause of every hunk of one file, in order. The server's own syntax error gives way to the gateway's, whose message has a place instead of
 * the text that stands there, and which adds its code in a detail of its own line. What a refusal keeps from being made is missing later on:
 * hunks behind one, without a word of the gateway's, follow from it. Everything else is unexplained.
 */
export function causesOf(hunks: readonly Hunk[]): readonly Cause[] {
  let refusedBefore = false;
  return hunks.map((hunk) => {
    const cause = causeOf(hunk, refusedBefore);
    if (cause === 'refused' || cause === 'backslash' || cause === 'connection-lost') refusedBefore = true;
    return cause;
  });
}

const SYNTAX_LINES = [
  /^(psql:.*)?(ERROR: {2}|last error message: )sqlwarden: .* at character \d+( at character \d+)?$/,
  /^DETAIL: {2}code: statement-unparsed$/,
  // The gateway's parser says at which place of the statement; the server names another for some errors.
  /^LINE \d+: /,
  /^ *\^$/,
];

function causeOf({ direct, through }: Hunk, refusedBefore: boolean): Cause {
  if (through.some((line) => line.includes('the database broke the protocol'))) return 'connection-lost';
  if (through.some((line) => line.includes('sqlwarden: a backslash cannot be read'))) return 'backslash';
  const isRefused = through.some((line) => line.includes('sqlwarden: ') && !SYNTAX_LINES.some((pattern) => pattern.test(line)));
  if (isRefused) return 'refused';
  // Beside the message only what belongs to it may be missing.
  if (through.length === 0 && !direct.every((line) => /^(DETAIL|HINT): /.test(line))) return refusedBefore ? 'follows' : 'unexplained';
  const errors = direct.every((line) => /^(psql:.*)?(ERROR: {2}|last error message: |DETAIL: |HINT: |LINE \d+: | *\^$)/.test(line));
  if (errors && through.every((line) => SYNTAX_LINES.some((pattern) => pattern.test(line)))) return 'syntax-error';
  return refusedBefore ? 'follows' : 'unexplained';
}
