import type { RoutineFacts, Sources } from '../knowledge.js';
import type { Call, Cast, Expression, Operator, OperatorName, TypeName, Window } from '../model.js';
import { type ColumnName, joinName, splitName } from '../names.js';
import type { BodyArgument, BodyResult, Resolver, StoredRoutine } from './context.js';
import type { Scope } from './scope.js';
import { counted, derive, either, NOTHING, type Value } from './value.js';

/** Calls of routines, by name, by operator and by cast. */

/** The windows that a select names, by their names. */
export type NamedWindows = ReadonlyMap<string, Window>;

const WINDOWS = new WeakMap<Scope, NamedWindows>();

/** Makes the WINDOW clause of a select known to the calls in it. */
export function nameWindows(scope: Scope, windows: NamedWindows): void {
  WINDOWS.set(scope, windows);
}

/** A routine that was found, with the values of its arguments. */
export interface ResolvedCall {
  readonly facts: RoutineFacts | undefined;
  readonly arguments: readonly Value[];
  readonly value: Value;
  /** What its body gave, when that is readable, and the names of its parameters. */
  readonly body?: BodyResult;
  readonly parameters?: readonly string[];
}

/**
 * The values of operands of which some may be left out for what others are (`leavesOut`): where whether one is computed shows, it tells about
 * the others.
 */
export function operandValues(r: Resolver, operands: readonly Expression[], scope: Scope, leavesOut: boolean): Value[] {
  if (!leavesOut || operands.length < 2) return operands.map((operand) => r.value(operand, scope));
  const tells: boolean[] = [];
  const before = r.effects.tells;
  const values = operands.map((operand) => {
    r.effects.tells = false;
    const value = r.value(operand, scope);
    tells.push(r.effects.tells);
    return value;
  });
  r.effects.tells = before || tells.includes(true);
  for (const [at, value] of values.entries()) if (tells.some((each, other) => each && other !== at)) r.effects.use(value, 'failure');
  return values;
}

export function callValue(r: Resolver, call: Call, scope: Scope): Value {
  return resolveCall(r, call, scope).value;
}

export function resolveCall(r: Resolver, call: Call, scope: Scope, kind: 'function' | 'procedure' = 'function'): ResolvedCall {
  const values = operandValues(
    r,
    call.arguments.map((argument) => argument.expression),
    scope,
    r.options.rules.looseOperands === true,
  );
  const facts = asCalled(call, findRoutine(r, call, values.length, kind, sourcesOf(values)));
  const stored = findBodies(r, call, facts);
  const field = facts === undefined && stored.length === 0 ? fieldByCall(r, call, values) : undefined;
  if (field !== undefined) return { facts, arguments: values, value: field };
  const body = stored.length === 0 ? undefined : r.programs.call(r, stored, bodyArguments(call, values));
  if (body !== undefined) r.effects.tells = true;
  const results = body === undefined ? [] : [body.value];
  const others = body === undefined ? facts : besides(r, call, facts, stored, kind);
  if (body === undefined || others !== undefined) results.push(applyRoutine(r, joinName(...call.name), others, values));
  const result = either(results);
  const around = aroundCall(r, call, scope);
  const own = facts?.computes === 'count' && call.distinct !== true ? countValue(call, values, result) : result;
  return {
    facts,
    arguments: values,
    value: around.length === 0 ? own : { ...derive([own, ...around]), opaque: own.opaque || around.some(isOpaque) },
    ...(body === undefined ? {} : { body, parameters: stored[0]?.bodies[0]?.parameters.map(({ name }) => name) ?? [] }),
  };
}

/** Which argument names a setting is only known of those that stand in their order. */
function asCalled(call: Call, facts: RoutineFacts | undefined): RoutineFacts | undefined {
  if (facts?.settings === undefined || call.arguments.every(({ name }) => name === undefined)) return facts;
  return { ...facts, settings: 'unknown' };
}

/** What is known of the routine says all that there is to say. */
function isUnderstood(facts: RoutineFacts | undefined): boolean {
  return facts !== undefined && facts.opaque === undefined && facts.category !== 'unknown';
}

/** The bodies that a call runs, or may run; where a routine of that name is known to need none, it is not read. */
function findBodies(r: Resolver, call: Call, facts: RoutineFacts | undefined): readonly StoredRoutine[] {
  if (call.builtIn === true || r.routineChanged(call.name)) return [];
  const stored = r.programs.routines(call.name, call.arguments.length, r.searchPath);
  return isUnderstood(facts) && stored.every((routine) => routine.name === facts?.name) ? [] : stored;
}

/** What is known of routines of that name in other schemas than those with bodies: types say which of them is meant. */
function besides(
  r: Resolver,
  call: Call,
  facts: RoutineFacts | undefined,
  stored: readonly StoredRoutine[],
  kind: 'function' | 'procedure',
): RoutineFacts | undefined {
  if (isUnderstood(facts)) return facts;
  if (call.name.length > 1) return undefined;
  const own = new Set(stored.map(({ name }) => splitName(name)[0]));
  const others = r.searchPath.filter((schema) => !own.has(schema));
  const found = r.options.routines.routine(call.name, call.arguments.length, others, kind);
  return isUnderstood(found) ? found : undefined;
}

/** The catalogue has a routine of that name. */
export function isKnownCall(r: Resolver, call: Call): boolean {
  return (
    findRoutine(r, call, call.arguments.length, 'function') !== undefined ||
    r.programs.routines(call.name, call.arguments.length, r.searchPath).length > 0
  );
}

export function bodyArguments(call: Call, values: readonly Value[]): BodyArgument[] {
  return call.arguments.map(({ name, expression }, at) => ({
    value: values[at] ?? NOTHING,
    ...(name === undefined ? {} : { name }),
    ...(expression.kind === 'variable' && expression.scope === 'local' ? { variable: expression.name } : {}),
  }));
}

/** What an ordered-set aggregate is given WITHIN GROUP counts as arguments of it. */
function findRoutine(r: Resolver, call: Call, count: number, kind: 'function' | 'procedure', sources?: Sources): RoutineFacts | undefined {
  if (r.routineChanged(call.name)) return undefined;
  const { routines } = r.options;
  const sorted = call.orderBy?.length ?? 0;
  const expressions = call.arguments.map(({ expression }) => expression);
  return (
    routines.routine(call.name, count, r.searchPath, kind, expressions, sources) ??
    (sorted === 0 ? undefined : routines.routine(call.name, count + sorted, r.searchPath, kind))
  );
}

function isOpaque(value: Value): boolean {
  return value.opaque;
}

function countValue(call: Call, values: readonly Value[], result: Value): Value {
  if (call.star === true) return result;
  const [only] = values;
  return values.length === 1 && only !== undefined ? { ...counted(only), opaque: result.opaque || only.opaque } : result;
}

/** `ssn(t)` for `t.ssn`. */
function fieldByCall(r: Resolver, call: Call, values: readonly Value[]): Value | undefined {
  const [name, schema] = [call.name.at(-1), call.name.at(-2)];
  const [row] = values;
  if (!r.options.rules.rowsAsValues || schema !== undefined || values.length !== 1 || r.routineChanged(call.name)) return undefined;
  return row?.fields?.find((candidate) => candidate.name === name)?.value;
}

/** FILTER, ORDER BY and OVER of a call: they decide over its value. */
function aroundCall(r: Resolver, call: Call, scope: Scope): Value[] {
  const values: Value[] = [];
  if (call.filter !== undefined) values.push(r.condition(call.filter, scope));
  for (const item of call.orderBy ?? []) values.push(ordered(r, r.value(item.expression, scope)));
  if (call.over !== undefined) values.push(...windowValues(r, call.over, scope, 0));
  return values;
}

function ordered(r: Resolver, value: Value): Value {
  r.effects.use(value, 'order');
  return value;
}

function windowValues(r: Resolver, window: Window, scope: Scope, depth: number): Value[] {
  const base = window.reference === undefined ? undefined : findWindows(scope)?.get(window.reference);
  const values = base === undefined || depth > 100 ? [] : windowValues(r, base, scope, depth + 1);
  for (const expression of window.partitionBy) {
    const value = r.value(expression, scope);
    r.effects.use(value, 'group');
    values.push(value);
  }
  for (const item of window.orderBy) values.push(ordered(r, r.value(item.expression, scope)));
  for (const offset of window.frame) values.push(r.value(offset, scope));
  return values;
}

/** Resolves the windows that a select names, used or not. */
export function resolveWindows(r: Resolver, windows: NamedWindows, scope: Scope): void {
  for (const window of windows.values()) windowValues(r, window, scope, 0);
}

function findWindows(scope: Scope): NamedWindows | undefined {
  return WINDOWS.get(scope);
}

/** Records that some of the values may make the statement fail. What is not known of is opaque anyway. */
function mayFail(r: Resolver, facts: RoutineFacts | undefined, values: readonly Value[]): void {
  const total = facts?.total;
  if (facts === undefined || ARGUMENT_CATEGORIES.has(facts.category)) r.effects.tells = true;
  if (facts === undefined || total === 'all') return;
  const partial = total === undefined ? values : values.filter((_, at) => !total.includes(at));
  if (partial.length > 0) r.effects.tells = true;
  for (const value of partial) r.effects.use(value, 'failure');
}

/** Records that some of the values may fail to become of one type with the others. */
export function noteMixture(
  r: Resolver,
  whole: Expression | undefined,
  operands: readonly (Expression | undefined)[],
  values: readonly Value[],
): void {
  const failing = r.options.routines.mixes?.(whole, operands, sourcesOf(values)) ?? [];
  if (failing.length > 0) r.effects.tells = true;
  for (const at of failing) r.effects.use(values[at] ?? NOTHING, 'failure');
}

/** Records that a value may fail to become one of the type of a variable. */
export function noteFit(r: Resolver, type: TypeName | undefined, expression: Expression | undefined, value: Value): void {
  const { routines } = r.options;
  if (type !== undefined && routines.fits?.(type, expression, unchanged(value)) === false) r.effects.use(value, 'failure');
}

/** The base columns whose values it is, unchanged. */
function sourceOf(value: Value): readonly ColumnName[] | undefined {
  return value.direct ? unchanged(value) : undefined;
}

function unchanged(value: Value): readonly ColumnName[] | undefined {
  if (value.opaque || value.fields !== undefined) return undefined;
  for (const how of value.origins.values()) if (how !== 'same') return undefined;
  return [...value.origins.keys()];
}

function sourcesOf(values: readonly Value[]): Sources {
  return values.map(sourceOf);
}

/** One operator of a chain: whether it is defined for all values, and whether it could be seen through. `left` where it is a value as it stands. */
export function chainedOperator(
  r: Resolver,
  { operator, operands }: Operator,
  left: Value | undefined,
  right: Value,
): { readonly isTotal: boolean; readonly isOpaque: boolean } {
  const sources = [left === undefined ? undefined : sourceOf(left), sourceOf(right)];
  const facts = r.options.routines.operator(operator, 2, r.searchPath, operands, sources);
  const isTotal = facts?.total === 'all';
  if (isPlain(facts)) return { isTotal, isOpaque: false };
  return { isTotal, isOpaque: applyRoutine(r, operatorName(operator), facts, [right]).opaque };
}

/** It computes, and nothing else. */
function isPlain(facts: RoutineFacts | undefined): boolean {
  return facts?.category === 'pure' && facts.opaque === undefined && facts.settings === undefined;
}

function operatorName({ schema, symbol }: OperatorName): string {
  return `operator ${schema === undefined ? symbol : `${joinName(schema)}.${symbol}`}`;
}

/** Records what running a routine on these values does, and gives its result. `undefined` facts: nothing is known of it. */
export function applyRoutine(r: Resolver, written: string, facts: RoutineFacts | undefined, values: readonly Value[]): Value {
  for (const value of values) r.spend(value.origins.size + value.via.length);
  const whole = derive(values);
  const { effects } = r;
  mayFail(r, facts, values);
  if (facts === undefined) {
    effects.opaque({ kind: 'unknown-routine', detail: written });
    effects.routines.set(written, { name: written, category: 'unknown' });
    effects.changesState = true;
    effects.raise('write');
    effects.use(whole, 'argument');
    return { ...whole, opaque: true };
  }
  effects.routines.set(facts.name, { name: facts.name, category: facts.category });
  if (ARGUMENT_CATEGORIES.has(facts.category)) effects.use(whole, 'argument');
  if (facts.category === 'unknown') effects.raise('write');
  if (facts.category === 'elevated') effects.elevated = true;
  if (facts.returnsSet === true) effects.use(whole, 'predicate-other');
  if (facts.opaque !== undefined) effects.opaque(facts.opaque);
  if (facts.flow !== undefined) effects.flow(whole, facts.flow);
  if (facts.changesState === true) effects.changesState = true;
  if (facts.settings !== undefined) effects.assigns(facts.settings);
  if (facts.locks === true) effects.locks = true;
  if (facts.raises !== undefined) effects.raise(facts.raises);
  return facts.opaque === undefined ? whole : { ...whole, opaque: true };
}

const ARGUMENT_CATEGORIES: ReadonlySet<RoutineFacts['category']> = new Set<RoutineFacts['category']>([
  'volatile',
  'elevated',
  'session',
  'unknown',
]);

export function operatorValue(r: Resolver, operator: OperatorName, values: readonly Value[], operands?: readonly Expression[]): Value {
  const facts = r.options.routines.operator(operator, values.length, r.searchPath, operands, sourcesOf(values));
  return withoutListing(r, operatorName(operator), facts, values);
}

export function castValue(r: Resolver, cast: Cast, scope: Scope): Value {
  const value = r.value(cast.operand, scope);
  const facts = r.options.routines.cast(cast.type, r.searchPath, sourceOf(value));
  return withoutListing(r, `cast to ${joinName(...cast.type.name)}`, facts, [value]);
}

/** Operators and casts of the system are not listed as routines: every statement is full of them. */
function withoutListing(r: Resolver, name: string, facts: RoutineFacts | undefined, values: readonly Value[]): Value {
  if (isPlain(facts)) {
    for (const value of values) r.spend(value.origins.size + value.via.length);
    mayFail(r, facts, values);
    return derive(values);
  }
  return applyRoutine(r, name, facts, values);
}
