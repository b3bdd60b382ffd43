import type { Expression, NameParts, ParseText, Query, Statement, StoredBody } from '@sqlwarden/core';
import { isStatement } from '@sqlwarden/core';

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

  async statements(text: string, quotedIdentifier: boolean, parsing: Omit<Parsing, 'parser'>): Promise<readonly Statement[] | undefined> {
    const { serverVersion, caseSensitive } = parsing;
    const key = JSON.stringify([text, quotedIdentifier, serverVersion, caseSensitive]);
    const known = this.#earlier.get(key) ?? this.#parsed.get(key);
    if (known !== undefined) {
      this.#parsed.set(key, known);
      return known;
    }
    const lexical = { quoted_identifier: quotedIdentifier ? 'on' : 'off', case_sensitive: caseSensitive ? 'on' : 'off' };
    const result = await parsing.parse(text, { serverVersion, lexical });
    const statements = result.ok && result.unit.statements.every(isStatement) ? result.unit.statements : undefined;
    // Only what was parsed is remembered: a parser that was killed over this text may be luckier next time.
    if (statements !== undefined) this.#parsed.set(key, statements);
    return statements;
  }
}

/** The parser with what it must know, as one. */
export interface Parsing {
  readonly parser: DefinitionParser;
  readonly parse: ParseText;
  readonly serverVersion: number;
  /** As in the parser's lexical state. */
  readonly caseSensitive: boolean;
}

/** A module as `sys.sql_modules` has it: the whole text of its CREATE. */
export interface Module {
  readonly definition: string;
  readonly quotedIdentifier: boolean;
  readonly runsAsOther: boolean;
}

/** What a module is: the query of a view, or the body of a procedure, function or trigger. */
export type ParsedModule = { readonly kind: 'view'; readonly query: Query } | { readonly kind: 'body'; readonly body: StoredBody };

export async function parseModule(module: Module, parsing: Parsing): Promise<ParsedModule | undefined> {
  const statements = await parsing.parser.statements(module.definition, module.quotedIdentifier, parsing);
  const [only, ...rest] = statements ?? [];
  if (only === undefined || rest.length > 0) return undefined;
  if (only.kind === 'create-view') return { kind: 'view', query: only.query };
  const body = bodyOf(only);
  return body && { kind: 'body', body: { ...body, ...(module.runsAsOther && { securityDefiner: true }) } };
}

/** The body of the routine or trigger that a statement creates; `undefined` when it is not understood. */
export function bodyOf(statement: Statement): StoredBody | undefined {
  if (statement.kind === 'create-trigger') {
    const { body, events, rows = { old: 'deleted', new: 'inserted' } } = statement;
    return body && { parameters: [], statements: body, returns: 'nothing', rows, ...(events && { events }) };
  }
  if (statement.kind !== 'create-routine') return undefined;
  const { parameters, outputs = [], body, resultRelation, securityDefiner } = statement;
  const returns = statement.returns ?? (statement.objectKind === 'procedure' ? 'nothing' : undefined);
  if (body === undefined || returns === undefined) return undefined;
  return {
    parameters: parameters.map((name) => ({ name, output: outputs.includes(name) })),
    statements: body,
    returns,
    ...(resultRelation !== undefined && { resultRelation }),
    ...(securityDefiner && { securityDefiner }),
  };
}

/** The definition of a computed column, in which names are in brackets. */
export async function parseComputed(definition: string, parsing: Parsing): Promise<Expression | undefined> {
  const query = await parseQuery(`SELECT ${definition}`, parsing);
  return query?.body.kind === 'select' && query.body.items.length === 1 ? query.body.items[0]?.expression : undefined;
}

/** The name that a synonym stands for. */
export async function parseBaseName(name: string, parsing: Parsing): Promise<NameParts | undefined> {
  const query = await parseQuery(`SELECT * FROM ${name}`, parsing);
  const from = query?.body.kind === 'select' ? query.body.from : [];
  return from.length === 1 && from[0]?.kind === 'relation' ? from[0].name : undefined;
}

async function parseQuery(text: string, parsing: Parsing): Promise<Query | undefined> {
  const [only, ...rest] = (await parsing.parser.statements(text, true, parsing)) ?? [];
  return only?.kind === 'select' && rest.length === 0 ? only.query : undefined;
}
