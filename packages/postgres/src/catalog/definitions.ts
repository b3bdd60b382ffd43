import type { CreateRule, CreateTrigger, Expression, ParseContext, ParseText, Query, Statement } from '@sqlwarden/core';
import { isStatement } from '@sqlwarden/core';
import { number, type Row, text } from './rows.js';

/** A text of a definition, and what was made of it; nothing where it is not understood. */
export type Definition =
  | { readonly kind: 'view'; readonly text: string; readonly statements: Parsed; readonly query: Query | undefined }
  | {
      readonly kind: 'generated';
      readonly text: string;
      readonly statements: Parsed;
      readonly column: number;
      readonly expression: Expression | undefined;
    }
  /** Of language SQL in the form of the standard, or PL/pgSQL. */
  | { readonly kind: 'body'; readonly text: string; readonly statements: Parsed; readonly body: readonly Statement[] | undefined }
  | { readonly kind: 'trigger'; readonly text: string; readonly statements: Parsed; readonly trigger: TriggerDefinition };

type Parsed = readonly Statement[] | undefined;

/** A trigger or rule of a relation. */
export interface TriggerDefinition {
  readonly relationId: number;
  /** The function that a trigger runs; none for a rule. */
  readonly routineId?: number;
  /** `undefined` when it is not understood. */
  readonly definition: CreateTrigger | CreateRule | undefined;
}

/** Texts of one reading that wait for the parser together: statements wait there too, and there is an end to how many may. */
const TEXTS_AT_ONCE = 32;

/** Parses the texts that a catalogue holds. `earlier`: what was made of texts before, by text as it was parsed. */
export class DefinitionParser {
  readonly #parse: ParseText;
  readonly #context: ParseContext;
  readonly #earlier: () => Iterable<readonly [string, readonly Statement[]]>;
  #known: Map<string, readonly Statement[]> | undefined;
  readonly #waiting: (() => void)[] = [];
  #atOnce = 0;

  constructor(parse: ParseText, context: ParseContext, earlier: () => Iterable<readonly [string, readonly Statement[]]>) {
    this.#parse = parse;
    this.#context = context;
    this.#earlier = earlier;
  }

  /** A row of definitions (`definitionsSql`). */
  async define(row: Row): Promise<Definition> {
    const kind = text(row, 0);
    if (kind === 'view') {
      const parsed = await this.#parsed(text(row, 3));
      return { kind, ...parsed, query: onlyQuery(parsed.statements) };
    }
    if (kind === 'generated') {
      const parsed = await this.#parsed(`SELECT ${text(row, 3)}`);
      return { kind, ...parsed, column: number(row, 2), expression: onlyExpression(onlyQuery(parsed.statements)) };
    }
    if (kind === 'trigger' || kind === 'rule') {
      const parsed = await this.#parsed(text(row, 3));
      const [only] = parsed.statements ?? [];
      const definition = only?.kind === 'create-trigger' || only?.kind === 'create-rule' ? only : undefined;
      return {
        kind: 'trigger',
        ...parsed,
        trigger: { relationId: number(row, 1), ...(kind === 'trigger' && { routineId: number(row, 2) }), definition },
      };
    }
    // `BEGIN ATOMIC … END` and `RETURN …` are only SQL inside of CREATE FUNCTION.
    const parsed = await this.#parsed(kind === 'body' ? `CREATE FUNCTION f() RETURNS int LANGUAGE sql ${text(row, 3)}` : text(row, 3));
    const [only] = parsed.statements ?? [];
    return { kind: 'body', ...parsed, body: only?.kind === 'create-routine' ? only.body : undefined };
  }

  /** The statements of a function of language SQL whose body is text. */
  async body(body: string): Promise<readonly Statement[] | undefined> {
    return (await this.#parsed(body)).statements;
  }

  async #parsed(definition: string): Promise<{ readonly text: string; readonly statements: Parsed }> {
    this.#known ??= new Map(this.#earlier());
    const known = this.#known.get(definition);
    if (known !== undefined) return { text: definition, statements: known };
    const result = await this.#inTurn(() => this.#parse(definition, this.#context));
    const statements = result.ok && result.unit.statements.every(isStatement) ? result.unit.statements : undefined;
    // Only what was parsed is remembered: a parser that was killed over this text may be luckier next time.
    if (statements !== undefined) this.#known.set(definition, statements);
    return { text: definition, statements };
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#atOnce >= TEXTS_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#atOnce += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#atOnce -= 1;
      else next();
    }
  }
}

function onlyQuery(statements: Parsed): Query | undefined {
  const [only] = statements ?? [];
  return statements?.length === 1 && only?.kind === 'select' ? only.query : undefined;
}

function onlyExpression(query: Query | undefined): Expression | undefined {
  return query?.body.kind === 'select' && query.body.items.length === 1 ? query.body.items[0]?.expression : undefined;
}
