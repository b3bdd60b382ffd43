import type { Expression, ParseContext, ParseText, Query, Statement } from '@sqlwarden/core';
import type { Flavour } from '../sql/functions.js';
import { isStatement } from '@sqlwarden/core';

/** The server whose texts are parsed. */
export interface DefinitionContext {
  readonly flavour: Flavour;
  readonly serverVersion: number;
  readonly lowerCaseTableNames: string;
}

/** Parses the texts that a catalogue holds, and remembers what it made of them for the next reading. */
export class DefinitionParser {
  readonly #earlier: ReadonlyMap<string, readonly Statement[]>;
  readonly #parsed = new Map<string, readonly Statement[]>();

  constructor(earlier: ReadonlyMap<string, readonly Statement[]> = new Map()) {
    this.#earlier = earlier;
  }

  /** A parser that knows what this one parsed, and nothing older. */
  next(): DefinitionParser {
    return new DefinitionParser(this.#parsed);
  }

  /** The query of a view: the server keeps it with backslash escapes and backquotes, whatever mode the view was made in. */
  async query(definition: string, parse: ParseText, context: DefinitionContext): Promise<Query | undefined> {
    const [only, ...rest] = (await this.#statements(definition, '', parse, context)) ?? [];
    return only?.kind === 'select' && rest.length === 0 ? only.query : undefined;
  }

  /** The expression of a generated column. MySQL shows it with its quotes escaped. */
  async expression(expression: string, parse: ParseText, context: DefinitionContext): Promise<Expression | undefined> {
    const query =
      (await this.query(`SELECT ${expression}`, parse, context)) ??
      (context.flavour === 'mysql' && expression.includes("\\'")
        ? await this.query(`SELECT ${expression.replaceAll(/\\(['\\])/g, '$1')}`, parse, context)
        : undefined);
    return query?.body.kind === 'select' && query.body.items.length === 1 ? query.body.items[0]?.expression : undefined;
  }

  /** The statements of a stored routine that this statement makes, in the mode that it was made in. */
  async routine(
    definition: string,
    sqlMode: string,
    parse: ParseText,
    context: DefinitionContext,
  ): Promise<readonly Statement[] | undefined> {
    const [only, ...rest] = (await this.#statements(definition, sqlMode, parse, context)) ?? [];
    return only?.kind === 'create-routine' && rest.length === 0 ? only.body : undefined;
  }

  /** The statements of a trigger that this statement makes, in the mode that it was made in. */
  async trigger(
    definition: string,
    sqlMode: string,
    parse: ParseText,
    context: DefinitionContext,
  ): Promise<readonly Statement[] | undefined> {
    const [only, ...rest] = (await this.#statements(definition, sqlMode, parse, context)) ?? [];
    return only?.kind === 'create-trigger' && rest.length === 0 ? only.body : undefined;
  }

  async #statements(
    definition: string,
    sqlMode: string,
    parse: ParseText,
    context: DefinitionContext,
  ): Promise<readonly Statement[] | undefined> {
    const key = JSON.stringify([definition, sqlMode, context]);
    const known = this.#earlier.get(key) ?? this.#parsed.get(key);
    if (known !== undefined) {
      this.#parsed.set(key, known);
      return known;
    }
    const result = await parse(definition, parseContext(sqlMode, context));
    const statements = result.ok && result.unit.statements.every(isStatement) ? result.unit.statements : undefined;
    // Only what was parsed is remembered: a parser that was killed over this text may be luckier next time.
    if (statements !== undefined) this.#parsed.set(key, statements);
    return statements;
  }
}

function parseContext(sqlMode: string, { flavour, serverVersion, lowerCaseTableNames }: DefinitionContext): ParseContext {
  const lexical = { flavour, sql_mode: sqlMode, character_set_client: 'utf8mb4', lower_case_table_names: lowerCaseTableNames };
  return { serverVersion, lexical };
}
