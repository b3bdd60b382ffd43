import type {
  Catalogue,
  CatalogueQuery,
  CatalogueRelation,
  Expression,
  ParseText,
  Query,
  ReadCatalogueOptions,
  StoredBody,
} from '@sqlwarden/core';
import { joinName, withReferences } from '@sqlwarden/core';
import { foldName } from '../sql/names.js';
import {
  DefinitionParser,
  type Module,
  parseBaseName,
  parseComputed,
  parseModule,
  type ParsedModule,
  type Parsing,
} from './definitions.js';
import {
  type CatalogueObject,
  type ColumnsById,
  readColumns,
  readObjects,
  readRelations,
  readRoutines,
  readTableTypes,
  type Routines,
} from './objects.js';
import {
  ASSEMBLY_TYPES_SQL,
  COLUMNS_SQL,
  COMPUTED_SQL,
  FOREIGN_KEYS_SQL,
  HISTORIES_SQL,
  MODULES_SQL,
  OBJECTS_SQL,
  PARAMETERS_SQL,
  SCHEMAS_SQL,
  SERVER_SQL,
  SYNONYMS_SQL,
  TABLE_TYPES_SQL,
  TRIGGERS_SQL,
} from './queries.js';
import { readReferences, withHistories } from './references.js';
import type { SqlserverCatalogue } from './resolved-catalogue.js';
import { append, flag, number, optional, type Row, text } from './rows.js';
import { resolveSynonyms, type Synonym } from './synonyms.js';
import { compatibilitySynonyms } from './system-relations.js';
import { systemRoutines } from './system-routines.js';

/**
 * Makes a reader of whole catalogues (`Dialect.createCatalogueReader`) of databases of SQL Server 2016 and later. It remembers the definitions that it
 * parsed last, so that reading again after a small change is cheap. What the login may not see is missing, and opaque: it needs VIEW DEFINITION
 * on the database.
 */
export function createCatalogueReader(): (
  query: CatalogueQuery,
  version: number,
  parse: ParseText,
  options?: ReadCatalogueOptions,
) => Promise<SqlserverCatalogue> {
  let parser = new DefinitionParser();
  return async (query, version, parse, { from } = {}) => {
    parser = parser.next();
    return readAll(query, version, parse, parser, from?.catalogue.database);
  };
}

interface Server {
  readonly version: number;
  readonly database: string;
  readonly defaultSchema: string;
  readonly seesAll: boolean;
  readonly caseSensitive: boolean;
}

/** Binary collations tell cases apart, too ("Windows Collation Name"). */
const CASE_SENSITIVE = /_(?:CS|BIN2?)(?:_| |$)/i;

async function readServer(query: CatalogueQuery): Promise<Server> {
  const [row] = await query(SERVER_SQL);
  if (row === undefined) throw new Error('the server did not answer to a question about itself');
  return {
    version: number(row, 0),
    database: foldName(text(row, 1)),
    defaultSchema: foldName(optional(row, 2) ?? 'dbo'),
    seesAll: flag(row, 3),
    // What is not told may be.
    caseSensitive: CASE_SENSITIVE.test(optional(row, 4) ?? '_CS'),
  };
}

/** `database`: the one that it is to be of; whoever asks may have gone to another one. */
async function readAll(
  query: CatalogueQuery,
  version: number,
  parse: ParseText,
  parser: DefinitionParser,
  database: string | undefined,
): Promise<SqlserverCatalogue> {
  const server = await readServer(query);
  if (database !== undefined && server.database !== database) throw new Error('the session is in another database than its upstream');
  const parsing: Parsing = { parser, parse, serverVersion: server.version, caseSensitive: server.caseSensitive };
  const schemas = new Set((await query(SCHEMAS_SQL)).map((row) => foldName(text(row, 0))));
  const objects = readObjects(await query(OBJECTS_SQL));
  const columns = readColumns(await query(COLUMNS_SQL));
  const modules = readModules(await query(MODULES_SQL));
  const routines = readRoutines(objects, columns, await query(PARAMETERS_SQL), (id) => modules.get(id)?.runsAsOther === true);
  const parsed = await parseModules(objects, modules, parsing);
  const tables = withHistories(readRelations(objects, columns), await query(HISTORIES_SQL));
  const triggers = await readTriggers(await query(TRIGGERS_SQL), tables, modules, parsing, server.seesAll);
  const relations = withReferences(withTriggers(tables, triggers), readReferences(await query(FOREIGN_KEYS_SQL), tables));
  const synonyms = resolveSynonyms(
    [...compatibilitySynonyms(relations), ...(await readSynonyms(await query(SYNONYMS_SQL), objects, parsing))],
    server.database,
    server.defaultSchema,
    relations,
    (name) => routines.byName.has(name),
  );
  const all = new Map([...relations, ...synonyms.relations, ...readTableTypes(await query(TABLE_TYPES_SQL), columns)]);
  return {
    catalogue: describe(version, server, all, schemas, routines),
    views: new Map([...viewsOf(parsed, all), ...synonyms.views]),
    generated: withColumnSets(await readComputed(await query(COMPUTED_SQL), all, parsing), relations, columns),
    bodies: bodiesOf(parsed),
    triggers,
    functionColumns: routines.columns,
    routineSynonyms: synonyms.routines,
    assemblyTypes: new Set((await query(ASSEMBLY_TYPES_SQL)).map((row) => joinName(foldName(text(row, 0)), foldName(text(row, 1))))),
  };
}

/** Those that have a text. */
function readModules(rows: readonly Row[]): ReadonlyMap<number, Module> {
  const modules = new Map<number, Module>();
  for (const row of rows) {
    const definition = optional(row, 1);
    if (definition !== undefined) modules.set(number(row, 0), { definition, quotedIdentifier: flag(row, 2), runsAsOther: flag(row, 3) });
  }
  return modules;
}

type Parsed = ReadonlyMap<string, readonly (ParsedModule | undefined)[]>;

/** Views and routines of users by name; of one name, when cases are told apart, all. */
async function parseModules(objects: readonly CatalogueObject[], modules: ReadonlyMap<number, Module>, parsing: Parsing): Promise<Parsed> {
  const parsed = new Map<string, (ParsedModule | undefined)[]>();
  for (const object of objects) {
    const module = object.system ? undefined : modules.get(object.id);
    if (module !== undefined) append(parsed, object.full, await parseModule(module, parsing));
  }
  return parsed;
}

function viewsOf(parsed: Parsed, relations: ReadonlyMap<string, CatalogueRelation>): Map<string, Query> {
  const views = new Map<string, Query>();
  for (const [name, [only, ...rest]] of parsed) {
    if (only?.kind === 'view' && rest.length === 0 && relations.get(name)?.kind === 'view') views.set(name, only.query);
  }
  return views;
}

function bodiesOf(parsed: Parsed): Map<string, readonly StoredBody[]> {
  const bodies = new Map<string, readonly StoredBody[]>();
  for (const [name, modules] of parsed) {
    const own = modules.flatMap((module) => (module?.kind === 'body' ? [module.body] : []));
    if (own.length === modules.length) bodies.set(name, own);
  }
  return bodies;
}

/** Where not everything is shown, every table may have a trigger that is not: one that is not understood stands for it. */
async function readTriggers(
  rows: readonly Row[],
  relations: ReadonlyMap<string, CatalogueRelation>,
  modules: ReadonlyMap<number, Module>,
  parsing: Parsing,
  seesAll: boolean,
): Promise<ReadonlyMap<string, readonly (StoredBody | undefined)[]>> {
  const names = new Map([...relations].map(([name, relation]) => [relation.id, name]));
  const triggers = new Map<string, (StoredBody | undefined)[]>();
  for (const row of rows) {
    const relation = names.get(number(row, 1));
    const module = modules.get(number(row, 0));
    const parsed = module && (await parseModule(module, parsing));
    if (relation !== undefined) append(triggers, relation, parsed?.kind === 'body' ? parsed.body : undefined);
  }
  if (seesAll) return triggers;
  for (const [name, { kind }] of relations) if (kind === 'table' || kind === 'view') append(triggers, name, undefined);
  return triggers;
}

function withTriggers(
  relations: ReadonlyMap<string, CatalogueRelation>,
  triggers: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, CatalogueRelation> {
  return new Map([...relations].map(([name, relation]) => [name, triggers.has(name) ? { ...relation, hasTriggers: true } : relation]));
}

async function readSynonyms(rows: readonly Row[], objects: readonly CatalogueObject[], parsing: Parsing): Promise<Synonym[]> {
  const byId = new Map(objects.map((object) => [object.id, object]));
  const synonyms: Synonym[] = [];
  for (const row of rows) {
    const object = byId.get(number(row, 0));
    if (object === undefined) continue;
    const { id, schema, name } = object;
    synonyms.push({ id, schema, name, base: await parseBaseName(text(row, 1), parsing) });
  }
  return synonyms;
}

async function readComputed(
  rows: readonly Row[],
  relations: ReadonlyMap<string, CatalogueRelation>,
  parsing: Parsing,
): Promise<SqlserverCatalogue['generated']> {
  const names = new Map([...relations].map(([name, relation]) => [relation.id, name]));
  const generated = new Map<string, Map<string, Expression | undefined>>();
  for (const row of rows) {
    const relation = names.get(number(row, 0));
    const definition = optional(row, 2);
    if (relation === undefined) continue;
    const columns = generated.get(relation) ?? new Map<string, Expression | undefined>();
    generated.set(
      relation,
      columns.set(foldName(text(row, 1)), definition === undefined ? undefined : await parseComputed(definition, parsing)),
    );
  }
  return generated;
}

/** A column set derives from all columns in it. */
function withColumnSets(
  generated: SqlserverCatalogue['generated'],
  relations: ReadonlyMap<string, CatalogueRelation>,
  columns: ColumnsById,
): SqlserverCatalogue['generated'] {
  const all = new Map(generated);
  for (const [name, { id }] of relations) {
    const own = columns.get(id) ?? [];
    const set = own.find((column) => column.inSet === 'set');
    if (set === undefined) continue;
    const members = own.filter((column) => column.inSet === 'member');
    const operands = members.map((column): Expression => ({ kind: 'column', qualifier: [], name: column.name }));
    all.set(name, new Map([...(all.get(name) ?? []), [set.name, { kind: 'construct', name: 'column_set', operands }]]));
  }
  return all;
}

function describe(
  version: number,
  server: Server,
  relations: ReadonlyMap<string, CatalogueRelation>,
  schemas: ReadonlySet<string>,
  routines: Routines,
): Catalogue {
  return {
    version,
    serverVersion: server.version,
    database: server.database,
    relations,
    relationsById: new Map([...relations.values()].map((relation) => [relation.id, relation])),
    routines: new Map([...systemRoutines(), ...routines.byName]),
    schemas,
  };
}
