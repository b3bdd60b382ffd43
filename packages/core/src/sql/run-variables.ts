import { unreachable } from '../unreachable.js';
import type { ColumnDefinition, Expression, Variable } from './model.js';
import { joinName } from './names.js';
import type { Assign, DeclareTable, DeclareVariables } from './procedure.js';
import { noteFit } from './resolve/call.js';
import { lookUp, type Scope } from './resolve/scope.js';
import { closed, derive, either, NOTHING, OPAQUE, type Outputs, rowOf, type Value } from './resolve/value.js';
import { relationOf } from './changed-relations.js';
import type { Part, Run } from './run.js';
import { definedColumns } from './run-schema.js';
import type { Into } from './statement.js';
import type { UnitState } from './unit-state.js';

/** Variables: what is put into them, and by which statements. */

/** `set`: it holds this from here on. `join`: it may, or what it held before. */
export type How = 'set' | 'join';

/** Local variables that are told by a mark have names of their own: `@x` is not `x`. */
export function localName(variable: Variable): string {
  return `@${variable.name}`;
}

export function setVariable(run: Run, variable: Variable, given: Value, how: How): void {
  const { unit, r } = run;
  const value = decided(unit, given);
  switch (variable.scope) {
    case 'local':
      setLocal(unit, localName(variable), value, how);
      return;
    case 'session':
      unit.setSessionVariable(variable.name, closed(value), how);
      return;
    case 'system':
      r.effects.flow(value, { kind: 'setting', name: variable.name });
      return;
    default:
      unreachable(variable.scope);
  }
}

function setLocal(unit: UnitState, name: string, value: Value, how: How): void {
  if (how === 'set') unit.frame.variables.set(name, closed(value));
  else unit.frame.variables.join(name, closed(value));
}

/** A value that is assigned only where the conditions around say so tells about them. */
function decided({ frame: { deciding = [] } }: UnitState, value: Value): Value {
  if (deciding.length === 0) return value;
  const conditions = derive(deciding);
  const whole = either([value, conditions]);
  if (value.fields === undefined) return whole;
  return { ...whole, fields: value.fields.map((field) => ({ ...field, value: either([field.value, conditions]) })) };
}

/** Puts a value where INTO, SET and OUTPUT say. */
export function put(run: Run, target: Into, value: Value, how: How, scope: Scope): void {
  if (target.kind === 'variable') setVariable(run, target, value, how);
  else if (target.qualifier.length === 0) setLocal(run.unit, target.name, decided(run.unit, value), how);
  else putField(run, target, decided(run.unit, value), scope);
}

/** A field of a record variable, or a column of the row that a trigger is about to write. */
function putField(run: Run, target: Into & { kind: 'column' }, value: Value, scope: Scope): void {
  const { unit, r } = run;
  const [record] = target.qualifier.slice(-1);
  const known = record === undefined ? undefined : unit.frame.variables.get(record);
  if (record !== undefined && known !== undefined) {
    const fields = (known.fields ?? []).map((field) =>
      field.name === target.name ? { ...field, value: derive([field.value, value]) } : field,
    );
    const whole = derive([known, value]);
    unit.frame.variables.replace(record, closed(known.fields === undefined ? whole : { ...whole, fields }));
    return;
  }
  const found = lookUp(scope, target, r.options.rules, () => undefined);
  if (found.kind === 'unknown') {
    r.effects.opaque({ kind: 'unknown-column', detail: joinName(...target.qualifier, target.name) });
    return;
  }
  const { triggered } = unit.frame;
  for (const column of found.found.value.origins.keys()) {
    if (triggered !== undefined && relationOf(column) !== triggered) continue;
    r.effects.useColumn(column, 'write-target');
    r.effects.flow(value, { kind: 'column', column });
  }
  // Reading it later in the body yields what it was given.
  setLocal(unit, `${record ?? ''}.${target.name}`, value, 'join');
}

/** Puts a row into variables: each column into its own, or all of them into a record. There may be no row: then they keep what they held. */
export function putRow(run: Run, targets: readonly Into[], row: Outputs, scope: Scope): void {
  const [first, ...rest] = targets;
  if (first === undefined) return;
  if (!row.complete) {
    const value = { ...derive(row.columns.map((column) => column.value)), opaque: true };
    for (const target of targets) put(run, target, value, 'join', scope);
    return;
  }
  if (rest.length === 0 && row.columns.length > 1) {
    // A record has the fields of the row that it was given last.
    putRecord(run, first, rowOf(row.columns), scope);
    return;
  }
  for (const [at, target] of targets.entries()) put(run, target, row.columns[at]?.value ?? OPAQUE, 'join', scope);
}

function putRecord(run: Run, target: Into, value: Value, scope: Scope): void {
  const { variables } = run.unit.frame;
  const isFresh = target.kind === 'column' && target.qualifier.length === 0 && (variables.get(target.name) ?? NOTHING) === NOTHING;
  put(run, target, value, isFresh ? 'set' : 'join', scope);
}

/** Whether an assignment replaces what was there: one that fails leaves it, and what follows may run all the same. */
export function assigning({ r }: Run, value: Expression | undefined): How {
  if (r.options.rules.goesOnAfterErrors !== true) return 'set';
  // A text is cut to what the variable takes, or ends the batch when it cannot be converted; numbers may be too large for it.
  return value?.kind === 'literal' && (value.type === 'string' || value.type === 'null' || value.value === '0') ? 'set' : 'join';
}

/** Records that a value may fail to become one of the type that the variable it is put into was declared of. */
export function converted({ unit, r }: Run, target: Into, value: Value, expression: Expression | undefined): void {
  if (target.kind === 'variable' && target.scope === 'local') noteFit(r, unit.frame.types.get(localName(target)), expression, value);
}

export function runAssign(run: Run, statement: Assign, scope: Scope): Part {
  const value = run.r.value(statement.value, scope);
  converted(run, statement.target, value, statement.value);
  sessionOnly(run);
  return {
    action: 'set',
    after: () => {
      put(run, statement.target, value, assigning(run, statement.value), scope);
      forgetCursor(run, statement);
    },
  };
}

/** `SET @c = @other` of cursors: what the variable stands for is not followed. */
function forgetCursor({ unit }: Run, { target, value }: Assign): void {
  if (target.kind !== 'variable' || value.kind !== 'variable') return;
  const [to, from] = [localName(target), localName(value)];
  if (unit.cursors.has(to) || unit.cursors.has(from)) unit.cursors.set(to, 'unknown');
}

export function runDeclareVariables(run: Run, statement: DeclareVariables, scope: Scope): Part {
  const { unit, r } = run;
  for (const { variable, type, value } of statement.variables) {
    const given = value === undefined ? undefined : r.value(value, scope);
    const name = variable.kind === 'variable' ? localName(variable) : variable.name;
    if (type !== undefined) unit.frame.types.set(name, type);
    if (given !== undefined) converted(run, variable, given, value);
    // DECLARE in a loop does not empty the variable; one of the same name in a block inside hides the other only there.
    if (given === undefined) declare(unit, name);
    else
      put(
        run,
        variable,
        given,
        variable.kind === 'variable' || !unit.frame.variables.has(name) ? declaring(run, name, value) : 'join',
        scope,
      );
  }
  sessionOnly(run);
  return { action: 'declare' };
}

/** Nothing is in a variable that was not there before. */
function declaring(run: Run, name: string, value: Expression | undefined): How {
  return run.unit.frame.variables.has(name) ? assigning(run, value) : 'set';
}

function declare(unit: UnitState, name: string): void {
  const { variables } = unit.frame;
  if (!variables.has(name)) variables.replace(name, NOTHING);
}

export function runDeclareTable(run: Run, statement: DeclareTable): Part {
  const { unit } = run;
  const name = unit.newName([statement.name], true);
  const definitions = statement.columns ?? columnsOfType(run, statement);
  const columns = definedColumns(run, name, definitions ?? []);
  sessionOnly(run);
  return {
    action: 'declare',
    after: () => {
      if (definitions === undefined) unit.obscure(name);
      else unit.create(name, columns, { temporary: true });
    },
  };
}

/** The columns of a table type, which is known as a relation. */
function columnsOfType(run: Run, { type }: DeclareTable): ColumnDefinition[] | undefined {
  const relation = type === undefined ? undefined : run.r.relation(type.name);
  if (relation?.catalogued?.kind !== 'composite') return undefined;
  const generated = run.unit.options.generated?.get(relation.name);
  return relation.catalogued.columns.map(({ name, type: shown, notNull, hidden, implicit }): ColumnDefinition => {
    const computed = generated?.get(name);
    return {
      name,
      type: { name: [shown], array: false },
      notNull,
      ...(hidden === true && { hidden }),
      ...(implicit === true && { implicit }),
      ...(computed !== undefined && { default: computed }),
    };
  });
}

/** What reads no relation and writes none is a matter of the session. */
export function sessionOnly({ r: { effects } }: Run): void {
  if (effects.class === 'read' && effects.reads.size === 0) effects.class = 'session';
}

/** Reads a variable that is told by its mark. */
export function readVariable(run: Run, variable: Variable): Value {
  const { unit } = run;
  if (variable.scope === 'system') return NOTHING;
  if (variable.scope === 'session') unit.frame.isSteered = true;
  const value =
    variable.scope === 'session'
      ? unit.sessionVariable(variable.name)
      : unit.localsKnown
        ? (unit.frame.variables.get(localName(variable)) ?? NOTHING)
        : undefined;
  return value ?? unknownVariable(run, variable.name);
}

/** Reads a variable that is written like a column; `undefined` when there is none of that name. */
export function readLocal(run: Run, name: string): Value | undefined {
  const { unit } = run;
  if (!unit.frame.variables.has(name)) return undefined;
  return unit.localsKnown ? unit.frame.variables.get(name) : unknownVariable(run, name);
}

function unknownVariable(run: Run, name: string): Value {
  run.r.effects.opaque({ kind: 'session-state', detail: `variable ${joinName(name)}` });
  return OPAQUE;
}

/** Of a body that runs for a call: its parameters, by their names as the dialect writes variables. */
export function parameterName(run: Run, name: string): string {
  const plain = withoutMark(name);
  return run.unit.options.rules.variablesMarked === true ? `@${plain}` : plain;
}

export function withoutMark(name: string): string {
  return name.startsWith('@') ? name.slice(1) : name;
}
