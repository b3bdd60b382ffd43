import { joinName, withReferences } from '@sqlwarden/core';
import type {
  Catalogue,
  AlterRelation,
  CatalogueColumn,
  CatalogueRelation,
  ColumnDefinition,
  CreateRoutine,
  CreateTable,
  CreateTableAs,
  CreateRule,
  CreateTrigger,
  CreateView,
  Expression,
  ForeignKey,
  NameParts,
  OutputColumn,
  Query,
  ReferenceTo,
  RelationKind,
  RelationName,
  SqlState,
  Statement,
} from '@sqlwarden/core';
import { analyse } from '../sql/analyse.js';
import { readBodies } from './bodies.js';
import type { TriggerDefinition } from './definitions.js';
import { qualified } from './qualified-names.js';
import { FIRST_USER_OID } from './queries.js';
import type { CatalogueType, PostgresCatalogue, RoutineDetail } from './resolved-catalogue.js';
import { append } from './rows.js';
import { readTriggers } from './triggers.js';
import { systemRelations, systemRoutines } from './system-catalogue.js';

export interface DefinitionOptions {
  /** As in `Catalogue.serverVersion`. */
  readonly serverVersion?: number;
  readonly database?: string;
}

/**
 * The catalogue that a database has after these statements, made without a server: tables, views, sequences, types, schemas, functions and
 * triggers, and foreign keys that ALTER TABLE adds. Names are found in the order of `SET search_path`, `public` at first. Statements that define none of these are passed over.
 * Types of columns are as they were written; identifiers are made up, so that nothing can be bound by them.
 */
export function catalogueFromDefinitions(statements: readonly Statement[], options: DefinitionOptions = {}): PostgresCatalogue {
  const builder = new CatalogueBuilder(options);
  for (const statement of statements) builder.define(statement);
  return builder.build();
}

class CatalogueBuilder {
  readonly #options: Required<DefinitionOptions>;
  readonly #relations = new Map<RelationName, CatalogueRelation>();
  readonly #views = new Map<RelationName, Query>();
  readonly #generated = new Map<RelationName, Map<string, Expression | undefined>>();
  readonly #routines = new Map<string, RoutineDetail[]>();
  readonly #triggers: TriggerDefinition[] = [];
  readonly #references: ReferenceTo[] = [];
  readonly #types = new Map<string, CatalogueType>();
  readonly #schemas = new Set(['pg_catalog', 'information_schema', 'public']);
  #path: readonly string[] = ['public'];
  #nextId = FIRST_USER_OID;

  constructor({ serverVersion = 180_000, database = 'postgres' }: DefinitionOptions) {
    this.#options = { serverVersion, database };
    for (const relation of systemRelations()) this.#relations.set(joinName(relation.schema, relation.name), relation);
    for (const detail of systemRoutines()) append(this.#routines, joinName(detail.routine.schema, detail.routine.name), detail);
  }

  define(statement: Statement): void {
    if (statement.kind === 'create-table') this.#table(statement);
    else if (statement.kind === 'create-view') this.#view(statement.name, statement.columns, statement.query, 'view');
    else if (statement.kind === 'create-table-as') this.#tableAs(statement);
    else if (statement.kind === 'create-routine') this.#routine(statement);
    else if (statement.kind === 'create-trigger') this.#trigger(statement);
    else if (statement.kind === 'create-rule') this.#rule(statement);
    else if (statement.kind === 'alter-relation') this.#alter(statement);
    else if (statement.kind === 'setting') this.#setting(statement.name, statement.values);
    else if (statement.kind === 'schema' && statement.operation === 'create') this.#object(statement.objectKind, statement.names);
  }

  build(): PostgresCatalogue {
    const routines = new Map(this.#routines);
    const relations = withReferences(this.#relations, this.#references);
    const routinesById = new Map([...routines.values()].flat().map((detail) => [detail.routine.id, detail]));
    const catalogue: Catalogue = {
      version: 1,
      serverVersion: this.#options.serverVersion,
      database: this.#options.database,
      relations,
      relationsById: new Map([...relations.values()].map((relation) => [relation.id, relation])),
      routines: new Map([...routines].map(([name, overloads]) => [name, overloads.map((detail) => detail.routine)])),
      schemas: new Set(this.#schemas),
    };
    return {
      catalogue,
      views: new Map(this.#views),
      generated: this.#generated,
      routines,
      routinesById,
      bodies: readBodies(routines),
      triggers: readTriggers(this.#triggers, catalogue, routinesById),
      operators: new Map(),
      casts: new Map(),
      types: new Map(this.#types),
      typesById: new Map(),
    };
  }

  #table(statement: CreateTable): void {
    const parents = statement.columnsOf.flatMap((name) => this.#find(name) ?? []);
    const inherited = parents.flatMap((parent) => parent.columns);
    const own = statement.columns.map((column, at) => tableColumn(column, inherited.length + at + 1));
    const generated = statement.columns.filter(isGenerated);
    const name = this.#add(statement.name, {
      kind: statement.objectKind === 'foreign table' ? 'foreign-table' : 'table',
      columns: [...inherited.map((column, at) => ({ ...column, number: at + 1 })), ...own],
      parents: parents.map((parent) => joinName(parent.schema, parent.name)),
    });
    this.#foreignKeys(name, [...(statement.foreignKeys ?? []), ...statement.columns.flatMap((column) => column.foreignKeys ?? [])]);
    const expressions = new Map([
      ...parents.flatMap((parent) => [...(this.#generated.get(joinName(parent.schema, parent.name)) ?? [])]),
      ...generated.map((column) => [column.name, column.default] as const),
    ]);
    if (expressions.size > 0) this.#generated.set(name, expressions);
  }

  #foreignKeys(own: RelationName, keys: readonly ForeignKey[]): void {
    for (const { relation, ...rest } of keys) {
      const found = this.#find(relation);
      if (found !== undefined) this.#references.push({ to: joinName(found.schema, found.name), reference: { ...rest, relation: own } });
    }
  }

  #tableAs(statement: CreateTableAs): void {
    if (statement.source.kind !== 'query') return;
    const { name, columns, source } = statement;
    if (statement.objectKind === 'materialized view') this.#view(name, columns, source.query, 'materialized-view');
    else this.#add(name, { kind: 'table', columns: this.#columns(source.query, columns), parents: [] });
  }

  #view(name: CreateView['name'], columns: readonly string[], query: Query, kind: RelationKind): void {
    const full = this.#add(name, { kind, columns: this.#columns(query, columns), parents: [] });
    this.#views.set(full, this.#qualified(query));
  }

  #routine(statement: CreateRoutine): void {
    const [schema, name] = this.#place(statement.name);
    const row = statement.rowOf && this.#find(statement.rowOf);
    const detail: RoutineDetail = {
      routine: {
        id: this.#nextId++,
        schema,
        name,
        kind: statement.objectKind === 'event' ? 'procedure' : statement.objectKind,
        language: statement.language,
        volatility: 'volatile',
        securityDefiner: statement.securityDefiner,
        pinnedSearchPath: false,
        returnsSet: statement.returns === 'table',
        returnType: 'unknown',
        argumentTypes: statement.parameters.map(() => 'unknown'),
        origin: 'user',
      },
      minArguments: 0,
      maxArguments: Number.POSITIVE_INFINITY,
      parameters: statement.parameters.map((parameter) => ({ name: parameter, output: statement.outputs?.includes(parameter) ?? false })),
      ...(statement.resultColumns !== undefined && statement.resultColumns.length > 1 && { columns: statement.resultColumns }),
      ...(row !== undefined && { rowOf: joinName(row.schema, row.name) }),
      returnsRecord: false,
      searchPath: 'caller',
      ...(statement.body && { body: statement.body }),
    };
    append(this.#routines, joinName(schema, name), detail);
  }

  #rule(definition: CreateRule): void {
    const found = this.#find(definition.relation);
    if (found === undefined) return;
    this.#relations.set(joinName(found.schema, found.name), { ...found, hasTriggers: true });
    this.#triggers.push({ relationId: found.id, definition });
  }

  #trigger(definition: CreateTrigger): void {
    const found = this.#find(definition.relation);
    if (found === undefined) return;
    this.#relations.set(joinName(found.schema, found.name), { ...found, hasTriggers: true });
    const [schema, name] = this.#place(definition.routine ?? []);
    const routineId = this.#routines.get(joinName(schema, name))?.at(-1)?.routine.id;
    this.#triggers.push({ relationId: found.id, definition, ...(routineId !== undefined && { routineId }) });
  }

  #setting(name: string, values: readonly string[] | 'default' | undefined): void {
    if (name === 'search_path' && Array.isArray(values)) this.#path = values;
  }

  #alter({ name, actions }: AlterRelation): void {
    const found = this.#find(name);
    if (found === undefined) return;
    const keys = actions.flatMap((action) => (action.kind === 'other' ? (action.foreignKeys ?? []) : []));
    this.#foreignKeys(joinName(found.schema, found.name), keys);
  }

  #object(kind: string, names: readonly NameParts[]): void {
    for (const written of names) {
      if (kind === 'schema') this.#schemas.add(written.at(-1) ?? '');
      else if (kind === 'sequence') this.#add(written, { kind: 'sequence', columns: SEQUENCE_COLUMNS, parents: [] });
      else if (kind === 'type' || kind === 'domain') this.#type(written);
    }
  }

  #type(written: NameParts): void {
    const [schema, name] = this.#place(written);
    this.#types.set(joinName(schema, name), { id: this.#nextId++, schema, name, kind: 'd', system: false });
  }

  #add(written: NameParts, relation: Pick<CatalogueRelation, 'kind' | 'columns' | 'parents'>): RelationName {
    const [schema, name] = this.#place(written);
    const full = joinName(schema, name);
    this.#relations.set(full, { id: this.#nextId++, schema, name, hasTriggers: false, ...relation });
    return full;
  }

  /** Schema and name of what is made under a name. */
  #place(written: NameParts): readonly [string, string] {
    return [written.at(-2) ?? this.#path[0] ?? 'public', written.at(-1) ?? ''];
  }

  #find(written: NameParts): CatalogueRelation | undefined {
    const schemas = written.length > 1 ? written.slice(-2, -1) : [...this.#path, 'pg_catalog'];
    return schemas.map((schema) => this.#relations.get(joinName(schema, written.at(-1) ?? ''))).find((found) => found !== undefined);
  }

  /** What a query returns: the names that a definition gives its columns, and those of the query for the rest. */
  #columns(query: Query, names: readonly string[]): CatalogueColumn[] {
    const statement: Statement = { kind: 'select', span: { start: 0, end: 0 }, query };
    const catalogue = this.build();
    const state: SqlState = { id: -1, database: this.#options.database, role: '', searchPath: ['pg_catalog', ...this.#path], lexical: {} };
    const context = { catalogue, state, stateChangedInTransaction: false, schemaChangedInTransaction: false };
    const [facts] = analyse({ statements: [statement] }, context).statements;
    const outputs = Array.isArray(facts?.outputs) ? facts.outputs : [];
    return outputs.map(
      (output: OutputColumn, at): CatalogueColumn => ({
        name: names[at] ?? output.name,
        number: at + 1,
        type: 'unknown',
        typeId: 0,
        notNull: false,
      }),
    );
  }

  #qualified<T>(definition: T): T {
    const inPath = (has: (schema: string) => boolean, name: string): NameParts | undefined => {
      const schema = this.#path.find(has);
      return schema === undefined ? undefined : [schema, name];
    };
    return qualified(definition, {
      relation: (name) => inPath((schema) => this.#relations.has(joinName(schema, name)), name),
      routine: (name) => inPath((schema) => this.#routines.has(joinName(schema, name)), name),
      type: (name) => inPath((schema) => this.#types.has(joinName(schema, name)), name),
    });
  }
}

const SEQUENCE_COLUMNS: readonly CatalogueColumn[] = ['last_value', 'log_cnt', 'is_called'].map((name, at) => ({
  name,
  number: at + 1,
  type: 'bigint',
  typeId: 0,
  notNull: true,
}));

function tableColumn(column: ColumnDefinition, number: number): CatalogueColumn {
  const { name, type, notNull } = column;
  return {
    name,
    number,
    type: `${type.name.at(-1) ?? 'unknown'}${type.array ? '[]' : ''}`,
    typeId: 0,
    notNull: notNull ?? false,
    ...(isGenerated(column) && { generated: true }),
  };
}

/** A default names no column ("Default Values"); a generation expression that names none is as harmless as one. */
function isGenerated({ default: expression }: ColumnDefinition): boolean {
  return expression !== undefined && namesColumn(expression);
}

function namesColumn(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if ('kind' in value && value.kind === 'column') return true;
  return Object.values(value).some(namesColumn);
}
