import type { OpaqueReason, OutputColumn, StatementFacts, TemporaryFacts, VariableFacts } from './facts.js';
import { carriedInto, mergeEntries, sameEntry, temporaryRelation } from './changed-relations.js';
import { mergeCursors, sameJson } from './cursor-outputs.js';
import { type Frame, variables } from './frame.js';
import type { AnalyseOptions } from './knowledge.js';
import type { NameParts, Query } from './model.js';
import { joinName, type RelationName } from './names.js';
import type { ResolvedRelation } from './resolve/context.js';
import type { Effects } from './resolve/effects.js';
import { type NameContext, type Overlay, type OverlayEntry, temporarySchema } from './resolve/relations.js';
import { closed, type Column, NOTHING, originList, type Outputs, settle, type Value } from './resolve/value.js';
import type { Statement } from './statement.js';
import { outputFacts } from './statement-facts.js';
import { Timeline } from './timeline.js';
import { UnitReferences } from './unit-references.js';

/** What the statements of a unit have done so far to what later ones in it mean. */
export class UnitState implements NameContext {
  readonly options: AnalyseOptions;
  readonly #relations: Timeline<OverlayEntry>;
  readonly routines = new Set<string>();
  readonly schemas = new Set<string>();
  readonly cursors = new Timeline<readonly OutputColumn[] | 'unknown'>((_, values) => mergeCursors(values), sameJson);
  /** What OPEN runs, by the cursor's name. */
  readonly cursorQueries = new Timeline<readonly Query[]>((_, values) => [...new Set(values.flatMap((value) => value ?? []))], sameList);
  /** `undefined` where it is not known which statement it is. */
  readonly prepared = new Timeline<Statement>((_, values) => (values.every((value) => value === values[0]) ? values[0] : undefined));
  readonly sessionVariables: Timeline<Value>;
  readonly #paths: Timeline<SearchPath>;
  /** Routines whose bodies are being read, and relations whose triggers are. */
  readonly running = new Set<string>();
  readonly overlay: Overlay;
  readonly references: UnitReferences;
  frame: Frame;
  /** Names can be resolved: nothing out of sight has changed the session's state. */
  stateKnown = true;
  /** The catalogue with the overlay is what the server has. */
  schemaKnown = true;
  localsKnown = true;
  sessionVariablesKnown: boolean;
  stateChanged: boolean;
  schemaChanged = false;
  /** Which statements run, how often and in which order, is not known. */
  branching = false;
  /** How many branches and loops stand around what is being read. */
  conditions = 0;
  /** Variables of the session that were given a value since nothing was known of them. */
  readonly #fresh = new Set<string>();
  readonly #assigned = new Set<string>();
  /** A loop around is analysed until nothing changes any more. */
  iterating = false;
  readonly #outermost: Frame;
  readonly #before: number;
  /** What was resolved of relations of the catalogue before they were changed. */
  readonly #bases = new Map<RelationName, ResolvedRelation>();

  constructor(options: AnalyseOptions) {
    this.options = options;
    this.references = new UnitReferences(options.catalogue);
    this.#relations = this.#newRelations();
    this.frame = this.newFrame();
    this.#outermost = this.frame;
    this.#paths = new Timeline((_, values) => this.#mergePaths(values));
    this.sessionVariables = variables((name) => this.#initial(name));
    this.overlay = { relations: { get: (name) => this.#timelineOf(name).get(name) }, routines: this.routines, schemas: this.schemas };
    this.stateChanged = options.stateChangedInTransaction;
    this.sessionVariablesKnown = options.variablesKnown !== false;
    this.#paths.replace('', { path: options.state.searchPath, names: undefined });
    for (const [name, outputs] of options.cursors ?? []) this.cursors.replace(name, outputs);
    for (const [name, statement] of options.prepared ?? []) this.prepared.replace(name, statement);
    for (const known of options.temporary ?? []) this.#relations.replace(known.name, temporaryRelation(known));
    this.#before = this.#relations.version;
  }

  newFrame(more: Pick<Frame, 'parameters' | 'searchPath' | 'deciding' | 'triggered'> = {}): Frame {
    return {
      variables: variables(() => NOTHING),
      types: new Map(),
      tables: this.#newRelations(),
      rowAssignments: 0,
      isSteered: false,
      ...more,
    };
  }

  #newRelations(): Timeline<OverlayEntry> {
    return new Timeline((name, values) => mergeEntries(name, values, this.options.catalogue, this.#bases), sameEntry);
  }

  /** Table variables are told by their mark; they belong to the batch or routine. */
  #timelineOf(name: RelationName): Timeline<OverlayEntry> {
    return isTableVariable(name) ? this.frame.tables : this.#relations;
  }

  get searchPath(): readonly string[] {
    return this.frame.searchPath ?? this.#path.path;
  }

  /** What the search path was set to in this unit, schemas that do not exist included. */
  get searchPathNames(): readonly string[] | undefined {
    return this.#path.names;
  }

  get #path(): SearchPath {
    return this.#paths.get('') ?? { path: this.options.state.searchPath, names: undefined };
  }

  /** `undefined`: what is searched is not known any more. */
  setSearchPath(path: readonly string[] | undefined, names: readonly string[] | undefined): void {
    if (path === undefined || this.frame.searchPath !== undefined) this.stateKnown = false;
    this.#paths.set('', { path: path ?? this.#path.path, names });
  }

  #mergePaths(values: readonly (SearchPath | undefined)[]): SearchPath | undefined {
    const [first] = values;
    const same = values.every((value) => sameList(value?.path, first?.path) && sameList(value?.names, first?.names));
    if (!same) this.stateKnown = false;
    return first;
  }

  // ---------------------------------------------------------------- alternatives

  get #timelines(): readonly Timeline<never>[] {
    const { cursors, cursorQueries, prepared, sessionVariables, frame } = this;
    const own = [this.#relations, cursors, cursorQueries, prepared, sessionVariables, this.#paths, frame.variables, frame.tables];
    return own as unknown as Timeline<never>[];
  }

  /** Runs one of several bodies, or none of them when `orNone`; what follows cannot tell which. */
  alternatives(bodies: readonly (() => void)[], orNone: boolean): void {
    if (this.isUncertain) {
      for (const body of bodies) body();
      return;
    }
    // Alternatives of many are not told apart: that would take time for each pair of them.
    if (bodies.length > MAX_ALTERNATIVES) return this.uncertainly(() => this.alternatives(bodies, orNone));
    const timelines = this.#timelines;
    const marks = timelines.map((timeline) => timeline.mark());
    this.conditions += 1;
    const ends: ReadonlyMap<string, never>[][] = [];
    try {
      for (const body of bodies) {
        body();
        ends.push(timelines.map((timeline, at) => timeline.takeBack(marks[at] ?? 0) as ReadonlyMap<string, never>));
      }
    } finally {
      this.conditions -= 1;
    }
    const none: ReadonlyMap<string, never> = new Map<string, never>();
    for (const [at, timeline] of timelines.entries()) {
      const own = ends.flatMap((end) => end[at] ?? []);
      timeline.meet(orNone ? [none, ...own] : own);
    }
  }

  /** Runs a body whose statements may run in part, in another order or not at all. */
  uncertainly<T>(body: () => T): T {
    const timelines = this.#timelines;
    for (const timeline of timelines) timeline.weak += 1;
    this.conditions += 1;
    try {
      return body();
    } finally {
      for (const timeline of timelines) timeline.weak -= 1;
      this.conditions -= 1;
    }
  }

  get isUncertain(): boolean {
    return this.#relations.weak > 0;
  }

  /** Runs a body and forgets everything that it did here. */
  pretend<T>(body: () => T): T {
    const timelines = this.#timelines;
    const marks = timelines.map((timeline) => timeline.mark());
    const { stateKnown, schemaKnown, localsKnown, sessionVariablesKnown, stateChanged, schemaChanged, branching } = this;
    const [routines, schemas] = [new Set(this.routines), new Set(this.schemas)];
    const result = body();
    for (const [at, timeline] of timelines.entries()) timeline.takeBack(marks[at] ?? 0);
    Object.assign(this, { stateKnown, schemaKnown, localsKnown, sessionVariablesKnown, stateChanged, schemaChanged, branching });
    keepOnly(this.routines, routines);
    keepOnly(this.schemas, schemas);
    return result;
  }

  /** Goes up whenever something changes that later statements may see. */
  get version(): number {
    return this.#timelines.reduce((sum, timeline) => sum + timeline.version, 0);
  }

  /** What runs is the text of the unit itself, not one that it runs. */
  get isOutermost(): boolean {
    return this.frame === this.#outermost;
  }

  /** Runs a body that sees neither the variables nor the table variables of what runs it. */
  inFrame<T>(frame: Frame, body: () => T): T {
    const { frame: outer, iterating } = this;
    this.frame = frame;
    this.iterating = false;
    try {
      return body();
    } finally {
      this.frame = outer;
      this.iterating = iterating;
    }
  }

  // ---------------------------------------------------------------- variables

  #initial(name: string): Value {
    const known = this.options.variables?.get(name);
    if (known === undefined) return NOTHING;
    return { ...NOTHING, origins: new Map(known.origins.map(({ column, how }) => [column, how])), opaque: known.opaque };
  }

  /** `undefined` when it is not known. */
  sessionVariable(name: string): Value | undefined {
    if (!this.sessionVariablesKnown && !this.#fresh.has(name)) return undefined;
    return this.sessionVariables.get(name) ?? this.#initial(name);
  }

  /** A variable of the session is given a value. */
  setSessionVariable(name: string, value: Value, how: 'set' | 'join'): void {
    this.#assigned.add(name);
    if (how === 'join') this.sessionVariables.join(name, value);
    else this.sessionVariables.set(name, value);
    if (how === 'set' && this.conditions === 0) this.#fresh.add(name);
  }

  /** What has been left in variables of the session since this was asked last. */
  takeAssigned(): VariableFacts[] {
    const names = [...this.#assigned].sort();
    this.#assigned.clear();
    return names.map((name) => {
      const value = this.sessionVariable(name);
      return { name, origins: value === undefined ? [] : originList(settle(value).origins), opaque: value?.opaque !== false };
    });
  }

  /** The temporary relations that there are in the end; `undefined` when nothing was done to any. */
  get temporary(): readonly TemporaryFacts[] | undefined {
    if (this.#relations.version === this.#before) return undefined;
    return this.#relations.entries().flatMap(([name, entry]): TemporaryFacts[] => {
      if (typeof entry !== 'object' || entry.temporary !== true) return [];
      const { maybe, outputs, opaque } = entry;
      return [{ name, columns: opaque === undefined ? outputFacts(outputs) : 'unknown', ...(maybe === true ? { maybe } : {}) }];
    });
  }

  /** Nothing is known of variables any more: those of the session, or all of them. */
  forgetVariables(which: 'session' | 'all'): void {
    this.sessionVariablesKnown = false;
    this.#fresh.clear();
    if (which === 'all') this.localsKnown = false;
  }

  // ---------------------------------------------------------------- the schema

  /** Why what a statement names cannot be relied on; `undefined` when it can. */
  get doubt(): OpaqueReason | undefined {
    if (!this.stateKnown) return { kind: 'session-state', detail: 'an earlier statement may have changed what names mean' };
    if (!this.schemaKnown) return { kind: 'schema-changed', detail: 'an earlier statement may have changed the schema' };
    return undefined;
  }

  /** It is a name in another database, or on another server. */
  isElsewhere(name: NameParts): boolean {
    const { rules, catalogue } = this.options;
    if (rules.isTemporaryName?.(name.at(-1) ?? '') === true) return false;
    return name.length > 3 || (name.length === 3 && name[0] !== catalogue.database);
  }

  /** The full name that a CREATE gives its object. */
  newName(name: NameParts, temporary: boolean): RelationName {
    const own = name.at(-1) ?? '';
    const schema = name.at(-2);
    const { rules } = this.options;
    if (this.isElsewhere(name)) return joinName(...name);
    const inOwnSchema = temporary && rules.temporaryShadows !== true;
    if (inOwnSchema || rules.isTemporaryName?.(own) === true) return joinName(temporarySchema(rules), own);
    if (schema !== undefined && schema !== '') return joinName(rules.isTemporarySchema(schema) ? temporarySchema(rules) : schema, own);
    const target = this.searchPath.find((part) => !rules.isSystemSchema(part) && !rules.isTemporarySchema(part));
    return target === undefined || !this.stateKnown ? joinName(own) : joinName(target, own);
  }

  /** A relation of that name exists for certain. */
  exists(name: RelationName): boolean {
    const changed = this.overlay.relations.get(name);
    if (changed === undefined) return this.options.catalogue.relations.has(name);
    return typeof changed === 'object' && changed.maybe !== true;
  }

  /** A relation exists from here on. */
  create(name: RelationName, columns: readonly Column[], more: Partial<ResolvedRelation> = {}): void {
    this.schemaChanged = true;
    this.#timelineOf(name).set(name, { name, outputs: { columns, complete: true }, systemColumns: true, ...more });
  }

  /** A relation is another from here on, in a way that is not simulated. */
  obscure(name: RelationName): void {
    this.schemaChanged = true;
    const outputs: Outputs = { columns: [], complete: false };
    this.#timelineOf(name).set(name, { name, outputs, systemColumns: true, opaque: { kind: 'schema-changed', detail: name } });
  }

  /** A schema exists from here on. Where the search path has been waiting for it, unqualified names mean something else now. */
  addSchema(name: string): void {
    this.schemas.add(name);
    const { rules, state } = this.options;
    // Where nothing sets a list of schemas, none waits in it.
    if (rules.searchPathSetting === undefined) return;
    const named = this.searchPathNames ?? rules.namedSchemas?.(state);
    if (named?.includes(name) !== false) this.stateKnown = false;
  }

  drop(name: RelationName): void {
    this.schemaChanged = true;
    const timeline = this.#timelineOf(name);
    const known = timeline.get(name);
    // A relation that a temporary one of its name has hidden is seen again.
    const shadow = typeof known === 'object' && known.temporary === true && this.options.rules.temporaryShadows === true;
    timeline.set(name, shadow ? undefined : 'gone');
  }

  /** Remembers what a relation was before it is changed. */
  keepBase(relation: ResolvedRelation): void {
    if (!this.#relations.has(relation.name)) this.#bases.set(relation.name, relation);
  }

  /** Values were written into a column of a temporary relation: reading it yields them from here on. */
  carry(name: RelationName, column: string | undefined, value: Value): void {
    const timeline = this.#timelineOf(name);
    const relation = timeline.get(name);
    if (typeof relation !== 'object' || relation.temporary !== true) return;
    const written = closed(value);
    if (written.origins.size === 0 && !written.opaque) return;
    const columns = carriedInto(relation, column, written);
    timeline.replace(name, { ...relation, outputs: { ...relation.outputs, columns } });
  }

  // ---------------------------------------------------------------- what a statement leaves

  /** What a statement may have done out of sight. */
  observe(part: Pick<StatementFacts, 'action' | 'cursor'>, effects: Effects): void {
    if (part.cursor !== undefined) this.cursors.set(part.cursor.name, part.cursor.outputs);
    if (part.action === 'explain') return;
    const kinds = effects.opaqueReasons.map((reason) => reason.kind);
    if (kinds.some((kind) => RUNS_CODE.has(kind))) {
      this.stateKnown = false;
      this.schemaKnown = false;
      this.forgetVariables(kinds.some((kind) => kind === 'unknown-node' || kind === 'complexity') ? 'all' : 'session');
    }
    if (effects.changesCursors) for (const [name] of this.cursors.entries()) this.cursors.set(name, 'unknown');
    if (effects.changesPrepared) for (const [name] of this.prepared.entries()) this.prepared.set(name, undefined);
    if (effects.changesState || effects.changesSearch) this.stateChanged = true;
  }

  /** A transaction ends: what was changed in it may be changed back. */
  endTransaction(undone: boolean): void {
    if (this.stateChanged) this.stateKnown = false;
    if (this.options.schemaChangedInTransaction) this.schemaKnown = false;
    if (!undone || !this.schemaChanged) return;
    // Each relation is what it is now, or any of what it was before.
    this.#relations.blur(this.conditions === 0);
    if (this.schemas.size > 0) this.schemaKnown = false;
  }
}

const MAX_ALTERNATIVES = 100;

interface SearchPath {
  readonly path: readonly string[];
  readonly names: readonly string[] | undefined;
}

/** The last part of its name begins with `@`. */
function isTableVariable(name: RelationName): boolean {
  return name.endsWith('"') && /^[^".]+\."@[^"]*"$/.test(name);
}

const RUNS_CODE: ReadonlySet<OpaqueReason['kind']> = new Set<OpaqueReason['kind']>([
  'unknown-node',
  'unknown-routine',
  'dynamic-sql',
  'complexity',
]);

function keepOnly(set: Set<string>, kept: ReadonlySet<string>): void {
  for (const item of set) if (!kept.has(item)) set.delete(item);
}

function sameList(a: readonly unknown[] | undefined, b: readonly unknown[] | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.length === b.length && a.every((item, at) => item === b[at]));
}
