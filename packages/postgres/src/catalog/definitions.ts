import { joinName } from '@sqlwarden/core';
import type {
  CatalogueRelation,
  CreateRule,
  CreateTrigger,
  Expression,
  ParseContext,
  ParseText,
  Query,
  RelationName,
  Statement,
} from '@sqlwarden/core';
import { isStatement } from '@sqlwarden/core';
import { number, type Row, text } from './rows.js';

export interface Definitions {
  readonly views: ReadonlyMap<RelationName, Query>;
  readonly generated: ReadonlyMap<RelationName, ReadonlyMap<string, Expression | undefined>>;
  /** By the routine's OID; of language SQL (in the form of the standard) and PL/pgSQL. */
  readonly bodies: ReadonlyMap<number, readonly Statement[]>;
  readonly triggers: readonly TriggerDefinition[];
}

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

/** Parses the texts that a catalogue holds, and remembers what it made of them for the next reading. */
export class DefinitionParser {
  readonly #earlier: ReadonlyMap<string, readonly Statement[] | undefined>;
  readonly #parsed = new Map<string, readonly Statement[] | undefined>();
  readonly #waiting: (() => void)[] = [];
  #atOnce = 0;

  constructor(earlier: ReadonlyMap<string, readonly Statement[] | undefined> = new Map()) {
    this.#earlier = earlier;
  }

  /** A parser that knows what this one parsed, and nothing older. */
  next(): DefinitionParser {
    return new DefinitionParser(this.#parsed);
  }

  /** Rows of DEFINITIONS_SQL. */
  async parse(
    rows: readonly Row[],
    relations: readonly CatalogueRelation[],
    parse: ParseText,
    context: ParseContext,
  ): Promise<Definitions> {
    const byId = new Map(relations.map((relation) => [relation.id, relation]));
    const views = new Map<RelationName, Query>();
    const generated = new Map<RelationName, Map<string, Expression | undefined>>();
    const bodies = new Map<number, readonly Statement[]>();
    const triggers: TriggerDefinition[] = [];
    const parsing = rows.map(async (row) => {
      const kind = text(row, 0);
      const id = number(row, 1);
      const relation = byId.get(id);
      if (kind === 'view' && relation !== undefined) {
        const query = await this.#query(text(row, 3), parse, context);
        if (query !== undefined) views.set(joinName(relation.schema, relation.name), query);
      } else if (kind === 'generated' && relation !== undefined) {
        const column = relation.columns.find((candidate) => candidate.number === number(row, 2));
        const expression = await this.#expression(text(row, 3), parse, context);
        if (column !== undefined) addTo(generated, joinName(relation.schema, relation.name), column.name, expression);
      } else if (kind === 'body') {
        const body = await this.#standardBody(text(row, 3), parse, context);
        if (body !== undefined) bodies.set(id, body);
      } else if (kind === 'procedure') {
        const body = await this.#procedureBody(text(row, 3), parse, context);
        if (body !== undefined) bodies.set(id, body);
      } else if (kind === 'trigger' || kind === 'rule') {
        const definition = await this.#trigger(text(row, 3), parse, context);
        triggers.push({ relationId: id, ...(kind === 'trigger' && { routineId: number(row, 2) }), definition });
      }
    });
    await Promise.all(parsing);
    return { views, generated, bodies, triggers };
  }

  /** The statements of a function of language SQL whose body is text. */
  async body(body: string, parse: ParseText, context: ParseContext): Promise<readonly Statement[] | undefined> {
    return this.#statements(body, parse, context);
  }

  async #query(definition: string, parse: ParseText, context: ParseContext): Promise<Query | undefined> {
    const statements = await this.#statements(definition, parse, context);
    const [only] = statements ?? [];
    return statements?.length === 1 && only?.kind === 'select' ? only.query : undefined;
  }

  async #expression(expression: string, parse: ParseText, context: ParseContext): Promise<Expression | undefined> {
    const query = await this.#query(`SELECT ${expression}`, parse, context);
    return query?.body.kind === 'select' && query.body.items.length === 1 ? query.body.items[0]?.expression : undefined;
  }

  /** `BEGIN ATOMIC … END` and `RETURN …` are only SQL inside of CREATE FUNCTION. */
  async #standardBody(body: string, parse: ParseText, context: ParseContext): Promise<readonly Statement[] | undefined> {
    return this.#procedureBody(`CREATE FUNCTION f() RETURNS int LANGUAGE sql ${body}`, parse, context);
  }

  async #procedureBody(definition: string, parse: ParseText, context: ParseContext): Promise<readonly Statement[] | undefined> {
    const [only] = (await this.#statements(definition, parse, context)) ?? [];
    return only?.kind === 'create-routine' ? only.body : undefined;
  }

  async #trigger(definition: string, parse: ParseText, context: ParseContext): Promise<TriggerDefinition['definition']> {
    const [only] = (await this.#statements(definition, parse, context)) ?? [];
    return only?.kind === 'create-trigger' || only?.kind === 'create-rule' ? only : undefined;
  }

  async #statements(definition: string, parse: ParseText, context: ParseContext): Promise<readonly Statement[] | undefined> {
    const known = this.#earlier.has(definition) ? this.#earlier : this.#parsed;
    if (known.has(definition)) {
      const statements = known.get(definition);
      this.#parsed.set(definition, statements);
      return statements;
    }
    const result = await this.#inTurn(() => parse(definition, context));
    const statements = result.ok && result.unit.statements.every(isStatement) ? result.unit.statements : undefined;
    // Only what was parsed is remembered: a parser that was killed over this text may be luckier next time.
    if (statements !== undefined) this.#parsed.set(definition, statements);
    return statements;
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

function addTo(
  map: Map<RelationName, Map<string, Expression | undefined>>,
  relation: RelationName,
  column: string,
  expression: Expression | undefined,
): void {
  const columns = map.get(relation);
  if (columns === undefined) map.set(relation, new Map([[column, expression]]));
  else columns.set(column, expression);
}
