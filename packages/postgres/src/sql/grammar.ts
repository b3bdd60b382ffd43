import { createRequire } from 'node:module';
import { rawStatements, type RawStatement } from './tree.js';

/**
 * PostgreSQL's own grammar, compiled to WebAssembly (libpg-query), one package for each major. The module's factory is called directly
 * rather than through the package's wrapper, which keeps one instance for the life of the process: an instance that has failed other than by
 * a syntax error is corrupt and must go.
 */

/** The majors whose grammar is there. A statement for any other major is refused. */
export const GRAMMAR_MAJORS = [15, 16, 17, 18] as const;
export type GrammarMajor = (typeof GRAMMAR_MAJORS)[number];

export function isGrammarMajor(major: number): major is GrammarMajor {
  return (GRAMMAR_MAJORS as readonly number[]).includes(major);
}

/** The compiled module, as far as it is used here. */
interface GrammarModule {
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _wasm_parse_query_raw(text: number): number;
  _wasm_free_parse_result(result: number): void;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, pointer: number, maxBytes: number): void;
  UTF8ToString(pointer: number): string;
  getValue(pointer: number, type: 'i32'): number;
}

/** What the grammar made of a text. `position` counts characters from 0. */
export type GrammarResult =
  | { readonly ok: true; readonly statements: readonly RawStatement[] }
  | { readonly ok: false; readonly message: string; readonly position: number };

/** Where syntax errors are raised: the scanner, the grammar and what they call. Anything else is not the text's fault. */
const SYNTAX_SOURCE = /(?:^|[_/])(?:scan\.l|gram\.y|parser\.c|scansup\.c|numutils\.c|mbutils\.c|wchar\.c|makefuncs\.c)$/;

export class Grammar {
  readonly #module: GrammarModule;

  private constructor(module: GrammarModule) {
    this.#module = module;
  }

  /** A fresh instance; about 30 ms. */
  static async load(major: GrammarMajor): Promise<Grammar> {
    const require = createRequire(import.meta.url);
    const factory = require(`libpg-query-${major}/wasm/libpg-query.js`) as () => Promise<GrammarModule>;
    return new Grammar(await factory());
  }

  /** Parses a text. Throws for anything but a syntax error: the instance must then not be used again. */
  parse(text: string): GrammarResult {
    const module = this.#module;
    const bytes = module.lengthBytesUTF8(text) + 1;
    const pointer = module._malloc(bytes);
    if (pointer === 0) throw new Error('the grammar is out of memory');
    module.stringToUTF8(text, pointer, bytes);
    const result = module._wasm_parse_query_raw(pointer);
    if (result === 0) throw new Error('the grammar is out of memory');
    const answer = this.#read(result);
    module._wasm_free_parse_result(result);
    module._free(pointer);
    return answer;
  }

  /** `struct { char *parse_tree; char *stderr_buffer; PgQueryError *error; }` */
  #read(result: number): GrammarResult {
    const error = this.#module.getValue(result + 8, 'i32');
    if (error !== 0) return this.#readError(error);
    const tree = this.#module.getValue(result, 'i32');
    if (tree === 0) throw new Error('the grammar gave no tree');
    return { ok: true, statements: rawStatements(JSON.parse(this.#module.UTF8ToString(tree))) };
  }

  /** `struct { char *message; char *funcname; char *filename; int lineno; int cursorpos; char *context; }` */
  #readError(error: number): GrammarResult {
    const word = (index: number): number => this.#module.getValue(error + 4 * index, 'i32');
    const file = this.#text(word(2));
    const message = this.#text(word(0));
    if (!SYNTAX_SOURCE.test(file)) throw new Error(`the grammar failed in ${file === '' ? 'an unnamed source' : file}`);
    return { ok: false, message: withoutQuotes(message), position: Math.max(0, word(4) - 1) };
  }

  #text(pointer: number): string {
    return pointer === 0 ? '' : this.#module.UTF8ToString(pointer);
  }
}

/** The grammar's own words without what they quote from the text, which may be a literal. */
function withoutQuotes(message: string): string {
  const words = message.replace(/ at or near [\s\S]*$/, '').replaceAll(/"[\s\S]*"/g, '…');
  return words === '' ? 'syntax error' : words;
}
