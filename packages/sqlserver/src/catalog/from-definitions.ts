import { definedColumn, isGenerated, joinName, renumbered, withActions, withReferences } from '@sqlwarden/core';
import type {
  AlterRelation,
  CatalogueColumn,
  CatalogueRelation,
  CatalogueRoutine,
  ColumnDefinition,
  CreateRoutine,
  CreateTable,
  CreateTrigger,
  Expression,
  ForeignKey,
  NameParts,
  OutputColumn,
  Query,
  ReferenceTo,
  RelationName,
  SchemaStatement,
  SqlState,
  Statement,
  StoredBody,
} from '@sqlwarden/core';
import { analyse } from '../sql/analyse.js';
import { bodyOf } from './definitions.js';
import type { SqlserverCatalogue } from './resolved-catalogue.js';
import { append } from './rows.js';
import { resolveSynonyms, type Synonym } from './synonyms.js';
import { compatibilitySynonyms, systemRelations } from './system-relations.js';
import { systemRoutines } from './system-routines.js';

export interface DefinitionOptions {
  /** As in `Catalogue.serverVersion`. */
  readonly serverVersion?: number;
  readonly database?: string;
}

/** Where names without a schema are. */
const DEFAULT_SCHEMA = 'dbo';

/**
 * The catalogue that a database has after these statements, made without a server: schemas, tables, views, synonyms, sequences, routines and
 * triggers. Statements that define none of these are passed over. Types of columns are as they were written; identifiers are made up.
 */
export function catalogueFromDefinitions(statements: readonly Statement[], options: DefinitionOptions = {}): SqlserverCatalogue {
  const builder = new CatalogueBuilder(options);
  for (const statement of statements) builder.define(statement);
  return builder.build();
}

class CatalogueBuilder {
  readonly #serverVersion: number;
  readonly #database: string;
  readonly #relations = new Map<RelationName, CatalogueRelation>();
  readonly #views = new Map<RelationName, Query>();
  readonly #generated = new Map<RelationName, Map<string, Expression | undefined>>();
  readonly #routines = new Map<string, CatalogueRoutine>();
  readonly #bodies = new Map<string, StoredBody>();
  readonly #functionColumns = new Map<string, readonly string[]>();
  readonly #triggers = new Map<RelationName, (StoredBody | undefined)[]>();
  readonly #synonyms = new Map<string, Synonym>();
  #references: ReferenceTo[] = [];
  readonly #schemas = new Set(['information_schema', 'sys', DEFAULT_SCHEMA]);
  #nextId = 1;

  constructor({ serverVersion = 16, database = 'test' }: DefinitionOptions) {
    this.#serverVersion = serverVersion;
    this.#database = database;
    for (const relation of systemRelations()) this.#relations.set(joinName(relation.schema, relation.name), relation);
  }

  define(statement: Statement): void {
    if (statement.kind === 'create-table') this.#table(statement);
    else if (statement.kind === 'create-view') this.#view(statement.name, statement.columns, statement.query);
    else if (statement.kind === 'create-table-as' && statement.source.kind === 'query') {
      this.#add(statement.name, 'table', this.#columns(statement.source.query, statement.columns));
    } else if (statement.kind === 'create-routine') this.#routine(statement);
    else if (statement.kind === 'create-trigger') this.#trigger(statement);
    else if (statement.kind === 'alter-relation') this.#alter(statement);
    else if (statement.kind === 'schema') this.#object(statement);
    else if (statement.kind === 'sequence' || statement.kind === 'block') for (const part of statement.statements) this.define(part);
  }

  build(): SqlserverCatalogue {
    const isRoutine = (name: string): boolean => this.#routines.has(name);
    const own = [...compatibilitySynonyms(this.#relations), ...this.#synonyms.values()];
    const synonyms = resolveSynonyms(own, this.#database, DEFAULT_SCHEMA, this.#relations, isRoutine);
    const relations = withReferences(new Map([...this.#relations, ...synonyms.relations]), this.#references);
    return {
      catalogue: {
        version: 1,
        serverVersion: this.#serverVersion,
        database: this.#database,
        relations,
        relationsById: new Map([...relations.values()].map((relation) => [relation.id, relation])),
        routines: new Map([...systemRoutines(), ...[...this.#routines].map(([name, routine]) => [name, [routine]] as const)]),
        schemas: new Set(this.#schemas),
      },
      views: new Map([...this.#views, ...synonyms.views]),
      generated: new Map(this.#generated),
      bodies: new Map([...this.#bodies].map(([name, body]) => [name, [body]])),
      triggers: new Map(this.#triggers),
      functionColumns: new Map(this.#functionColumns),
      routineSynonyms: synonyms.routines,
      assemblyTypes: new Set(),
    };
  }

  #table(statement: CreateTable): void {
    if (statement.temporary) return;
    const full = this.#add(statement.name, 'table', renumbered(statement.columns.map(definedColumn)));
    this.#defined(full, statement.columns);
    this.#foreignKeys(full, statement.foreignKeys ?? []);
  }

  /** What columns say besides their names and types. */
  #defined(full: RelationName, columns: readonly ColumnDefinition[]): void {
    this.#foreignKeys(
      full,
      columns.flatMap((column) => column.foreignKeys ?? []),
    );
    const generated = columns.filter(isGenerated).map((column) => [column.name, column.default] as const);
    if (generated.length > 0) this.#generated.set(full, new Map([...(this.#generated.get(full) ?? []), ...generated]));
  }

  #foreignKeys(own: RelationName, keys: readonly ForeignKey[]): void {
    for (const { relation, ...rest } of keys) this.#references.push({ to: this.#full(relation), reference: { ...rest, relation: own } });
  }

  #view(name: NameParts, columns: readonly string[], query: Query): void {
    const full = this.#add(name, 'view', this.#columns(query, columns));
    this.#views.set(full, query);
  }

  #routine(statement: CreateRoutine): void {
    if (statement.objectKind === 'event') return;
    const [schema, name] = this.#place(statement.name);
    const full = joinName(schema, name);
    const returnsSet = statement.objectKind === 'function' && statement.returns === 'table';
    this.#routines.set(full, {
      id: this.#nextId++,
      schema,
      name,
      kind: statement.objectKind,
      language: statement.language,
      volatility: 'volatile',
      securityDefiner: statement.securityDefiner,
      pinnedSearchPath: true,
      returnsSet,
      returnType: returnsSet ? 'table' : '',
      argumentTypes: statement.parameters.map(() => 'unknown'),
      origin: 'user',
    });
    const body = bodyOf(statement);
    if (body === undefined) this.#bodies.delete(full);
    else this.#bodies.set(full, body);
    const columns = returnsSet && body !== undefined ? this.#returnedColumns(body) : undefined;
    if (columns === undefined) this.#functionColumns.delete(full);
    else this.#functionColumns.set(full, columns);
  }

  /** Those of its table variable, or of its one query. */
  #returnedColumns({ statements, resultRelation }: StoredBody): readonly string[] | undefined {
    for (const statement of statements) {
      if (statement.kind === 'declare-table' && statement.name === resultRelation) return statement.columns?.map((column) => column.name);
      if (resultRelation === undefined && statement.kind === 'select')
        return this.#columns(statement.query, []).map((column) => column.name);
    }
    return undefined;
  }

  #trigger(statement: CreateTrigger): void {
    const full = this.#full(statement.relation);
    const found = this.#relations.get(full);
    if (found === undefined) return;
    this.#relations.set(full, { ...found, hasTriggers: true });
    append(this.#triggers, full, bodyOf(statement));
  }

  #alter({ name, actions }: AlterRelation): void {
    let full = this.#full(name);
    const found = this.#relations.get(full);
    if (found === undefined) return;
    this.#relations.set(full, { ...found, columns: withActions(found.columns, actions) });
    for (const action of actions) {
      if (action.kind === 'other') this.#foreignKeys(full, action.foreignKeys ?? []);
      else if (action.kind === 'add-column') this.#defined(full, [action.column]);
      else if (action.kind === 'rename') full = this.#move(full, { name: action.to });
      else if (action.kind === 'set-schema') full = this.#move(full, { schema: action.schema ?? DEFAULT_SCHEMA });
    }
  }

  #move(full: RelationName, change: { readonly schema: string } | { readonly name: string }): RelationName {
    const found = this.#relations.get(full);
    if (found === undefined) return full;
    const moved = { ...found, ...change };
    const to = joinName(moved.schema, moved.name);
    const now = (name: RelationName): RelationName => (name === full ? to : name);
    const references = this.#references.map((each) => ({
      to: now(each.to),
      reference: { ...each.reference, relation: now(each.reference.relation) },
    }));
    const kept = [this.#views, this.#generated, this.#triggers].map((map: Map<RelationName, unknown>) => [map, map.get(full)] as const);
    this.#drop(full);
    this.#references = references;
    for (const [map, value] of kept) if (value !== undefined) map.set(to, value);
    this.#relations.set(to, moved);
    return to;
  }

  #object({ operation, objectKind, names, columns, relations = [] }: SchemaStatement): void {
    for (const written of names) {
      if (operation === 'create' && objectKind === 'schema') this.#schemas.add(written.at(-1) ?? '');
      else if (operation === 'create' && objectKind === 'type' && columns !== undefined) {
        this.#defined(this.#add(written, 'composite', renumbered(columns.map(definedColumn))), columns);
      } else if (operation === 'create' && objectKind === 'sequence') this.#add(written, 'sequence', []);
      else if (operation === 'create' && objectKind === 'synonym') this.#synonym(written, relations[0]);
      else if (operation === 'drop') this.#drop(this.#full(written));
    }
  }

  #synonym(written: NameParts, base: NameParts | undefined): void {
    const [schema, name] = this.#place(written);
    this.#synonyms.set(joinName(schema, name), { id: this.#nextId++, schema, name, base });
  }

  #drop(full: RelationName): void {
    for (const map of [this.#relations, this.#views, this.#generated, this.#triggers, this.#synonyms]) map.delete(full);
    for (const map of [this.#routines, this.#bodies, this.#functionColumns]) map.delete(full);
    this.#references = this.#references.filter(({ reference }) => reference.relation !== full);
  }

  #add(written: NameParts, kind: 'table' | 'view' | 'sequence' | 'composite', columns: readonly CatalogueColumn[]): RelationName {
    const [schema, name] = this.#place(written);
    const full = joinName(schema, name);
    this.#drop(full);
    this.#relations.set(full, { id: this.#nextId++, schema, name, kind, columns, parents: [], hasTriggers: false });
    this.#schemas.add(schema);
    return full;
  }

  #place(written: NameParts): readonly [string, string] {
    return [written.at(-2) || DEFAULT_SCHEMA, written.at(-1) ?? ''];
  }

  #full(written: NameParts): RelationName {
    return joinName(...this.#place(written));
  }

  /** What a query returns: the names that a definition gives its columns, and those of the query for the rest. */
  #columns(query: Query, names: readonly string[]): CatalogueColumn[] {
    const statement: Statement = { kind: 'select', span: { start: 0, end: 0 }, query };
    const state: SqlState = { id: -1, database: this.#database, role: '', searchPath: [DEFAULT_SCHEMA, 'sys'], lexical: {} };
    const context = { catalogue: this.build(), state, stateChangedInTransaction: false, schemaChangedInTransaction: false };
    const [facts] = analyse({ statements: [statement] }, context).statements;
    const outputs = Array.isArray(facts?.outputs) ? facts.outputs : [];
    return outputs.map((output: OutputColumn, at) => ({
      name: names[at] ?? output.name,
      number: at + 1,
      type: 'unknown',
      typeId: 0,
      notNull: false,
    }));
  }
}
