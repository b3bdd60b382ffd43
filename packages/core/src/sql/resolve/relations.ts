import type { CatalogueColumn, CatalogueRelation } from '../../catalog/catalogue.js';
import type { AnalyseOptions, DialectRules, ViewDefinitions } from '../knowledge.js';
import type { Expression, NameParts, Query } from '../model.js';
import { joinName, type RelationName } from '../names.js';
import type { ResolvedRelation } from './context.js';
import type { Effects } from './effects.js';
import { namespaceOf, openScope, rangeOf, type Scope } from './scope.js';
import { type Column, derive, either, mayBeImplicit, OPAQUE, type Outputs, settle, stored, UNKNOWN_OUTPUTS, type Value } from './value.js';

/** What relation names mean: the catalogue, under what earlier statements of the unit have changed. */

/** The schemas that stand for temporary relations made in the unit, over all dialects. */
export const TEMPORARY_SCHEMAS: ReadonlySet<string> = new Set<NonNullable<DialectRules['temporarySchema']>>(['pg_temp', 'tempdb']);

/** That of the dialect. */
export function temporarySchema(rules: DialectRules): string {
  return rules.temporarySchema ?? 'pg_temp';
}

/** What has become of a relation: it is this one, it is gone, or what the catalogue has of that name may be gone (`maybe`). */
export type OverlayEntry = ResolvedRelation | 'gone' | 'maybe';

/** What earlier statements of the unit have made of the catalogue. */
export interface Overlay {
  readonly relations: { get(name: RelationName): OverlayEntry | undefined };
  /** Last parts of names of routines that were created or changed. */
  readonly routines: ReadonlySet<string>;
  readonly schemas: ReadonlySet<string>;
}

export interface NameContext {
  readonly searchPath: readonly string[];
  readonly overlay: Overlay;
}

export const NO_OVERLAY: Overlay = { relations: { get: () => undefined }, routines: new Set(), schemas: new Set() };

/** Resolves what the catalogue keeps as text. Throws when a limit is reached. */
export interface StoredResolver {
  view(query: Query, schema: string): { readonly result: Outputs; readonly effects: Effects };
  generated(expression: Expression, scope: Scope, schema: string): { readonly result: Value; readonly effects: Effects };
}

/** Where unqualified names are looked for in the definition of an object of that schema. */
export function storedSearchPath({ rules, catalogue }: AnalyseOptions, schema: string): readonly string[] {
  return rules.storedSearchPath?.(schema) ?? rules.viewSearchPath ?? [...catalogue.schemas].filter((each) => rules.isSystemSchema(each));
}

/** Every full name that a name may stand for, the first that exists wins. */
export function candidates(name: NameParts, options: AnalyseOptions, names: NameContext): RelationName[] {
  const own = name.at(-1) ?? '';
  const schema = name.at(-2);
  if (options.rules.isTemporaryName?.(own) === true) return [joinName(temporarySchema(options.rules), own)];
  if (name.length === 3 && name[0] !== options.catalogue.database) return [];
  // `database..relation`: the schema that is the default.
  if (schema === undefined || schema === '')
    return [joinName(temporarySchema(options.rules), own), ...names.searchPath.map((part) => joinName(part, own))];
  const full = joinName(schema, own);
  if (!options.rules.isTemporarySchema(schema)) return [full];
  // The session's own temporary schema has a name of its own, and the one that stands for it.
  return [
    full,
    joinName(temporarySchema(options.rules), own),
    ...names.searchPath.filter((part) => options.rules.isTemporarySchema(part)).map((part) => joinName(part, own)),
  ];
}

export function findRelation(
  name: NameParts,
  options: AnalyseOptions,
  names: NameContext,
  resolver: StoredResolver,
): ResolvedRelation | undefined {
  if (name.length > 3) return elsewhere(name);
  const all = candidates(name, options, names);
  for (const [at, candidate] of all.entries()) {
    const changed = names.overlay.relations.get(candidate);
    if (changed === 'gone') continue;
    if (typeof changed === 'object') return changed.maybe === true ? perhaps(changed, all.slice(at + 1), options, names) : changed;
    const relation = options.catalogue.relations.get(candidate);
    if (relation === undefined) continue;
    const found = catalogued(candidate, relation, options, resolver);
    if (changed === 'maybe') return perhaps(found, all.slice(at + 1), options, names);
    const other = name.length === 1 ? waitingRelation(name[0] ?? '', options, names) : undefined;
    return other === undefined ? found : { ...found, opaque: { kind: 'session-state', detail: `${candidate}, or ${other}` } };
  }
  return undefined;
}

/** A relation of another server. */
function elsewhere(name: NameParts): ResolvedRelation {
  const full = joinName(...name);
  return { name: full, outputs: UNKNOWN_OUTPUTS, systemColumns: true, opaque: { kind: 'foreign-data', detail: full } };
}

/** Where it does not exist after all, the statement fails, unless its name then means another relation. */
function perhaps(
  relation: ResolvedRelation,
  others: readonly RelationName[],
  options: AnalyseOptions,
  { overlay }: NameContext,
): ResolvedRelation {
  const other = others.find((name) => {
    const changed = overlay.relations.get(name);
    return changed === undefined ? options.catalogue.relations.has(name) : changed !== 'gone';
  });
  return other === undefined ? relation : { ...relation, opaque: { kind: 'schema-changed', detail: `${relation.name}, or ${other}` } };
}

/** A relation of that name in a schema that the search path names, and that may have been made since the search path was read. */
function waitingRelation(name: string, { rules, state, catalogue }: AnalyseOptions, { searchPath }: NameContext): RelationName | undefined {
  // A path that the unit has set itself was worked out from the schemas that there are.
  if (searchPath !== state.searchPath) return undefined;
  const named = rules.namedSchemas?.(state) ?? [];
  const waiting = named.filter((schema) => !searchPath.includes(schema) && !rules.isTemporarySchema(schema));
  return waiting.map((schema) => joinName(schema, name)).find((full) => catalogue.relations.has(full));
}

const MEMORY = new WeakMap<ViewDefinitions, Map<RelationName, ResolvedRelation | 'running'>>();

function catalogued(name: RelationName, relation: CatalogueRelation, options: AnalyseOptions, resolver: StoredResolver): ResolvedRelation {
  // Relations that a catalogue makes up when they are named (sequence tables) are as many as there are names: they are not remembered.
  if (relation.id < 0) return resolveCatalogued(name, relation, options, resolver);
  const known = MEMORY.get(options.views) ?? new Map<RelationName, ResolvedRelation | 'running'>();
  MEMORY.set(options.views, known);
  const earlier = known.get(name);
  if (earlier === 'running') return opaqueRelation(name, relation, { kind: 'complexity', detail: `view ${name} names itself` });
  if (earlier?.catalogued === relation) return earlier;
  known.set(name, 'running');
  try {
    // However it was written: a catalogue may have a relation under several spellings.
    const resolved = resolveCatalogued(joinName(relation.schema, relation.name), relation, options, resolver);
    known.set(name, resolved);
    return resolved;
  } finally {
    // A limit that was reached in the middle is a matter of this statement: nothing is remembered.
    if (known.get(name) === 'running') known.delete(name);
  }
}

function resolveCatalogued(
  name: RelationName,
  relation: CatalogueRelation,
  options: AnalyseOptions,
  resolver: StoredResolver,
): ResolvedRelation {
  const expands = (relation.kind === 'view' || relation.kind === 'materialized-view') && !options.rules.isSystemSchema(relation.schema);
  if (!expands) return baseRelation(name, relation, options, resolver);
  const definition = options.views.get(name);
  if (definition === undefined)
    return opaqueRelation(name, relation, { kind: 'unreadable-relation', detail: `the definition of ${name} is not known` });
  const { result: outputs, effects } = resolver.view(definition, relation.schema);
  if (!outputs.complete || outputs.columns.length !== relation.columns.length) {
    return opaqueRelation(name, relation, { kind: 'unreadable-relation', detail: `the columns of ${name} could not be traced` });
  }
  const columns = relation.columns.map((column, at) => viewColumn(name, column, outputs.columns[at]));
  return {
    name,
    catalogued: relation,
    outputs: { columns, complete: true },
    systemColumns: relation.kind === 'materialized-view',
    // A materialised view is read as it was stored: what its query would read is not read again.
    ...(relation.kind === 'view' ? { effects } : {}),
  };
}

function viewColumn(relation: RelationName, column: CatalogueColumn, output: Column | undefined): Column {
  const own = stored(`${relation}.${joinName(column.name)}`);
  if (output === undefined) return { name: column.name, value: { ...own, opaque: true } };
  const value = settle(either([own, output.value]));
  const implicit = column.implicit === true ? true : mayBeImplicit(output) ? ('maybe' as const) : undefined;
  return {
    name: column.name,
    value: { ...value, via: [] },
    ...(column.hidden === true && { hidden: true }),
    ...(implicit !== undefined && { implicit }),
    ...(output.reason === undefined ? {} : { reason: output.reason }),
  };
}

function baseRelation(
  name: RelationName,
  relation: CatalogueRelation,
  options: AnalyseOptions,
  resolver: StoredResolver,
): ResolvedRelation {
  const system = options.rules.isSystemSchema(relation.schema);
  const columns = relation.columns.map((column): Column => {
    const reason = system ? options.rules.sensitiveColumn(name, column.name) : undefined;
    const value = stored(`${name}.${joinName(column.name)}`);
    const hidden = { ...(column.hidden === true && { hidden: true }), ...(column.implicit === true && { implicit: true as const }) };
    return { name: column.name, value, notNull: column.notNull, ...hidden, ...(reason === undefined ? {} : { reason }) };
  });
  const generated = options.generated?.get(name);
  const all =
    generated === undefined
      ? columns
      : withGenerated(columns, generated, (expression, scope) => resolver.generated(expression, scope, relation.schema));
  const reason = options.rules.sensitiveRelation?.(name);
  return {
    name,
    catalogued: relation,
    outputs: { columns: reason === undefined ? all : all.map((column) => ({ ...column, reason })), complete: true },
    systemColumns: true,
  };
}

/** A generated column also holds what it is computed from. */
function withGenerated(
  columns: readonly Column[],
  generated: ReadonlyMap<string, Expression | undefined>,
  resolve: (expression: Expression, scope: Scope) => { readonly result: Value },
): Column[] {
  const scope = openScope(undefined);
  scope.namespaces.push(namespaceOf(rangeOf(undefined, { columns, complete: true })));
  return columns.map((column) => {
    if (!generated.has(column.name)) return column;
    const expression = generated.get(column.name);
    if (expression === undefined) return { ...column, value: { ...column.value, opaque: true } };
    const { result } = resolve(expression, scope);
    return { ...column, value: { ...either([column.value, derive([result])]), via: [] } };
  });
}

function opaqueRelation(
  name: RelationName,
  relation: CatalogueRelation,
  opaque: { readonly kind: 'unreadable-relation' | 'complexity'; readonly detail: string },
): ResolvedRelation {
  const columns = relation.columns.map((column): Column => {
    const value = stored(`${name}.${joinName(column.name)}`);
    return { name: column.name, value: { ...value, opaque: OPAQUE.opaque } };
  });
  return { name, catalogued: relation, outputs: { columns, complete: columns.length > 0 }, systemColumns: false, opaque };
}
