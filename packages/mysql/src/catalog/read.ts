import { joinName, withReferences } from '@sqlwarden/core';
import type {
  Catalogue,
  CatalogueQuery,
  CatalogueRelation,
  Expression,
  ParseText,
  Query,
  ReferenceTo,
  RelationName,
  StoredBody,
} from '@sqlwarden/core';
import { type DefinitionContext, DefinitionParser } from './definitions.js';
import { foldName, foldSchema, type Folding, isSystemSchema } from './names.js';
import { NamedRelations } from './named-relations.js';
import {
  COLUMNS_SQL,
  FOREIGN_KEYS_SQL,
  JSON_COLUMNS_SQL,
  LOADABLE_SQL,
  PARAMETERS_SQL,
  RELATIONS_SQL,
  ROUTINES_SQL,
  SCHEMAS_SQL,
  SERVER_SQL,
  TRIGGER_RIGHTS_SQL,
  TRIGGERS_SQL,
  VIEWS_SQL,
} from './queries.js';
import { readReferences } from './references.js';
import { columnKey, isGenerated, readRelations, relationName } from './relations.js';
import type { MysqlCatalogue } from './resolved-catalogue.js';
import { type Parsing, readRoutines, readTriggers, type Routines } from './routines.js';
import { optional, type Row, text } from './rows.js';
import { systemRoutines } from './system-routines.js';
import { readTriggerRights } from './trigger-rights.js';

/**
 * Makes a reader of whole catalogues (`Dialect.createCatalogueReader`) of MySQL 8 and later and MariaDB 10.6 and later. It remembers the definitions
 * that it parsed last, so that reading again after a small change is cheap. What the account may not see is missing, and opaque: it needs
 * SHOW VIEW and TRIGGER on the schemas, and for bodies of routines SHOW_ROUTINE in MySQL, SELECT on mysql.proc in MariaDB.
 */
export function createCatalogueReader(): (query: CatalogueQuery, version: number, parse: ParseText) => Promise<MysqlCatalogue> {
  let parser = new DefinitionParser();
  return async (query, version, parse) => {
    parser = parser.next();
    return readAll(query, version, parse, parser);
  };
}

interface Server {
  readonly versionText: string;
  readonly database: string;
  readonly context: DefinitionContext;
}

async function readServer(query: CatalogueQuery): Promise<Server> {
  const [row] = await query(SERVER_SQL);
  if (row === undefined) throw new Error('the server did not answer to a question about itself');
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(text(row, 0)) ?? [];
  if (major === undefined) throw new Error('the version of the server was not understood');
  return {
    versionText: text(row, 0),
    database: text(row, 1),
    context: {
      flavour: /mariadb/i.test(text(row, 0)) ? 'mariadb' : 'mysql',
      serverVersion: Number(major) * 10_000 + Number(minor) * 100 + Number(patch),
      lowerCaseTableNames: text(row, 2),
    },
  };
}

async function readAll(query: CatalogueQuery, version: number, parse: ParseText, parser: DefinitionParser): Promise<MysqlCatalogue> {
  const server = await readServer(query);
  const { context } = server;
  const folding: Folding = { relations: context.lowerCaseTableNames !== '0' };
  const parsing: Parsing = { query, parser, parse, context };
  const schemas = new Set((await query(SCHEMAS_SQL)).map((row) => foldSchema(text(row, 0), folding)));
  const relationRows = await query(RELATIONS_SQL);
  const columnRows = await query(COLUMNS_SQL);
  const definitions = readDefinitions(await query(VIEWS_SQL), folding);
  const seesTriggers = readTriggerRights(await query(TRIGGER_RIGHTS_SQL), folding);
  const shown = await readTriggers(await query(TRIGGERS_SQL), (row) => relationName(row, folding), parsing);
  const routines = await readRoutines(await query(ROUTINES_SQL), await query(PARAMETERS_SQL), folding, parsing);
  const loadable = await query(LOADABLE_SQL).catch((): readonly Row[] => []);
  const documentRows = context.flavour === 'mariadb' ? await query(JSON_COLUMNS_SQL) : [];
  const documents = new Set(documentRows.map((row) => columnKey(row, folding)));
  const relations = readRelations(relationRows, columnRows, { definitions, documents, hasTriggers: (name) => shown.has(name) }, folding);
  const references = readReferences(await query(FOREIGN_KEYS_SQL), folding);
  const { triggers, all } = withUnseen(relations, shown, seesTriggers);
  return {
    catalogue: describe(version, server, all, references, schemas, routines),
    flavour: context.flavour,
    views: await parseViews(definitions, parsing),
    generated: await parseGenerated(columnRows, folding, parsing),
    bodies: routines.bodies,
    triggers,
    routines: routines.byName,
    loadable: new Set(loadable.map((row) => foldName(text(row, 0)))),
  };
}

/** By the view's name; a text that is empty is not shown. */
function readDefinitions(rows: readonly Row[], folding: Folding): ReadonlyMap<RelationName, string> {
  return new Map(rows.flatMap((row) => (row[2] ? [[relationName(row, folding), row[2]] as const] : [])));
}

/** Where triggers are not shown there may be some: one that is not understood stands for them. */
function withUnseen(
  relations: readonly CatalogueRelation[],
  shown: ReadonlyMap<RelationName, readonly (StoredBody | undefined)[]>,
  seesTriggers: ReturnType<typeof readTriggerRights>,
): { readonly triggers: MysqlCatalogue['triggers']; readonly all: readonly CatalogueRelation[] } {
  const triggers = new Map(shown);
  const all = relations.map((relation) => {
    if (relation.kind !== 'table' || seesTriggers(relation.schema, relation.name)) return relation;
    const name = joinName(relation.schema, relation.name);
    triggers.set(name, [...(shown.get(name) ?? []), undefined]);
    return { ...relation, hasTriggers: true };
  });
  return { triggers, all };
}

function describe(
  version: number,
  server: Server,
  relations: readonly CatalogueRelation[],
  references: readonly ReferenceTo[],
  schemas: ReadonlySet<string>,
  routines: Routines,
): Catalogue {
  const byName = withReferences(new Map(relations.map((relation) => [joinName(relation.schema, relation.name), relation])), references);
  return {
    version,
    serverVersion: server.context.serverVersion,
    versionText: server.versionText,
    database: server.database,
    relations: new NamedRelations(byName, server.context.flavour),
    relationsById: new Map([...byName.values()].map((relation) => [relation.id, relation])),
    routines: new Map([...systemRoutines(server.context.flavour), ...routines.byName]),
    schemas,
  };
}

async function parseViews(
  definitions: ReadonlyMap<RelationName, string>,
  { parser, parse, context }: Parsing,
): Promise<ReadonlyMap<RelationName, Query>> {
  const views = new Map<RelationName, Query>();
  for (const [name, definition] of definitions) {
    const query = await parser.query(definition, parse, context);
    if (query !== undefined) views.set(name, query);
  }
  return views;
}

async function parseGenerated(
  rows: readonly Row[],
  folding: Folding,
  { parser, parse, context }: Parsing,
): Promise<MysqlCatalogue['generated']> {
  const generated = new Map<RelationName, Map<string, Expression | undefined>>();
  for (const row of rows) {
    if (!isGenerated(row) || isSystemSchema(foldSchema(text(row, 0), folding))) continue;
    const relation = relationName(row, folding);
    const definition = optional(row, 9);
    const expression = definition === undefined ? undefined : await parser.expression(definition, parse, context);
    const columns = generated.get(relation) ?? new Map<string, Expression | undefined>();
    generated.set(relation, columns.set(foldName(text(row, 2)), expression));
  }
  return generated;
}
