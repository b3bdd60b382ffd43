import { foldName } from './names.js';
import type { Token } from './tokens.js';

/**
 * Names of one text that are one name for a database of some collation and two for another ("Collation and Unicode support"). The resolver
 * compares folded names; where the server might compare otherwise, which of two things a name means is not known, and the text is refused.
 */

/** Letters that collations take for others, and normalisation does not. */
const LETTERS: Readonly<Record<string, string>> = { æ: 'ae', œ: 'oe', þ: 'th', ð: 'd', đ: 'd', ø: 'o', ł: 'l', ı: 'i', ħ: 'h', ŧ: 't' };
/** Accents, signs, and what the collations before version 100 have no weight for: to them `[a😀]` is `[a]`. */
const WEIGHTLESS = /[\p{M}\p{C}\p{Default_Ignorable_Code_Point}]|(?![ -~])[\p{S}\p{P}\p{Z}]|[\u{10000}-\u{10ffff}]/gu;
const KATAKANA = /[\u30a1-\u30f6]/g;
const FROM_KATAKANA_TO_HIRAGANA = 0x60;
/** Signs that become letters in lower case here, and perhaps not there: ohm, kelvin, ångström. */
const SIGNS = /[\u2126\u212a\u212b]/;
const BEYOND_ASCII = /[^ -~\s]/;

/** What is left of a folded name where width, accents, the kind of kana and invisible characters do not count. */
function weakest(folded: string): string {
  if (!BEYOND_ASCII.test(folded)) return folded;
  // Upper case takes `ß` and `ſ` apart.
  const plain = folded.normalize('NFKD').replace(WEIGHTLESS, '').toUpperCase().toLowerCase().replace(WEIGHTLESS, '');
  return plain
    .replace(/[æœþðđøłıħŧ]/g, (letter) => LETTERS[letter] ?? letter)
    .replace(KATAKANA, (kana) => String.fromCharCode(kana.charCodeAt(0) - FROM_KATAKANA_TO_HIRAGANA));
}

export class NameTwins {
  readonly #caseSensitive: boolean;
  /** Whether two names of the text can differ in more than case. */
  readonly #beyondAscii: boolean;
  readonly #folded = new Map<string, string>();
  readonly #spelled = new Map<string, string>();
  readonly #bound = new Set<string>();
  readonly #severallySpelled = new Set<string>();

  constructor(text: string, caseSensitive: boolean) {
    this.#caseSensitive = caseSensitive;
    this.#beyondAscii = BEYOND_ASCII.test(text);
  }

  /** Notes a name of the text; `spelling` as written. False when another name of the text may be the same to the server. */
  note(token: Token, spelling: string): boolean {
    if (token.kind !== 'word' && token.kind !== 'quoted' && token.kind !== 'variable') return true;
    const folded = foldName(token.text);
    if (this.#caseSensitive) this.#noteSpelling(folded, spelling);
    if (!this.#beyondAscii) return true;
    if (SIGNS.test(token.text)) return false;
    const weak = weakest(folded);
    const other = this.#folded.get(weak);
    if (other === undefined) this.#folded.set(weak, folded);
    return other === undefined || other === folded;
  }

  #noteSpelling(folded: string, spelling: string): void {
    const exact = /^(?:\[.*\]|".*")$/s.test(spelling) ? spelling.slice(1, -1) : spelling;
    const other = this.#spelled.get(folded);
    if (other === undefined) this.#spelled.set(folded, exact);
    else if (other !== exact) this.#severallySpelled.add(folded);
    // Variables and temporary tables are made by the text.
    if (/^[@#]/.test(folded) && !folded.startsWith('@@')) this.#bound.add(folded);
  }

  /** The text gives this name, folded, to something: an alias, a common table, a column of them. */
  bind(folded: string): void {
    if (this.#caseSensitive) this.#bound.add(folded);
  }

  /** A name that the text gives and spells in several ways, to a database that tells cases apart; `undefined` when there is none. */
  get severalSpellings(): string | undefined {
    for (const folded of this.#bound) if (this.#severallySpelled.has(folded)) return folded;
    return undefined;
  }
}
