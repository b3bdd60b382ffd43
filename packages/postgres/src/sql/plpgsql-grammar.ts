import { createRequire } from 'node:module';
import { type Shape, shapeOf } from './tree.js';

/**
 * PL/pgSQL's own grammar (pl_gram.y of PostgreSQL 18, the only major whose build of libpg-query has it). What stands inside of a body as SQL is
 * given back as text, to be read by the grammar of the server's major; the language around it has not changed between 15 and 18.
 */
interface PlpgsqlModule {
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _wasm_parse_plpgsql(text: number): number;
  _wasm_free_string(text: number): void;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, pointer: number, maxBytes: number): void;
  UTF8ToString(pointer: number): string;
}

export class PlpgsqlGrammar {
  readonly #module: PlpgsqlModule;

  private constructor(module: PlpgsqlModule) {
    this.#module = module;
  }

  /** A fresh instance; about 30 ms. */
  static async load(): Promise<PlpgsqlGrammar> {
    const require = createRequire(import.meta.url);
    const factory = require('libpg-query-18/wasm/libpg-query.js') as () => Promise<PlpgsqlModule>;
    return new PlpgsqlGrammar(await factory());
  }

  /**
   * The `PLpgSQL_function` of a CREATE FUNCTION or CREATE PROCEDURE statement. `undefined` when the body is not PL/pgSQL, or says what can only be
   * understood with a catalogue at hand (fields of row types).
   */
  parse(createFunction: string): Shape | undefined {
    return this.#parse(createFunction) ?? this.#parse(withRecords(createFunction));
  }

  #parse(createFunction: string): Shape | undefined {
    const module = this.#module;
    const bytes = module.lengthBytesUTF8(createFunction) + 1;
    const pointer = module._malloc(bytes);
    if (pointer === 0) throw new Error('the grammar is out of memory');
    module.stringToUTF8(createFunction, pointer, bytes);
    const result = module._wasm_parse_plpgsql(pointer);
    const answer = result === 0 ? '' : module.UTF8ToString(result);
    if (result !== 0) module._wasm_free_string(result);
    module._free(pointer);
    return functionOf(answer);
  }
}

/** The answer is JSON, or the message of an error. */
function functionOf(answer: string): Shape | undefined {
  if (!answer.startsWith('{')) return undefined;
  const { plpgsql_funcs: functions } = JSON.parse(answer) as { readonly plpgsql_funcs?: readonly unknown[] };
  return functions?.length === 1 ? shapeOf(functions[0]) : undefined;
}

/** Variables of a table's row type as records: what their fields are is not known to the grammar then, and not asked. */
function withRecords(createFunction: string): string {
  return createFunction.replaceAll(/\bdeclare\b[\s\S]*?\bbegin\b/gi, (declarations) =>
    declarations.replaceAll(/((?:;|\bdeclare)\s*[\w$]+\s+)(?:[\w$"]+\.)?[\w$"]+\s*%\s*rowtype\b/gi, '$1record'),
  );
}
