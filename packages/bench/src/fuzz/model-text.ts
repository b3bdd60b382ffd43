/**
 * The language of the model: words that say what a statement does at the model server and what the model host answers for it. Both read it
 * here, so that they agree, as a server and a policy that has analysed the text do.
 *
 * `<verb> [count] [flag…]`, statements separated by `;`. Verbs: select, insert, begin, commit, rollback, set, copy-in, copy-out, fail. Flags:
 * masked, clean, planned (a plan without masks), limited (few rows), later, inject, refuse, refuse-bind, refuse-execute.
 */
export interface ModelStatement {
  /** As the session is told; `unknown` for what the server cannot parse. */
  readonly action: string;
  readonly verb: string;
  readonly count: number;
  readonly masked: boolean;
  readonly clean: boolean;
  readonly planned: boolean;
  /** Only {@link MOST_LIMITED} of the rows that it returns or affects are allowed. */
  readonly limited: boolean;
}

export interface ModelUnit {
  readonly statements: readonly ModelStatement[];
  readonly flags: ReadonlySet<string>;
  /** The server cannot parse it. */
  readonly broken: boolean;
}

const ACTIONS: ReadonlyMap<string, string> = new Map([
  ['select', 'select'],
  ['insert', 'insert'],
  ['begin', 'begin'],
  ['commit', 'commit'],
  ['rollback', 'rollback'],
  ['set', 'set'],
  ['copy-in', 'copy'],
  ['copy-out', 'copy'],
  ['fail', 'select'],
]);
export const MOST_LIMITED = 5;
const MAX_KNOWN = 4_096;
const known = new Map<string, ModelUnit>();

export function readModelText(text: string): ModelUnit {
  const found = known.get(text);
  if (found !== undefined) return found;
  if (known.size >= MAX_KNOWN) known.clear();
  const flags = new Set<string>();
  const statements = text
    .split(';')
    .filter((part) => part.trim() !== '')
    .map((part) => readStatement(part, flags));
  const unit = { statements, flags, broken: statements.some(({ action }) => action === 'unknown') };
  known.set(text, unit);
  return unit;
}

function readStatement(part: string, flags: Set<string>): ModelStatement {
  const words = part.trim().split(/\s+/);
  const verb = words[0] ?? '';
  for (const word of words.slice(1)) flags.add(word);
  const count = Math.min(Number(words.find((word) => /^\d{1,6}$/.test(word)) ?? 1), 40);
  const masked = words.includes('masked');
  return {
    action: ACTIONS.get(verb) ?? 'unknown',
    verb,
    count,
    masked,
    clean: masked || words.includes('clean'),
    planned: words.includes('planned'),
    limited: words.includes('limited'),
  };
}
