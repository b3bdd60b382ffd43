import type { CorpusEntry, CorpusName } from '../corpus/corpus-files.js';
import type { Difference, Disagreement } from './compare.js';
import type { OracleName } from './oracles.js';

/** A class of disagreements of which it is known that the oracle is wrong, or speaks of something else. */
export interface Explanation {
  /** Why the oracle is no argument against us there. */
  readonly reason: string;
  readonly oracles: readonly OracleName[];
  readonly differences: readonly Difference[];
  readonly corpora: readonly CorpusName[];
  /** The class: by the text, the id, or what each side says. */
  readonly when: (disagreement: Disagreement, entry: CorpusEntry) => boolean;
}

/** Whether every relation that only we see stands right after `pattern` in the text. */
export function eachFollows({ ours }: Disagreement, { sql }: CorpusEntry, pattern: string): boolean {
  return ours.every((name) => new RegExp(`${pattern}\\s*${writtenName(name)}`, 'i').test(sql));
}

/** A pattern for a relation's name as it may be written: qualified or not, quoted or not. */
export function writtenName(name: string): string {
  const qualifiers = '(?:["`[]?[\\w#$@ ]*["`\\]]?\\s*\\.\\s*)*';
  return `${qualifiers}["\`[]?${escaped(name.split('.').at(-1) ?? '')}["\`\\]]?`;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/** The text without the comments and blanks before it. */
export function withoutLeadingComments(sql: string): string {
  return sql.replace(/^(?:\s+|--[^\n]*\n|#[^\n]*\n|\/\*(?!!)[\s\S]*?\*\/)*/, '');
}
