import type { Reference } from '../catalog/catalogue.js';
import type { StoredBody } from './knowledge.js';
import type { Expression, NameParts, Variable } from './model.js';
import { joinName, type RelationName, splitName } from './names.js';
import type { BodyArgument, BodyResult, Programs, Resolver, StoredRoutine, TriggerRows } from './resolve/context.js';
import type { Effects } from './resolve/effects.js';
import { storedSearchPath, temporarySchema } from './resolve/relations.js';
import { ROOT, type Scope } from './resolve/scope.js';
import { rowScope } from './resolve/trigger-rows.js';
import {
  closed,
  type Column,
  derive,
  NOTHING,
  OPAQUE,
  type Outputs,
  sameValue,
  UNKNOWN_OUTPUTS,
  type Value,
  valueAt,
} from './resolve/value.js';
import type { Run } from './run.js';
import { bodyResult, oneOf, type Ran, stackedOutputs } from './body-result.js';
import { runBody } from './run-body.js';
import { converted, parameterName, readLocal, readVariable, setVariable, withoutMark } from './run-variables.js';
import type { Statement, TriggerEvent } from './statement.js';
import type { Frame } from './frame.js';
import { UnitState } from './unit-state.js';

/** What expressions ask of a unit: its variables, the bodies of the routines that they call, the triggers of what is written. */
export class UnitPrograms implements Programs {
  readonly #unit: UnitState;
  readonly #statement: Run['statement'];
  /** It reads what the catalogue keeps: what depends on the session is not seen. */
  readonly #isStored: boolean;
  /** What bodies did when they were called last. */
  readonly #known = new Map<StoredBody, Called & { readonly key: string }>();

  constructor(unit: UnitState, statement: Run['statement'], isStored = false) {
    this.#unit = unit;
    this.#statement = statement;
    this.#isStored = isStored;
  }

  #run(r: Resolver): Run {
    return { r, unit: this.#unit, statement: this.#statement };
  }

  stored(): Programs {
    return this.#isStored ? this : new UnitPrograms(new UnitState(this.#unit.options), this.#statement, true);
  }

  variable(r: Resolver, variable: Variable): Value {
    return readVariable(this.#run(r), variable);
  }

  local(r: Resolver, name: string): Value | undefined {
    return this.#unit.frame.variables.has(name) ? readLocal(this.#run(r), name) : undefined;
  }

  parameter(number: number): Value {
    return this.#unit.frame.parameters?.[number - 1] ?? NOTHING;
  }

  assignByRow(r: Resolver, variable: Variable, value: Value, expression: Expression): void {
    const { version } = this.#unit;
    converted(this.#run(r), variable, value, expression);
    setVariable(this.#run(r), variable, value, 'join');
    if (this.#unit.version !== version) this.#unit.frame.rowAssignments += 1;
  }

  carry(relation: RelationName, column: string | undefined, value: Value): void {
    this.#unit.carry(relation, column, value);
  }

  routines(name: NameParts, count: number, searchPath: readonly string[]): readonly StoredRoutine[] {
    const { bodies, catalogue } = this.#unit.options;
    if (bodies === undefined || name.length > 3 || (name.length === 3 && name[0] !== catalogue.database)) return [];
    const own = name.at(-1) ?? '';
    const schema = name.at(-2);
    const names = new Set((schema === undefined || schema === '' ? searchPath : [schema]).map((each) => joinName(each, own)));
    const found = [...names].flatMap((full) => {
      const all = bodies.get(full) ?? [];
      const fitting = all.filter((body) => body.parameters.length >= count);
      return all.length === 0 ? [] : [{ name: full, bodies: fitting.length === 0 ? all : fitting }];
    });
    // What the names in it mean depends on a session that is not known here.
    const depends = this.#isStored && found.some((routine) => routine.bodies.some((body) => body.searchPath === 'caller'));
    return depends ? [] : found;
  }

  references(relation: RelationName): readonly Reference[] {
    return this.#unit.references.to(relation);
  }

  call(r: Resolver, routines: readonly StoredRoutine[], values: readonly BodyArgument[]): BodyResult {
    return oneOf(routines.map((routine) => this.#routine(r, routine, values)));
  }

  #routine(r: Resolver, routine: StoredRoutine, values: readonly BodyArgument[]): BodyResult {
    const { running } = this.#unit;
    if (running.has(routine.name)) return callsItself(r, routine, values);
    running.add(routine.name);
    try {
      return oneOf(routine.bodies.map((body) => this.#body(r, routine, body, values)));
    } finally {
      running.delete(routine.name);
    }
  }

  #body(r: Resolver, routine: StoredRoutine, body: StoredBody, values: readonly BodyArgument[]): BodyResult {
    const unit = this.#unit;
    r.spend(BODY_COST);
    const key = signature(values);
    const known = this.#known.get(body);
    const called = known?.key === key && known.version === unit.version ? known : this.#called(r, routine, body, values);
    // It would do the same again: nothing that it reads has changed.
    if (called.version === unit.version) this.#known.set(body, { ...called, key });
    unit.frame.isSteered ||= called.isSteered;
    if (called.isStored) r.effects.addStored(called.effects);
    else r.effects.add(called.effects);
    return called.result;
  }

  #called(r: Resolver, routine: StoredRoutine, body: StoredBody, values: readonly BodyArgument[]): Called {
    const { version } = this.#unit;
    // Who gives it no values chooses none of its conditions: what they decide over tells about them.
    const decides = body.parameters.length === 0 ? { deciding: [] } : {};
    const given = body.parameters.map((parameter, at) => argumentOf(parameter.name, at, values));
    const { result, effects } = r.collect(() => this.#inBody(r, body, splitName(routine.name)[0] ?? '', given, ROOT, decides));
    effects.finish();
    settleIn(effects);
    if (body.securityDefiner === true) effects.elevated = true;
    if (body.settings !== undefined) effects.assigns(body.settings);
    const category = effects.elevated ? 'elevated' : effects.reads.size + effects.writes.size > 0 ? 'volatile' : 'pure';
    effects.routines.set(routine.name, { name: routine.name, category });
    // Whoever calls it with values chooses what they are compared with; so does who sets what it reads besides.
    const own = temporarySchema(this.#unit.options.rules);
    const isSteered = result.isSteered || [...effects.reads].some((relation) => splitName(relation)[0] === own);
    return {
      version,
      effects,
      isSteered: result.isSteered,
      isStored: body.parameters.length === 0 && !isSteered,
      result: bodyResult(r, body, result, values, effects),
    };
  }

  /** Runs a body with its parameters; what they hold in the end, and what came out. */
  #inBody(
    r: Resolver,
    body: StoredBody,
    schema: string,
    given: readonly BodyArgument[],
    scope: Scope,
    more: Pick<Frame, 'deciding' | 'triggered'>,
  ): Ran {
    const { options } = this.#unit;
    const unit = this.#unit;
    const searchPath = body.searchPath === 'caller' ? undefined : (body.searchPath ?? storedSearchPath(options, schema));
    const run = this.#run(r);
    const parameters = given.map(({ value }) => closed(value));
    const frame = unit.newFrame({ parameters, ...more, ...(searchPath === undefined ? {} : { searchPath }) });
    const names = body.parameters.map(({ name }) => parameterName(run, name));
    for (const [at, name] of names.entries()) frame.variables.replace(name, parameters[at] ?? NOTHING);
    handTables(unit, frame, body, given);
    return unit.inFrame(frame, () => {
      const ran = unit.uncertainly(() => runBody(run, body.statements, scope));
      const rows = body.resultRelation === undefined ? undefined : r.relation([body.resultRelation])?.outputs;
      return {
        ran,
        rows,
        variables: frame.variables,
        isSteered: frame.isSteered,
        parameters: names.map((name) => frame.variables.get(name) ?? NOTHING),
      };
    });
  }

  triggers(r: Resolver, relation: RelationName, rows: TriggerRows, events: readonly TriggerEvent[]): readonly Column[] {
    const all = this.#unit.options.triggers?.get(relation) ?? [];
    const bodies = all.filter((body) => body?.events === undefined || body.events.some((event) => events.includes(event)));
    const { running } = this.#unit;
    const key = `triggers of ${relation}`;
    // One that writes its own relation: what it writes there is told as a flow, and what it does with the rows of it, too.
    if (bodies.length === 0 || running.has(key)) return [];
    running.add(key);
    try {
      return bodies.flatMap((body) => (body === undefined ? unknownTrigger(r, relation, rows) : this.#trigger(r, relation, body, rows)));
    } finally {
      running.delete(key);
    }
  }

  #trigger(r: Resolver, relation: RelationName, body: StoredBody, rows: TriggerRows): readonly Column[] {
    const scope = rowScope(rows, body.rows);
    const { result, effects } = r.collect(() => this.#inBody(r, body, splitName(relation)[0] ?? '', [], scope, { triggered: relation }));
    // Rows that a trigger returns go to whoever set it off.
    for (const { what } of result.ran.results) for (const column of what.columns) effects.use(column.value, 'output');
    if (result.ran.results.length > 0) this.#unit.branching = true;
    settleIn(effects);
    // What a trigger writes, and without a condition, is not what the statement does.
    for (const action of effects.innerActions) effects.firedActions.add(action);
    effects.innerActions.clear();
    effects.filter = 'none';
    if (body.securityDefiner === true) effects.elevated = true;
    if (body.settings !== undefined) effects.assigns(body.settings);
    const filled = filledColumns(result, body.rows?.new ?? 'new', rows);
    for (const column of filled.replaced)
      for (const origin of rows.new.columns.find(({ name }) => name === column.name)?.value.origins.keys() ?? [])
        effects.flow(column.value, { kind: 'column', column: origin });
    r.effects.addStored(effects);
    return [...filled.put, ...filled.replaced, ...(body.returnsWritten === true ? returnedInPlace(result, rows) : [])];
  }

  statement(r: Resolver, statement: Statement, scope: Scope): Outputs {
    const { results } = runBody(this.#run(r), [statement], scope);
    return results.length === 0 ? UNKNOWN_OUTPUTS : stackedOutputs(results.map(({ what }) => what));
  }
}

/** What reading a body costs besides what its statements cost. */
const BODY_COST = 50;

/** What a call of a body did. */
interface Called {
  /** Of the unit, before it ran. */
  readonly version: number;
  readonly effects: Effects;
  readonly isSteered: boolean;
  /** Its conditions are those of whoever made it. */
  readonly isStored: boolean;
  readonly result: BodyResult;
}

/** Equal for arguments that tell bodies the same. */
function signature(values: readonly BodyArgument[]): string {
  return JSON.stringify(
    values.map(({ name, value }) => [
      name,
      value.opaque,
      value.direct,
      [...value.origins],
      value.fields?.map((field) => [field.name, [...field.value.origins]]),
    ]),
  );
}

/** What a trigger's body has put into columns of the new row, and the rows that it has put in the place of it. */
function filledColumns(
  { ran, variables }: Ran,
  row: string,
  rows: TriggerRows,
): { readonly put: readonly Column[]; readonly replaced: readonly Column[] } {
  const { columns } = rows.new;
  const put = columns.flatMap(({ name }): Column[] => {
    const value = variables.get(`${row}.${name}`);
    return value === undefined ? [] : [{ name, value }];
  });
  const others = [...ran.returned.map(({ what }) => what), ...(variables.get(row) === undefined ? [] : [variables.get(row) ?? NOTHING])];
  const replaced = others.flatMap(({ fields }) =>
    fields?.length !== columns.length
      ? []
      : fields.flatMap(({ value }, at): Column[] => {
          const [own, old] = [columns[at], rows.old.columns[at]];
          const isOwn =
            own === undefined || sameValue(value, closed(own.value)) || (old !== undefined && sameValue(value, closed(old.value)));
          return isOwn ? [] : [{ name: own.name, value }];
        }),
  );
  return { put, replaced };
}

/** Rows that come back in the place of those that were written: their columns are those of the relation, in order. */
function returnedInPlace({ ran }: Ran, rows: TriggerRows): readonly Column[] {
  return ran.results.flatMap(({ what }) => rows.new.columns.map(({ name }, at) => ({ name, value: valueAt(what, at) ?? OPAQUE })));
}

/** What a body does is not what the statement that calls it is called after, and its conditions are not that statement's filter. */
function settleIn(effects: Effects): void {
  const writes = effects.actions.size > 0;
  for (const action of effects.actions) effects.innerActions.add(action);
  effects.actions.clear();
  if (!writes) effects.filter = 'none';
}

function callsItself(r: Resolver, routine: StoredRoutine, values: readonly BodyArgument[]): BodyResult {
  r.effects.opaque({ kind: 'complexity', detail: `routine ${routine.name} calls itself` });
  return { value: { ...derive(values.map(({ value }) => value)), opaque: true }, outputs: UNKNOWN_OUTPUTS, parameters: [] };
}

/** Tables that are handed over: the body sees what they carry. */
function handTables(unit: UnitState, frame: Frame, body: StoredBody, given: readonly BodyArgument[]): void {
  for (const [at, { variable }] of given.entries()) {
    const table = variable === undefined ? undefined : unit.overlay.relations.get(unit.newName([`@${variable}`], true));
    const name = unit.newName([`@${withoutMark(body.parameters[at]?.name ?? '')}`], true);
    if (typeof table === 'object') frame.tables.replace(name, { ...table, name });
  }
}

function unknownTrigger(r: Resolver, relation: RelationName, rows: TriggerRows): readonly Column[] {
  r.effects.opaque({ kind: 'unknown-routine', detail: `a trigger of ${relation}` });
  r.effects.changesState = true;
  return rows.new.columns.map(({ name }) => ({ name, value: OPAQUE }));
}

function argumentOf(name: string, at: number, values: readonly BodyArgument[]): BodyArgument {
  const plain = withoutMark(name);
  const byName = values.find((value) => value.name !== undefined && withoutMark(value.name) === plain);
  const placed = values[at];
  return byName ?? (placed?.name === undefined ? placed : undefined) ?? { value: NOTHING };
}
