import { definedColumn, isGenerated, joinName, renumbered, withActions, withReferences } from '@sqlwarden/core';
import type {
  AlterRelation,
  CatalogueColumn,
  CatalogueRelation,
  CatalogueRoutine,
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
import type { Flavour } from '../sql/functions.js';
import { NamedRelations } from './named-relations.js';
import { isSystemSchema } from './names.js';
import type { MysqlCatalogue } from './resolved-catalogue.js';
import { append } from './rows.js';
import { systemRelations } from './system-relations.js';
import { systemRoutines } from './system-routines.js';

export interface DefinitionOptions {
  readonly flavour?: Flavour;
  /** As in `Catalogue.serverVersion`. */
  readonly serverVersion?: number;
  /** The database that names without a schema are in, until USE. */
  readonly database?: string;
}

/**
 * The catalogue that a server has after these statements, made without one: schemas, tables, views, sequences, routines and triggers. Statements
 * that define none of these are passed over. Types of columns are as they were written; identifiers are made up.
 */
export function catalogueFromDefinitions(statements: readonly Statement[], options: DefinitionOptions = {}): MysqlCatalogue {
  const builder = new CatalogueBuilder(options);
  for (const statement of statements) builder.define(statement);
  return builder.build();
}

class CatalogueBuilder {
  readonly #flavour: Flavour;
  readonly #serverVersion: number;
  readonly #first: string;
  #database: string;
  readonly #relations = new Map<RelationName, CatalogueRelation>();
  readonly #views = new Map<RelationName, Query>();
  readonly #generated = new Map<RelationName, Map<string, Expression | undefined>>();
  readonly #routines = new Map<string, CatalogueRoutine[]>();
  readonly #bodies = new Map<string, (StoredBody | undefined)[]>();
  readonly #triggers = new Map<RelationName, (StoredBody | undefined)[]>();
  readonly #references: ReferenceTo[] = [];
  readonly #schemas = new Set(['information_schema', 'mysql', 'performance_schema', 'sys']);
  #nextId = 1;

  constructor({ flavour = 'mysql', serverVersion = flavour === 'mysql' ? 80_400 : 101_100, database = 'test' }: DefinitionOptions) {
    this.#flavour = flavour;
    this.#serverVersion = serverVersion;
    this.#first = database;
    this.#database = database;
    this.#schemas.add(database);
    for (const relation of systemRelations(flavour)) this.#relations.set(joinName(relation.schema, relation.name), relation);
    this.#nextId += this.#relations.size;
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
    else if (statement.kind === 'use') this.#database = statement.database;
    else if (statement.kind === 'sequence') for (const part of statement.statements) this.define(part);
  }

  build(): MysqlCatalogue {
    const relations = withReferences(this.#relations, this.#references);
    const routines = new Map(this.#routines);
    return {
      catalogue: {
        version: 1,
        serverVersion: this.#serverVersion,
        database: this.#first,
        relations: new NamedRelations(relations, this.#flavour),
        relationsById: new Map([...relations.values()].map((relation) => [relation.id, relation])),
        routines: new Map([...systemRoutines(this.#flavour), ...routines]),
        schemas: new Set(this.#schemas),
      },
      flavour: this.#flavour,
      views: new Map(this.#views),
      generated: new Map(this.#generated),
      bodies: understood(this.#bodies),
      triggers: new Map(this.#triggers),
      routines,
      loadable: new Set(),
    };
  }

  #table(statement: CreateTable): void {
    const like = statement.columnsOf.flatMap((name) => this.#relations.get(this.#full(name))?.columns ?? []);
    const full = this.#add(statement.name, 'table', renumbered([...like, ...statement.columns.map(definedColumn)]));
    this.#foreignKeys(full, [...(statement.foreignKeys ?? []), ...statement.columns.flatMap((column) => column.foreignKeys ?? [])]);
    const generated = statement.columns.filter(isGenerated);
    if (generated.length > 0) this.#generated.set(full, new Map(generated.map((column) => [column.name, column.default])));
  }

  #foreignKeys(own: RelationName, keys: readonly ForeignKey[]): void {
    for (const { relation, ...rest } of keys) this.#references.push({ to: this.#full(relation), reference: { ...rest, relation: own } });
  }

  /** Names in stored definitions are found from the view's schema: those of a view that was made from elsewhere may mean others. */
  #view(name: NameParts, columns: readonly string[], query: Query): void {
    const full = this.#add(name, 'view', this.#columns(query, columns));
    if (this.#place(name)[0] === this.#database) this.#views.set(full, query);
  }

  #routine(statement: CreateRoutine): void {
    if (statement.objectKind === 'event') return;
    const { parameters, outputs = [], body, securityDefiner } = statement;
    const [schema, name] = this.#place(statement.name);
    append(this.#routines, joinName(schema, name), {
      id: this.#nextId++,
      schema,
      name,
      kind: statement.objectKind,
      language: statement.language,
      volatility: 'volatile',
      securityDefiner,
      pinnedSearchPath: true,
      returnsSet: false,
      returnType: '',
      argumentTypes: parameters.map(() => 'unknown'),
      origin: 'user',
    });
    append(
      this.#bodies,
      joinName(schema, name),
      body && {
        parameters: parameters.map((parameter) => ({ name: parameter, output: outputs.includes(parameter) })),
        statements: body,
        returns: statement.objectKind === 'function' ? 'value' : 'nothing',
      },
    );
  }

  #trigger({ relation, body, events, rows = { old: 'old', new: 'new' } }: CreateTrigger): void {
    const full = this.#full(relation);
    const found = this.#relations.get(full);
    if (found === undefined) return;
    this.#relations.set(full, { ...found, hasTriggers: true });
    append(this.#triggers, full, body && { parameters: [], statements: body, returns: 'nothing', rows, ...(events && { events }) });
  }

  #alter({ name, actions }: AlterRelation): void {
    let full = this.#full(name);
    const found = this.#relations.get(full);
    if (found === undefined) return;
    this.#relations.set(full, { ...found, columns: withActions(found.columns, actions) });
    for (const action of actions) {
      if (action.kind === 'rename') full = this.#move(full, { name: action.to });
      else if (action.kind === 'set-schema') full = this.#move(full, { schema: action.schema ?? this.#database });
      else if (action.kind === 'other') this.#foreignKeys(full, action.foreignKeys ?? []);
      else if (action.kind === 'add-column' && isGenerated(action.column)) {
        const generated = this.#generated.get(full) ?? new Map<string, Expression | undefined>();
        this.#generated.set(full, generated.set(action.column.name, action.column.default));
      }
    }
  }

  #move(full: RelationName, change: { readonly schema: string } | { readonly name: string }): RelationName {
    const found = this.#relations.get(full);
    if (found === undefined) return full;
    const moved = { ...found, ...change };
    const to = joinName(moved.schema, moved.name);
    if (to === full) return full;
    for (const map of [this.#views, this.#generated, this.#triggers] as readonly Map<string, unknown>[]) {
      if (map.has(full)) map.set(to, map.get(full));
    }
    this.#drop(full);
    this.#relations.set(to, moved);
    return to;
  }

  #object({ operation, objectKind, names }: SchemaStatement): void {
    for (const written of names) {
      const isSchema = objectKind === 'schema' || objectKind === 'database';
      if (operation === 'create' && isSchema) this.#schemas.add(written.at(-1) ?? '');
      else if (operation === 'create' && objectKind === 'sequence') this.#add(written, 'sequence', []);
      else if (operation === 'drop' && isSchema) this.#dropSchema(written.at(-1) ?? '');
      else if (operation === 'drop' && ['table', 'view', 'sequence'].includes(objectKind)) this.#drop(this.#full(written));
      else if (operation === 'drop' && (objectKind === 'function' || objectKind === 'procedure')) {
        this.#routines.delete(this.#full(written));
        this.#bodies.delete(this.#full(written));
      }
    }
  }

  #dropSchema(schema: string): void {
    this.#schemas.delete(schema);
    for (const [full, relation] of this.#relations) if (relation.schema === schema) this.#drop(full);
  }

  #drop(full: RelationName): void {
    for (const map of [this.#relations, this.#views, this.#generated, this.#triggers]) map.delete(full);
  }

  #add(written: NameParts, kind: 'table' | 'view' | 'sequence', columns: readonly CatalogueColumn[]): RelationName {
    const [schema, name] = this.#place(written);
    const full = joinName(schema, name);
    this.#drop(full);
    this.#relations.set(full, { id: this.#nextId++, schema, name, kind, columns, parents: [], hasTriggers: false });
    if (!isSystemSchema(schema)) this.#schemas.add(schema);
    return full;
  }

  #place(written: NameParts): readonly [string, string] {
    return [written.at(-2) ?? this.#database, written.at(-1) ?? ''];
  }

  #full(written: NameParts): RelationName {
    return joinName(...this.#place(written));
  }

  /** What a query returns: the names that a definition gives its columns, and those of the query for the rest. */
  #columns(query: Query, names: readonly string[]): CatalogueColumn[] {
    const statement: Statement = { kind: 'select', span: { start: 0, end: 0 }, query };
    const state: SqlState = { id: -1, database: this.#database, role: '', searchPath: [this.#database], lexical: {} };
    const context = { catalogue: this.build(), state, stateChangedInTransaction: false, schemaChangedInTransaction: false };
    const [facts] = analyse({ statements: [statement] }, context).statements;
    const outputs = Array.isArray(facts?.outputs) ? facts.outputs : [];
    return outputs.map((output: OutputColumn, at) => ({
      name: names[at] ?? output.name.toLowerCase(),
      number: at + 1,
      type: 'unknown',
      typeId: 0,
      notNull: false,
    }));
  }
}

/** Bodies of names of which every body was understood. */
function understood(bodies: ReadonlyMap<string, readonly (StoredBody | undefined)[]>): ReadonlyMap<string, readonly StoredBody[]> {
  const all = new Map<string, readonly StoredBody[]>();
  for (const [name, own] of bodies) {
    const known = own.filter((body) => body !== undefined);
    if (known.length === own.length) all.set(name, known);
  }
  return all;
}
