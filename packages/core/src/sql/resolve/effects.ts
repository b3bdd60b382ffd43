import type {
  Action,
  ColumnUse,
  ColumnUseKind,
  FilterFact,
  Flow,
  OpaqueReason,
  RoutineUse,
  SchemaChange,
  SettingNames,
  StatementClass,
} from '../facts.js';
import { COLUMN_USES } from '../facts.js';
import type { ColumnName, RelationName } from '../names.js';
import type { Value } from './value.js';
import { derive, settle, sources, stored } from './value.js';

/** What is gathered while a statement, view or common table is resolved. Only ever grows. */
export class Effects {
  readonly reads = new Set<RelationName>();
  readonly writes = new Set<RelationName>();
  readonly routines = new Map<string, RoutineUse>();
  /** Verbs of data-modifying statements, those in a WITH too. */
  readonly actions = new Set<Action>();
  /** Verbs inside of such a statement: the UPDATE of an upsert, the branches of a MERGE. */
  readonly innerActions = new Set<Action>();
  /** Verbs of what triggers and foreign keys do in answer to it. */
  readonly firedActions = new Set<Action>();
  /** A data-modifying statement stands in a WITH or FROM. */
  modifiesInside = false;
  /** Statements inside of the statement open or close cursors: what the names of the session's stand for is not known any more. */
  changesCursors = false;
  /** The same for statements that are prepared by name. */
  changesPrepared = false;
  /** What statements inside of the statement change of the schema; those of one statement belong together. */
  readonly #changes = new Map<string, readonly SchemaChange[]>();
  locks = false;
  elevated = false;
  changesState = false;
  /** Whether it is computed at all shows: it may fail or warn for some values, takes time, or does something. */
  tells = false;
  /** A schema may be searched from now on that was not; within the unit that is simulated. */
  changesSearch = false;
  class: StatementClass = 'read';
  filter: FilterFact = 'none';
  /** Names, `undefined` for one that is not known. */
  readonly #settings = new Set<string | undefined>();
  readonly #uses = new Map<ColumnName, number>();
  /** Columns that conditions of stored definitions use. */
  readonly #storedConditions = new Set<ColumnName>();
  readonly #reasons = new Map<string, OpaqueReason>();
  readonly #flows = new Map<string, Flow>();
  /** Uses of values that conditions may yet make equal to others, as {@link useBit}s. */
  readonly #pending = new Map<Value, number>();

  /** Records a use of every column that the value derives from; columns that are only counted are only counted. */
  use(value: Value, use: ColumnUseKind): void {
    this.#record(value, use);
    if (value.via.length > 0) this.#pending.set(value, (this.#pending.get(value) ?? 0) | useBit(use));
  }

  #record(value: Value, use: ColumnUseKind): void {
    for (const [column, how] of value.origins) this.useColumn(column, how === 'counted' ? 'count' : use);
  }

  useColumn(column: ColumnName, use: ColumnUseKind): void {
    this.#uses.set(column, (this.#uses.get(column) ?? 0) | useBit(use));
  }

  /** These settings of the session are given values. */
  assigns(settings: SettingNames): void {
    if (settings === 'unknown') this.#settings.add(undefined);
    else for (const name of settings) this.#settings.add(name);
  }

  /** `undefined` when there are none. */
  get settings(): SettingNames | undefined {
    if (this.#settings.size === 0) return undefined;
    return this.#settings.has(undefined) ? 'unknown' : [...this.#settings].filter((name) => name !== undefined).sort();
  }

  /** A statement inside of the statement makes these changes. */
  changesSchema(changes: readonly SchemaChange[]): void {
    if (changes.length > 0) this.#changes.set(JSON.stringify(changes), changes);
  }

  get schemaChanges(): SchemaChange[] {
    return [...this.#changes.values()].flat();
  }

  opaque(reason: OpaqueReason): void {
    this.#reasons.set(`${reason.kind} ${reason.detail}`, reason);
  }

  /** Records that a value moves somewhere. A value that no column feeds leaves no trace. */
  flow(value: Value, to: Flow['to']): void {
    const { origins } = settle(value);
    const from = sources(origins);
    if (from.length === 0) return;
    for (const column of from) this.useColumn(column, 'write-source');
    const computed = from.filter((column) => origins.get(column) === 'derived');
    const flow: Flow = { from, to, ...(computed.length === 0 ? {} : { computed }) };
    this.#flows.set(JSON.stringify(flow), flow);
  }

  raise(to: StatementClass): void {
    if (STRENGTH[to] > STRENGTH[this.class]) this.class = to;
  }

  /** The least selective filter of all parts that need one wins. */
  filtered(filter: FilterFact): void {
    if (FILTER_STRENGTH[filter] > FILTER_STRENGTH[this.filter]) this.filter = filter;
  }

  /** Takes everything of another collection in. */
  add(other: Effects): void {
    for (const relation of other.reads) this.reads.add(relation);
    for (const relation of other.writes) this.writes.add(relation);
    for (const [name, routine] of other.routines) this.routines.set(name, routine);
    for (const action of other.actions) this.actions.add(action);
    for (const action of other.innerActions) this.innerActions.add(action);
    for (const action of other.firedActions) this.firedActions.add(action);
    for (const [column, uses] of other.#uses) this.#uses.set(column, (this.#uses.get(column) ?? 0) | uses);
    for (const [key, reason] of other.#reasons) this.#reasons.set(key, reason);
    for (const [key, flow] of other.#flows) this.#flows.set(key, flow);
    for (const [key, changes] of other.#changes) this.#changes.set(key, changes);
    for (const [value, uses] of other.#pending) this.#pending.set(value, (this.#pending.get(value) ?? 0) | uses);
    for (const column of other.#storedConditions) this.#storedConditions.add(column);
    for (const name of other.#settings) this.#settings.add(name);
    this.modifiesInside ||= other.modifiesInside;
    this.changesCursors ||= other.changesCursors;
    this.changesPrepared ||= other.changesPrepared;
    this.locks ||= other.locks;
    this.elevated ||= other.elevated;
    this.changesState ||= other.changesState;
    this.changesSearch ||= other.changesSearch;
    this.tells ||= other.tells;
    this.raise(other.class);
    this.filtered(other.filter);
  }

  /**
   * Takes in what a stored definition does when it is read. Its conditions are those of whoever made it, who was judged then: the one who
   * reads the view chooses none of them and learns no more than the view was made to tell.
   */
  addStored(other: Effects): void {
    const free = new Effects();
    free.add(other);
    for (const [column, uses] of other.#uses) {
      if ((uses & CONDITIONS) !== 0) free.#storedConditions.add(column);
      if ((uses & ~CONDITIONS) === 0) free.#uses.delete(column);
      else free.#uses.set(column, uses & ~CONDITIONS);
    }
    for (const [value, uses] of other.#pending) {
      if ((uses & ~CONDITIONS) === 0) free.#pending.delete(value);
      else free.#pending.set(value, uses & ~CONDITIONS);
    }
    this.add(free);
  }

  /** Takes in what another collection names, but none of what running it would do: EXPLAIN. */
  addUnexecuted(other: Effects): void {
    for (const relation of [...other.reads, ...other.writes]) this.reads.add(relation);
    for (const [name, routine] of other.routines) this.routines.set(name, routine);
    for (const { column, use } of other.columnUses) if (!use.startsWith('write-')) this.useColumn(column, use);
    for (const [value, uses] of other.#pending) {
      const unwritten = uses & ~WRITES;
      if (unwritten !== 0) this.#pending.set(value, (this.#pending.get(value) ?? 0) | unwritten);
    }
    for (const [key, reason] of other.#reasons) this.#reasons.set(key, reason);
    // A function that says that it always returns the same is called while it is planned.
    for (const name of other.#settings) this.#settings.add(name);
    this.filtered(other.filter);
  }

  /** Records the uses again with all that conditions have made equal since. Called once, when everything was read. */
  finish(): void {
    for (const [value, uses] of this.#pending) {
      const settled = settle(value);
      for (const use of usesIn(uses)) this.#record(settled, use);
    }
    this.#pending.clear();
  }

  get opaqueReasons(): OpaqueReason[] {
    return [...this.#reasons.values()];
  }

  get flows(): Flow[] {
    return [...this.#flows.values()];
  }

  /** Every column used so far, whatever for. */
  get usedColumns(): ColumnName[] {
    return [...this.#uses.keys()];
  }

  /** What derives from everything that the server reads to run it: what is used, what is returned, and what stored definitions go by. */
  measured(outputs: readonly Value[]): Value {
    const returned = outputs.map((value) => stored(...settle(value).origins.keys()));
    return derive([usedValue(this), stored(...this.#storedConditions), ...returned]);
  }

  get columnUses(): ColumnUse[] {
    const uses: ColumnUse[] = [];
    for (const column of [...this.#uses.keys()].sort()) {
      for (const use of usesIn(this.#uses.get(column) ?? 0)) uses.push({ column, use });
    }
    return uses;
  }
}

/** What derives from everything that was used. */
export function usedValue(effects: Effects): Value {
  return { ...stored(...effects.usedColumns), direct: false, opaque: effects.opaqueReasons.length > 0 };
}

function usesIn(bits: number): ColumnUseKind[] {
  return COLUMN_USES.filter((_, at) => (bits & (1 << at)) !== 0);
}

function useBit(use: ColumnUseKind): number {
  return 1 << COLUMN_USES.indexOf(use);
}

/** Uses of what is written, which an EXPLAIN does not write. */
const WRITES = useBit('write-source') | useBit('write-target');

/** Uses that choose which rows there are, or how they are put together. */
const CONDITIONS = (['predicate-equality', 'predicate-other', 'join', 'group', 'order', 'failure'] as const).reduce(
  (bits, use) => bits | useBit(use),
  0,
);

/** A statement that reads is never weakened to a session or transaction statement by what else it does. */
const STRENGTH = {
  session: 0,
  transaction: 1,
  read: 2,
  write: 3,
  procedural: 4,
  schema: 5,
  privilege: 6,
  administrative: 7,
} as const satisfies Record<StatementClass, number>;

const FILTER_STRENGTH = { none: 0, present: 1, 'always-true': 2, absent: 3 } as const satisfies Record<FilterFact, number>;
