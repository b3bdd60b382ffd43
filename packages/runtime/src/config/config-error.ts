export type ConfigErrorCode =
  | 'config-invalid' // sqlwarden.yaml
  | 'policy-invalid' // a policy file, or policy files that do not go together
  | 'file-unreadable'
  | 'file-too-large';

/** Something wrong in a file, and where. Lines and columns count from 1; 0 when it is not in one place. */
export interface SourceProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `rules[2].match.class`; empty for the file as a whole. */
  readonly path: string;
  /** What is wrong and what to write instead. */
  readonly message: string;
}

/** Files of the configuration cannot be used. `problems` are all that were found in them, never only the first. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: ConfigErrorCode;
  readonly problems: readonly SourceProblem[];

  constructor(code: ConfigErrorCode, problems: readonly SourceProblem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.code = code;
    this.problems = problems;
  }
}

/** `file:line:column: path what is wrong; write … instead`. */
export function formatProblem({ file, line, column, path, message }: SourceProblem): string {
  const place = line > 0 ? `${file}:${line}:${column}` : file;
  return `${place}: ${path === '' ? '' : `${path} `}${message}`;
}

/** `rules[2].match.class`, from keys and positions. Keys that are no plain words are quoted. */
export function formatPath(path: readonly (string | number)[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[\w$-]+$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `["${step}"]`;
  }
  return text;
}
