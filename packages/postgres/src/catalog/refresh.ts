import type { CatalogueColumn, ParseContext, ParseText, Statement } from '@sqlwarden/core';
import { type Definition, DefinitionParser } from './definitions.js';
import { type Changes, type Digest, isWithin, type Range, withinSql } from './digest.js';
import {
  affectedSql,
  ALL_DEFINED,
  CASTS_SQL,
  columnsSql,
  type Defined,
  definitionsSql,
  foreignKeysSql,
  OPERATORS_SQL,
  otherDefinitionsSql,
  READING_PATH,
  relationsSql,
  routinesSql,
  SCHEMAS_SQL,
  settingsSql,
  typesSql,
  viewSql,
} from './queries.js';
import type { ReadingSession } from './reading-session.js';
import { readColumns } from './relations.js';
import type { RoutineDetail } from './resolved-catalogue.js';
import { readRoutine } from './routines.js';
import { append, byFirst, number, type Row, sameJson, text } from './rows.js';
import { patched, sameDefinitions, sameRoutine, type Stored } from './stored.js';
import { attributesOf, readType, type TypeEntry, type TypesById } from './types.js';

/** How long reading a single view waits once something is known to be locked. */
const ONE_VIEW_LOCK_TIMEOUT_MS = 50;

/** A reading, and whether something could not be read because it was locked or dropped. */
export interface Reading {
  readonly stored: Stored;
  readonly isIncomplete: boolean;
}

const EVERYTHING: readonly Range[] = [[0, Number.POSITIVE_INFINITY]];
const ALL: Changes = { relations: EVERYTHING, types: EVERYTHING, routines: EVERYTHING, operators: EVERYTHING, casts: true, schemas: true };
const EMPTY: Omit<Stored, 'digest'> = {
  schemas: new Map(),
  types: new Map(),
  relations: new Map(),
  columns: new Map(),
  foreignKeys: new Map(),
  operators: [],
  casts: [],
  definitions: new Map(),
  bodies: new Map(),
  routines: new Map(),
};

/** Reads everything. Of `before` only what was parsed is used. */
export async function readEverything(
  session: ReadingSession,
  digest: Digest,
  parse: ParseText,
  before: Stored | undefined,
): Promise<Reading> {
  const parser = new DefinitionParser(parse, contextOf(digest), () => (before === undefined ? [] : textsOf(before)));
  const read = await new Refresh(session, { ...EMPTY, digest }, ALL, parser).run(digest);
  if (read === undefined) throw new Error('a whole reading cannot depend on what was read before');
  return read;
}

/** `before` with what changed since; `undefined` when something has another name that what did not change mentions: then all is to be read. */
export async function readChanges(
  session: ReadingSession,
  digest: Digest,
  parse: ParseText,
  before: Stored,
  changes: Changes,
): Promise<Reading | undefined> {
  return new Refresh(session, before, changes, new DefinitionParser(parse, contextOf(digest), () => textsOf(before))).run(digest);
}

function contextOf({ serverVersion }: Digest): ParseContext {
  return { serverVersion, lexical: { standard_conforming_strings: 'on' } };
}

function* textsOf({ definitions, bodies, routines }: Stored): Iterable<readonly [string, readonly Statement[]]> {
  for (const owned of [definitions, bodies])
    for (const list of owned.values()) for (const each of list) if (each.statements !== undefined) yield [each.text, each.statements];
  for (const { routine, body } of routines.values())
    if (routine.language === 'sql' && routine.body && body !== undefined) yield [routine.body, body];
}

/** Relations and routines whose definitions may have another text. */
interface Affected {
  readonly relations: ReadonlySet<number>;
  readonly routines: ReadonlySet<number>;
}

class Refresh {
  readonly #session: ReadingSession;
  readonly #before: Stored;
  readonly #changes: Changes;
  readonly #parser: DefinitionParser;

  constructor(session: ReadingSession, before: Stored, changes: Changes, parser: DefinitionParser) {
    this.#session = session;
    this.#before = before;
    this.#changes = changes;
    this.#parser = parser;
  }

  async run(digest: Digest): Promise<Reading | undefined> {
    const { query } = this.#session;
    const [before, changes] = [this.#before, this.#changes];
    const schemas = changes.schemas ? sameNames(before.schemas, schemaNames(await query(SCHEMAS_SQL))) : before.schemas;
    if (isRenamed(before.schemas, schemas)) return undefined;
    const typeRows = await this.#rows(typesSql, changes.types, 't.oid');
    const relationRows = await this.#rows(relationsSql, changes.relations, 'c.oid');
    const columnRows = await this.#rows(columnsSql, changes.relations, 'a.attrelid');
    const foreignKeyRows = await this.#rows(foreignKeysSql, changes.relations, 'c.conrelid');
    const affected = await this.#affected();
    const routineRows = await this.#routineRows(affected);
    const operators = changes.operators.length > 0 ? await query(OPERATORS_SQL) : before.operators;
    const casts = changes.casts ? await query(CASTS_SQL) : before.casts;
    const { rows: definitionRows, isIncomplete } = await this.#definitionRows(affected, relationRows);

    const ofRelation = (id: number): boolean => isWithin(changes.relations, id);
    const ofType = (id: number): boolean => isWithin(changes.types, id);
    const typesNow = new Map(typeRows.map((row) => [number(row, 0), readType(row)]));
    const typeNames = { get: (id: number) => typesNow.get(id) ?? before.types.get(id) };
    if (this.#mentionsRenamed(typesNow, affected)) return undefined;
    const relations = patched<Row>(before.relations, new Map(relationRows.map((row) => [number(row, 0), row])), ofRelation);
    const columns = patched(before.columns, readColumns(columnRows, typeNames), ofRelation);
    const types = patched<TypeEntry>(before.types, withAttributes(typesNow, before.types, columns, ofType, ofRelation), ofType);
    const foreignKeys = patched<readonly Row[]>(before.foreignKeys, byFirst(foreignKeyRows), ofRelation);
    const defined = await this.#define(definitionRows);
    const isDefinition = (id: number): boolean => ofRelation(id) || affected.relations.has(id);
    const definitions = patched<readonly Definition[]>(before.definitions, defined.ofRelations, isDefinition, sameDefinitions);
    const isRoutine = (id: number): boolean => isWithin(changes.routines, id) || affected.routines.has(id);
    const bodies = patched<readonly Definition[]>(before.bodies, defined.ofRoutines, isRoutine, sameDefinitions);
    const routines = patched(before.routines, await this.#routines(routineRows, types, relations, bodies), isRoutine, sameRoutine);
    const kept = { operators: same(before.operators, operators), casts: same(before.casts, casts) };
    return {
      stored: { digest, schemas, types, relations, columns, foreignKeys, ...kept, definitions, bodies, routines },
      isIncomplete,
    };
  }

  get #isEverything(): boolean {
    return this.#changes === ALL;
  }

  async #rows(sql: (which: string) => string, ranges: readonly Range[], column: string): Promise<readonly Row[]> {
    if (ranges.length === 0) return [];
    return this.#session.query(sql(this.#isEverything ? 'true' : withinSql(ranges, column)));
  }

  async #affected(): Promise<Affected> {
    if (this.#isEverything) return { relations: new Set(), routines: new Set() };
    const { relations, types, routines, operators } = this.#changes;
    const within = (ranges: readonly Range[]) => (column: string) => withinSql(ranges, column);
    const rows = await this.#session.query(
      affectedSql({ relations: within(relations), types: within(types), routines: within(routines), operators: within(operators) }),
    );
    const ids = (owner: string): Set<number> => new Set(rows.filter((row) => row[0] === owner).map((row) => number(row, 1)));
    return { relations: ids('relation'), routines: ids('routine') };
  }

  async #routineRows({ routines }: Affected): Promise<readonly Row[]> {
    if (this.#isEverything) return this.#session.query(routinesSql('true'));
    const ranges = this.#changes.routines;
    if (ranges.length === 0 && routines.size === 0) return [];
    return this.#session.query(routinesSql(`(${withinSql(ranges, 'p.oid')} OR ${amongSql(routines)('p.oid')})`));
  }

  /** All definitions at once; or, when something is locked, view by view, without those that are. */
  async #definitionRows(
    affected: Affected,
    relationRows: readonly Row[],
  ): Promise<{ readonly rows: readonly Row[]; readonly isIncomplete: boolean }> {
    const { query, isInBlock } = this.#session;
    const { relations, routines } = affected;
    if (!this.#isEverything && relations.size === 0 && routines.size === 0) return { rows: [], isIncomplete: false };
    const wanted: Defined = this.#isEverything ? ALL_DEFINED : { relation: amongSql(relations), routine: amongSql(routines) };
    try {
      return existing(await query(definitionsSql(wanted)), false);
    } catch (error) {
      // Inside of a transaction everything after an error fails.
      if (isInBlock) throw error;
    }
    await query(settingsSql(READING_PATH, `${ONE_VIEW_LOCK_TIMEOUT_MS}ms`, false));
    let isIncomplete = false;
    const missing = (): readonly Row[] => {
      isIncomplete = true;
      return [];
    };
    const rows = [...(await query(otherDefinitionsSql(wanted)).catch(missing))];
    const candidates = [...this.#before.relations.values(), ...relationRows].filter((row) => row[3] === 'v' || row[3] === 'm');
    const ids = new Set(candidates.map((row) => number(row, 0)).filter((id) => this.#isEverything || relations.has(id)));
    for (const id of ids) rows.push(...(await query(viewSql(id)).catch(missing)));
    return existing(rows, isIncomplete);
  }

  async #define(
    rows: readonly Row[],
  ): Promise<{ readonly ofRelations: Map<number, Definition[]>; readonly ofRoutines: Map<number, Definition[]> }> {
    const definitions = await Promise.all(rows.map((row) => this.#parser.define(row)));
    const ofRelations = new Map<number, Definition[]>();
    const ofRoutines = new Map<number, Definition[]>();
    for (const [at, row] of rows.entries()) {
      const definition = definitions[at];
      if (definition !== undefined) append(definition.kind === 'body' ? ofRoutines : ofRelations, number(row, 1), definition);
    }
    return { ofRelations, ofRoutines };
  }

  async #routines(
    rows: readonly Row[],
    types: TypesById,
    relations: ReadonlyMap<number, Row>,
    bodies: ReadonlyMap<number, readonly Definition[]>,
  ): Promise<ReadonlyMap<number, RoutineDetail>> {
    const details = await Promise.all(
      rows.map((row) => {
        const [body] = bodies.get(number(row, 0)) ?? [];
        return readRoutine(row, types, relations, body?.kind === 'body' ? body.body : undefined, (written) => this.#parser.body(written));
      }),
    );
    return new Map(details.map((detail) => [detail.routine.id, detail]));
  }

  /** Whether a type has another name that columns or routines mention that are not read again. */
  #mentionsRenamed(types: ReadonlyMap<number, TypeEntry>, affected: Affected): boolean {
    const renamed = new Set<number>();
    const shown = new Set<string>();
    for (const [id, now] of types) {
      const old = this.#before.types.get(id);
      if (old === undefined || (now.shown === old.shown && now.name === old.name && now.schema === old.schema)) continue;
      renamed.add(id);
      shown.add(old.shown);
    }
    if (renamed.size === 0) return false;
    for (const [id, columns] of this.#before.columns) {
      if (!isWithin(this.#changes.relations, id) && columns.some(({ typeId }) => renamed.has(typeId))) return true;
    }
    for (const [id, { routine }] of this.#before.routines) {
      if (isWithin(this.#changes.routines, id) || affected.routines.has(id)) continue;
      if ([routine.returnType, ...routine.argumentTypes].some((type) => shown.has(type))) return true;
    }
    return false;
  }
}

function amongSql(ids: ReadonlySet<number>): (column: string) => string {
  return (column) => (ids.size === 0 ? 'false' : `${column} = ANY ('{${[...ids].join(',')}}'::pg_catalog.oid[])`);
}

function same<Value>(before: Value, now: Value): Value {
  return sameJson(before, now) ? before : now;
}

function schemaNames(rows: readonly Row[]): ReadonlyMap<number, string> {
  return new Map(rows.map((row) => [number(row, 0), text(row, 1)]));
}

function sameNames(before: ReadonlyMap<number, string>, now: ReadonlyMap<number, string>): ReadonlyMap<number, string> {
  return before.size === now.size && [...now].every(([id, name]) => before.get(id) === name) ? before : now;
}

function isRenamed(before: ReadonlyMap<number, string>, now: ReadonlyMap<number, string>): boolean {
  return [...before].some(([id, name]) => (now.get(id) ?? name) !== name);
}

/** The types that were read, and the composite ones whose columns were, with their attributes. */
function withAttributes(
  now: ReadonlyMap<number, TypeEntry>,
  before: TypesById,
  columns: ReadonlyMap<number, readonly CatalogueColumn[]>,
  ofType: (id: number) => boolean,
  ofRelation: (id: number) => boolean,
): Map<number, TypeEntry> {
  const changed = new Map(now);
  for (const [id, entry] of before) if (entry.relationId !== 0 && !ofType(id) && ofRelation(entry.relationId)) changed.set(id, entry);
  for (const [id, entry] of changed) {
    if (entry.relationId !== 0) changed.set(id, { ...entry, attributes: attributesOf(columns.get(entry.relationId) ?? []) });
  }
  return changed;
}

/** Without those of what somebody dropped while it was read: the server has no text of them ("System Catalog Information Functions"). */
function existing(rows: readonly Row[], isIncomplete: boolean): { readonly rows: readonly Row[]; readonly isIncomplete: boolean } {
  const there = rows.filter((row) => row[3] !== null);
  return { rows: there, isIncomplete: isIncomplete || there.length < rows.length };
}
