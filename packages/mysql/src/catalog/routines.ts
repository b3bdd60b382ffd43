import { joinName } from '@sqlwarden/core';
import type { CatalogueQuery, CatalogueRoutine, ParseText, RelationName, StoredBody, TriggerEvent } from '@sqlwarden/core';
import { type DefinitionContext, type DefinitionParser } from './definitions.js';
import { foldName, foldSchema, type Folding, isSystemSchema } from './names.js';
import { append, optional, type Row, text } from './rows.js';

/** The server whose definitions are read, and the parser with what it must know. */
export interface Parsing {
  readonly query: CatalogueQuery;
  readonly parser: DefinitionParser;
  readonly parse: ParseText;
  readonly context: DefinitionContext;
}

export interface Routines {
  readonly byName: ReadonlyMap<string, readonly CatalogueRoutine[]>;
  readonly bodies: ReadonlyMap<string, readonly StoredBody[]>;
}

interface Parameter {
  readonly name: string;
  readonly output: boolean;
  readonly type: string;
}

/** Rows of ROUTINES_SQL and PARAMETERS_SQL. A name has bodies only when those of all its routines were understood. */
export async function readRoutines(
  rows: readonly Row[],
  parameterRows: readonly Row[],
  folding: Folding,
  parsing: Parsing,
): Promise<Routines> {
  const parameters = readParameters(parameterRows, folding);
  const byName = new Map<string, CatalogueRoutine[]>();
  const bodies = new Map<string, StoredBody[]>();
  const missing = new Set<string>();
  for (const [at, row] of rows.entries()) {
    const name = routineName(row, folding);
    const own = parameters.get(`${text(row, 2)} ${name}`) ?? [];
    append(byName, name, describe(at + 1, row, own, folding));
    const body = isSystemSchema(foldSchema(text(row, 0), folding)) ? undefined : await readBody(row, own, parsing);
    if (body === undefined) missing.add(name);
    else append(bodies, name, body);
  }
  for (const name of missing) bodies.delete(name);
  return { byName, bodies };
}

function routineName(row: Row, folding: Folding): string {
  return joinName(foldSchema(text(row, 0), folding), foldName(text(row, 1)));
}

function readParameters(rows: readonly Row[], folding: Folding): ReadonlyMap<string, Parameter[]> {
  const parameters = new Map<string, Parameter[]>();
  for (const row of rows) {
    append(parameters, `${text(row, 2)} ${routineName(row, folding)}`, {
      name: foldName(optional(row, 5) ?? ''),
      output: (row[4] ?? 'IN') !== 'IN',
      type: text(row, 6),
    });
  }
  return parameters;
}

function kindOf(row: Row): 'function' | 'procedure' {
  return text(row, 2) === 'FUNCTION' ? 'function' : 'procedure';
}

function describe(id: number, row: Row, parameters: readonly Parameter[], folding: Folding): CatalogueRoutine {
  const schema = foldSchema(text(row, 0), folding);
  const body = optional(row, 3);
  return {
    id,
    schema,
    name: foldName(text(row, 1)),
    kind: kindOf(row),
    language: text(row, 4).toLowerCase(),
    volatility: row[7] === 'YES' ? 'immutable' : row[8] === 'MODIFIES SQL DATA' ? 'volatile' : 'stable',
    securityDefiner: row[5] === 'DEFINER',
    // Names in bodies are those of the routine's own schema, whoever calls.
    pinnedSearchPath: true,
    returnsSet: false,
    returnType: optional(row, 9) ?? '',
    argumentTypes: parameters.map(({ type }) => type),
    ...(body !== undefined && { body }),
    origin: isSystemSchema(schema) ? 'system' : 'user',
  };
}

/**
 * The statement that makes a routine or trigger, as it was written. INFORMATION_SCHEMA shows bodies with their strings and quoted names taken
 * out of quotes and escapes, which reads as other code. `undefined` without the right to see it.
 */
async function readDefinition(kind: string, schema: string, name: string, query: CatalogueQuery): Promise<string | undefined> {
  const [row] = await query(`SHOW CREATE ${kind} ${quoted(schema)}.${quoted(name)}`).catch((): readonly Row[] => []);
  return row && optional(row, 2);
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

async function readBody(
  row: Row,
  parameters: readonly Parameter[],
  { query, parser, parse, context }: Parsing,
): Promise<StoredBody | undefined> {
  // Packages of Oracle mode, and bodies in other languages.
  if (text(row, 4) !== 'SQL' || !['FUNCTION', 'PROCEDURE'].includes(text(row, 2))) return undefined;
  const kind = kindOf(row);
  const definition = await readDefinition(text(row, 2), text(row, 0), text(row, 1), query);
  const statements = definition === undefined ? undefined : await parser.routine(definition, text(row, 6), parse, context);
  return statements && { parameters, statements, returns: kind === 'function' ? 'value' : 'nothing' };
}

/** Rows of TRIGGERS_SQL, in the order in which they run. */
export async function readTriggers(
  rows: readonly Row[],
  nameOf: (row: Row) => RelationName,
  { query, parser, parse, context }: Parsing,
): Promise<ReadonlyMap<RelationName, readonly (StoredBody | undefined)[]>> {
  const triggers = new Map<RelationName, (StoredBody | undefined)[]>();
  for (const row of rows) {
    const definition = await readDefinition('TRIGGER', text(row, 0), text(row, 2), query);
    const statements = definition === undefined ? undefined : await parser.trigger(definition, text(row, 3), parse, context);
    const events = eventsOf(row);
    append(
      triggers,
      nameOf(row),
      statements && { parameters: [], statements, returns: 'nothing', rows: { old: 'old', new: 'new' }, ...(events && { events }) },
    );
  }
  return triggers;
}

/** MariaDB 11.8 and later know triggers of several events. What is not understood is anything. */
function eventsOf(row: Row): readonly TriggerEvent[] | undefined {
  const events: TriggerEvent[] = [];
  for (const part of (optional(row, 4) ?? '').split(',')) {
    const word = part.trim().toLowerCase();
    if (word !== 'insert' && word !== 'update' && word !== 'delete') return undefined;
    events.push(word);
  }
  return events;
}
