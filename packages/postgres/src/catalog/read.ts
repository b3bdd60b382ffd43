import { joinName, withReferences } from '@sqlwarden/core';
import type { Catalogue, CatalogueQuery, CatalogueRelation, ParseContext, ParseText, ReferenceTo } from '@sqlwarden/core';
import { readBodies } from './bodies.js';
import { DefinitionParser } from './definitions.js';
import {
  CASTS_SQL,
  COLUMNS_SQL,
  CURRENT_PATH_SQL,
  DEFINITIONS_SQL,
  FOREIGN_KEYS_SQL,
  OPERATORS_SQL,
  OTHER_DEFINITIONS_SQL,
  READING_PATH,
  RELATIONS_SQL,
  ROUTINES_SQL,
  SCHEMAS_SQL,
  SERVER_SQL,
  STORED_CODE_SQL,
  settingsSql,
  TYPES_SQL,
  viewSql,
} from './queries.js';
import { readReferences } from './references.js';
import { readRelations } from './relations.js';
import type { PostgresCatalogue } from './resolved-catalogue.js';
import { readCasts, readOperators, readRoutines } from './routines.js';
import { number, type Row, text } from './rows.js';
import { readTriggers } from './triggers.js';
import { readSetters } from './setters.js';
import { readTypes } from './types.js';

/** How long reading a definition waits for somebody's ALTER TABLE on what it names. */
const LOCK_TIMEOUT_MS = 1_000;
/** The same for a single view, once something is known to be locked. */
const ONE_VIEW_LOCK_TIMEOUT_MS = 50;

/**
 * Makes a reader of whole catalogues (`Dialect.createCatalogueReader`). It remembers the definitions that it parsed last, so that reading again
 * after a small change is cheap. The statements may run inside a transaction of a client: settings that are changed meanwhile are put back.
 * A view whose definition cannot be read (it is locked) or understood has none, and is opaque.
 */
export function createCatalogueReader(
  wanted = { setters: false },
): (query: CatalogueQuery, version: number, parse: ParseText) => Promise<PostgresCatalogue> {
  let parser = new DefinitionParser();
  return async (query, version, parse) => {
    parser = parser.next();
    return readWith(query, version, parse, parser, wanted.setters);
  };
}

async function readWith(
  query: CatalogueQuery,
  version: number,
  parse: ParseText,
  parser: DefinitionParser,
  setters: boolean,
): Promise<PostgresCatalogue> {
  const [server] = await query(SERVER_SQL);
  if (server === undefined) throw new Error('the server did not answer to a question about itself');
  const path = text(server, 2);
  const lockTimeout = text(server, 3);
  const local = await enterReadingPath(query);
  try {
    return await readAll(query, version, parse, parser, { serverVersion: number(server, 0), database: text(server, 1), local, setters });
  } finally {
    // Where this fails the transaction has failed before, and its end puts them back.
    await query(settingsSql(path, lockTimeout, local)).catch(() => undefined);
  }
}

/** Whether the settings could be made for a transaction that is open: then its end puts them back as well. */
async function enterReadingPath(query: CatalogueQuery): Promise<boolean> {
  await query(settingsSql(READING_PATH, `${LOCK_TIMEOUT_MS}ms`, true));
  const [current] = await query(CURRENT_PATH_SQL);
  if (current !== undefined && text(current, 0) === READING_PATH) return true;
  await query(settingsSql(READING_PATH, `${LOCK_TIMEOUT_MS}ms`, false));
  return false;
}

interface Server {
  readonly serverVersion: number;
  readonly database: string;
  readonly local: boolean;
  /** What sets settings is wanted, too. */
  readonly setters: boolean;
}

async function readAll(
  query: CatalogueQuery,
  version: number,
  parse: ParseText,
  parser: DefinitionParser,
  server: Server,
): Promise<PostgresCatalogue> {
  const typeRows = await query(TYPES_SQL);
  const relationRows = await query(RELATIONS_SQL);
  const columnRows = await query(COLUMNS_SQL);
  const { types, byId } = readTypes(typeRows, columnRows);
  const foreignKeyRows = await query(FOREIGN_KEYS_SQL);
  const schemas = new Set((await query(SCHEMAS_SQL)).map((row) => text(row, 0)));
  const routineRows = await query(ROUTINES_SQL);
  const storedCode = server.setters ? await query(STORED_CODE_SQL) : undefined;
  const operators = readOperators(await query(OPERATORS_SQL));
  const casts = readCasts(await query(CASTS_SQL), byId);
  const { rows: definitionRows, isIncomplete } = await readDefinitions(query, relationRows, server.local);
  const views = new Map(definitionRows.filter((row) => row[0] === 'view').map((row) => [number(row, 1), text(row, 3)]));
  const relations = readRelations(relationRows, columnRows, byId, views);
  const context: ParseContext = { serverVersion: server.serverVersion, lexical: { standard_conforming_strings: 'on' } };
  const parsed = await parser.parse(definitionRows, relations, parse, context);
  const routines = await readRoutines(routineRows, byId, relations, parsed.bodies, (body) => parser.body(body, parse, context));
  return {
    catalogue: describe(version, server, relations, readReferences(foreignKeyRows, relations), schemas, routines.byName),
    isIncomplete,
    views: parsed.views,
    generated: parsed.generated,
    routines: routines.byName,
    routinesById: routines.byId,
    bodies: readBodies(routines.byName),
    triggers: readTriggers(parsed.triggers, relations, routines.byId),
    ...(storedCode && { setters: readSetters(storedCode, routines.byId, relations, byId) }),
    operators,
    casts,
    types,
    typesById: byId,
  };
}

function describe(
  version: number,
  server: Server,
  relations: readonly CatalogueRelation[],
  references: readonly ReferenceTo[],
  schemas: ReadonlySet<string>,
  routines: PostgresCatalogue['routines'],
): Catalogue {
  const byName = withReferences(new Map(relations.map((relation) => [joinName(relation.schema, relation.name), relation])), references);
  return {
    version,
    serverVersion: server.serverVersion,
    database: server.database,
    relations: byName,
    relationsById: new Map([...byName.values()].map((relation) => [relation.id, relation])),
    routines: new Map([...routines].map(([name, overloads]) => [name, overloads.map((detail) => detail.routine)])),
    schemas,
  };
}

/** All definitions at once; or, when something is locked, view by view, without those that are. */
async function readDefinitions(
  query: CatalogueQuery,
  relations: readonly Row[],
  local: boolean,
): Promise<{ readonly rows: readonly Row[]; readonly isIncomplete: boolean }> {
  try {
    return existing(await query(DEFINITIONS_SQL), false);
  } catch (error) {
    // Inside of a transaction everything after an error fails.
    if (local) throw error;
  }
  await query(settingsSql(READING_PATH, `${ONE_VIEW_LOCK_TIMEOUT_MS}ms`, false));
  let isIncomplete = false;
  const missing = (): readonly Row[] => {
    isIncomplete = true;
    return [];
  };
  const rows = [...(await query(OTHER_DEFINITIONS_SQL).catch(missing))];
  for (const relation of relations) {
    if (relation[3] !== 'v' && relation[3] !== 'm') continue;
    rows.push(...(await query(viewSql(number(relation, 0))).catch(missing)));
  }
  return existing(rows, isIncomplete);
}

/** Without those of what somebody dropped while it was read: the server has no text of them ("System Catalog Information Functions"). */
function existing(rows: readonly Row[], isIncomplete: boolean): { readonly rows: readonly Row[]; readonly isIncomplete: boolean } {
  const there = rows.filter((row) => row[3] !== null);
  return { rows: there, isIncomplete: isIncomplete || there.length < rows.length };
}
