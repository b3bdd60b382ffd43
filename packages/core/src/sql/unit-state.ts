import type { OpaqueReason, OutputColumn, StatementFacts, TemporaryFacts, VariableFacts } from './facts.js';
import type { AnalyseOptions } from './knowledge.js';
import type { NameParts, Query } from './model.js';
import { joinName, type RelationName, splitName } from './names.js';
import type { ResolvedRelation } from './resolve/context.js';
import type { Effects } from './resolve/effects.js';
import { type NameContext, type Overlay, type OverlayEntry, temporarySchema } from './resolve/relations.js';
import {
  closed,
  type Column,
  derive,
  either,
  NOTHING,
  originList,
  type Outputs,
  sameValue,
  settle,
  stored,
  type Value,
} from './resolve/value.js';
import type { Statement } from './statement.js';
import { outputFacts } from './statement-facts.js';
import { Timeline } from './timeline.js';

/** The variables of a batch or a routine, which nothing outside of it sees. */
export interface Frame {
  readonly variables: Timeline<Value>;
  /** Table variables, by their full names. */
  readonly tables: Timeline<OverlayEntry>;
  /** Goes up whenever an assignment while rows are read adds something. */
  rowAssignments: number;
  /** It has read what its caller may have set: a variable of the session. */
  isSteered: boolean;
  /** Values of parameters that are told by their number. */
  readonly parameters?: readonly Value[];
  /** Where unqualified names are looked for, when it is not where the session looks. */
  readonly searchPath?: readonly string[];
}

function variables(initial: (name: string) => Value): Timeline<Value> {
  return new Timeline(
    (name, values) => eitherRow(values.map((value) => value ?? initial(name))),
    (a, b) => a === b || (a !== undefined && b !== undefined && sameVariable(a, b)),
  );
}

/** One of several values; of rows with the same fields a row of one of several values each. */
function eitherRow(values: readonly Value[]): Value {
  const whole = either(values);
  const [first, ...rest] = values.filter((value) => value !== NOTHING);
  if (first?.fields === undefined) return rest.length === 0 && first !== undefined ? first : whole;
  const names = first.fields.map((field) => field.name).join('\0');
  if (rest.some((value) => value.fields?.map((field) => field.name).join('\0') !== names)) return whole;
  const fields = first.fields.map((field, at): Column => {
    const all = [field, ...rest.flatMap((value) => value.fields?.[at] ?? [])];
    return { name: field.name, value: either(all.map((each) => each.value)) };
  });
  return { ...whole, fields };
}

function sameVariable(a: Value, b: Value): boolean {
  if (!sameValue(a, b) || a.direct !== b.direct || a.fields?.length !== b.fields?.length) return false;
  return (a.fields ?? []).every((field, at) => {
    const other = b.fields?.[at];
    return other !== undefined && field.name === other.name && sameValue(field.value, other.value);
  });
}

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
  readonly #before: number;
  /** What was resolved of relations of the catalogue before they were changed. */
  readonly #bases = new Map<RelationName, ResolvedRelation>();

  constructor(options: AnalyseOptions) {
    this.options = options;
    this.#relations = this.#newRelations();
    this.frame = this.newFrame();
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

  newFrame(more: Pick<Frame, 'parameters' | 'searchPath'> = {}): Frame {
    return { variables: variables(() => NOTHING), tables: this.#newRelations(), rowAssignments: 0, isSteered: false, ...more };
  }

  #newRelations(): Timeline<OverlayEntry> {
    return new Timeline((name, values) => this.#mergeRelations(name, values), sameEntry);
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

  #mergeRelations(name: RelationName, values: readonly (OverlayEntry | undefined)[]): OverlayEntry | undefined {
    const catalogued = this.options.catalogue.relations.has(name);
    const isGone = (value: OverlayEntry | undefined): boolean =>
      value === 'gone' || value === 'maybe' || (value === undefined && !catalogued) || (typeof value === 'object' && value.maybe === true);
    const maybe = values.some(isGone);
    const changed = [...new Set(values.filter((value): value is ResolvedRelation => typeof value === 'object'))];
    const untouched = values.some((value) => value === 'maybe' || (value === undefined && catalogued));
    if (changed.length === 0) return untouched ? (maybe ? 'maybe' : undefined) : 'gone';
    const base = untouched ? this.#bases.get(name) : undefined;
    const merged =
      untouched && base === undefined ? opaqueMerge(name, changed) : mergeColumns(name, base === undefined ? changed : [base, ...changed]);
    return maybe ? { ...merged, maybe: true } : merged;
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

function sameJson(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** A cursor that is opened nowhere else returns nothing: it adds nothing to one that is. */
function mergeCursors(
  values: readonly (readonly OutputColumn[] | 'unknown' | undefined)[],
): readonly OutputColumn[] | 'unknown' | undefined {
  const known = values.filter((value) => value !== undefined);
  const [first, ...rest] = known;
  if (first === undefined || rest.every((value) => sameJson(value, first))) return first;
  if (first === 'unknown' || rest.some((value) => value === 'unknown' || value.length !== first.length)) return 'unknown';
  return first.map((column, at) => {
    const columns = [column, ...rest.flatMap((value) => (value === 'unknown' ? [] : (value[at] ?? [])))];
    const origins = either(columns.map(outputValue)).origins;
    return { ...column, origins: [...origins].map(([name, how]) => ({ column: name, how })), opaque: columns.some((each) => each.opaque) };
  });
}

function temporaryRelation({ name, columns, maybe }: TemporaryFacts): ResolvedRelation {
  const more = { systemColumns: true, temporary: true, ...(maybe === true ? { maybe } : {}) };
  if (columns === 'unknown')
    return { name, outputs: { columns: [], complete: false }, opaque: { kind: 'schema-changed', detail: name }, ...more };
  return {
    name,
    outputs: { columns: columns.map((column) => ({ name: column.name, value: outputValue(column) })), complete: true },
    ...more,
  };
}

/** The value of an output that is already told as facts. */
export function outputValue({ origins, opaque }: OutputColumn): Value {
  return { ...NOTHING, origins: new Map(origins.map(({ column, how }) => [column, how])), opaque };
}

function sameEntry(a: OverlayEntry | undefined, b: OverlayEntry | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (a.maybe !== b.maybe || a.opaque?.detail !== b.opaque?.detail || a.outputs.complete !== b.outputs.complete) return false;
  const [left, right] = [a.outputs.columns, b.outputs.columns];
  return (
    left.length === right.length &&
    left.every((column, at) => column.name === right[at]?.name && right[at] !== undefined && sameValue(column.value, right[at].value))
  );
}

function opaqueMerge(name: RelationName, alternatives: readonly ResolvedRelation[]): ResolvedRelation {
  return { ...mergeColumns(name, alternatives), opaque: { kind: 'schema-changed', detail: name } };
}

/**
 * A relation that is one of several. It is given the columns of all of them: where the server's have as many, they are the same ones,
 * unless they stand in another order.
 */
function mergeColumns(name: RelationName, alternatives: readonly ResolvedRelation[]): ResolvedRelation {
  const [first, ...rest] = alternatives;
  if (first === undefined || rest.length === 0) return first ?? { name, outputs: { columns: [], complete: false }, systemColumns: true };
  const columns = new Map<string, Column[]>();
  for (const { outputs } of alternatives)
    for (const column of outputs.columns) columns.set(column.name, [...(columns.get(column.name) ?? []), column]);
  const shuffled = rest.some(
    (other) => other.outputs.columns.length === columns.size && !sameOrder([...columns.keys()], other.outputs.columns),
  );
  const unsure = shuffled || alternatives.some((each) => each.effects !== undefined);
  const opaque =
    alternatives.find((each) => each.opaque !== undefined)?.opaque ??
    (unsure ? ({ kind: 'schema-changed', detail: name } as const) : undefined);
  const { catalogued: _, effects: __, opaque: ___, maybe: ____, ...base } = first;
  return {
    ...base,
    outputs: {
      columns: [...columns].map(([own, found]) => ({
        ...found[0],
        name: own,
        value: { ...either(found.map((column) => column.value)), via: [] },
      })),
      complete: alternatives.every((each) => each.outputs.complete),
    },
    ...(opaque === undefined ? {} : { opaque }),
    ...(alternatives.some((each) => each.writeOpaque === true) ? { writeOpaque: true } : {}),
  };
}

function sameOrder(names: readonly string[], columns: readonly Column[]): boolean {
  return columns.every((column, at) => column.name === names[at]);
}

/** The columns when one of them, or any, was given a value: those that are computed from it hold what is computed from that. */
function carriedInto({ name, outputs }: ResolvedRelation, column: string | undefined, written: Value): readonly Column[] {
  const given = new Map<string, Value>();
  const waiting: { readonly own: string; readonly value: Value }[] = outputs.columns
    .filter((known) => column === undefined || known.name === column)
    .map((known) => ({ own: known.name, value: written }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { own, value } = next;
    if (given.has(own)) continue;
    given.set(own, value);
    const full = `${name}.${joinName(own)}`;
    const computed = outputs.columns.filter((known) => known.name !== own && known.value.origins.has(full));
    waiting.push(...computed.map((known) => ({ own: known.name, value: derive([written]) })));
  }
  return outputs.columns.map((known) => {
    const value = given.get(known.name);
    return value === undefined ? known : { ...known, value: { ...either([known.value, value]), via: [] } };
  });
}

/** Columns of a relation that is made of values: what they carry goes on to be known. */
export function carriedColumns(relation: RelationName, names: readonly string[], outputs: Outputs): Column[] {
  return outputs.columns.map((column, at) => {
    const name = names[at] ?? column.name;
    const value = { ...either([stored(`${relation}.${joinName(name)}`), column.value]), via: [] };
    // SELECT … INTO takes the property over in some queries, and not in others.
    const isImplicit =
      column.implicit !== undefined || (column.value.direct && column.value.via.some((source) => source.implicit !== undefined));
    return { name, value, ...(isImplicit && { implicit: 'maybe' as const }) };
  });
}

/** The relation of a column name. */
export function relationOf(column: string): RelationName {
  return joinName(...splitName(column).slice(0, -1));
}
