import type { CreateRoutine, Expression, Statement, TriggerEvent } from '@sqlwarden/core';
import { dottedName, plainRelationName, readType } from './normalise-names.js';
import { maybeExpression, type Normaliser } from './normaliser.js';
import { UnknownNodeError, type Shape } from './tree.js';

/** CREATE FUNCTION, PROCEDURE, AGGREGATE, TRIGGER and RULE: statements that install code. */

export function createFunction(normaliser: Normaliser, shape: Shape): CreateRoutine {
  const parameters = shape.list('parameters').map((parameter, at) => readParameter(normaliser, parameter, at));
  const isProcedure = shape.flag('is_procedure');
  const returnType = shape.inline('returnType', 'TypeName');
  const isSet = returnType?.flag('setof') === true;
  const result = readResult(returnType, isSet, parameters, isProcedure);
  const options = readOptions(shape);
  const sqlBody = shape.child('sql_body');
  return {
    kind: 'create-routine',
    span: normaliser.span,
    objectKind: isProcedure ? 'procedure' : 'function',
    name: dottedName(shape, 'funcname'),
    language: options.language,
    body: sqlBody === undefined ? textBody(normaliser, options, isSet) : standardBody(normaliser, sqlBody),
    // Callers of a function do not give those that only go out.
    parameters: (isProcedure ? parameters : [...parameters.filter(({ given }) => given), ...parameters.filter(({ given }) => !given)]).map(
      ({ name }) => name,
    ),
    outputs: parameters.filter(({ output }) => output).map(({ name }) => name),
    ...result,
    expressions: parameters.flatMap((parameter) => parameter.expressions),
    securityDefiner: options.securityDefiner,
    ...(options.settings.length > 0 && { settings: options.settings }),
    replace: shape.flag('replace'),
  };
}

interface RoutineParameter {
  readonly name: string;
  readonly given: boolean;
  readonly output: boolean;
  readonly expressions: Expression[];
}

/** Modes of parameters that callers of a function give, and of those that are columns of its result. */
const GIVEN: ReadonlySet<string> = new Set(['', 'FUNC_PARAM_DEFAULT', 'FUNC_PARAM_IN', 'FUNC_PARAM_INOUT', 'FUNC_PARAM_VARIADIC']);
const GIVES_BACK: ReadonlySet<string> = new Set(['FUNC_PARAM_OUT', 'FUNC_PARAM_INOUT', 'FUNC_PARAM_TABLE']);

function readParameter(normaliser: Normaliser, parameter: Shape, at: number): RoutineParameter {
  parameter.inline('argType', 'TypeName')?.skipAll();
  const name = parameter.text('name');
  const mode = parameter.text('mode');
  return {
    name: name === '' ? `$${at + 1}` : name,
    given: GIVEN.has(mode),
    output: GIVES_BACK.has(mode),
    expressions: maybeExpression(normaliser, parameter, 'defexpr'),
  };
}

/** RETURNS, and the parameters that go out. The name of a relation is also the name of the type of its rows. */
function readResult(
  type: Shape | undefined,
  isSet: boolean,
  parameters: readonly RoutineParameter[],
  isProcedure: boolean,
): Pick<CreateRoutine, 'returns' | 'resultColumns' | 'rowOf' | 'forTriggers'> {
  const name = type === undefined ? [] : readType(type).name;
  type?.skipAll();
  const columns = parameters.filter(({ output }) => output).map((parameter) => parameter.name);
  if (isProcedure) return { returns: 'nothing' };
  if (!isSet && name.at(-1) === 'trigger') return { returns: 'value', forTriggers: true };
  if (columns.length > 0) return { returns: isSet || columns.length > 1 ? 'table' : 'value', resultColumns: columns };
  return { returns: isSet ? 'table' : 'value', ...(name.length > 0 && { rowOf: name }) };
}

interface RoutineOptions {
  readonly language: string;
  readonly text: string | undefined;
  readonly securityDefiner: boolean;
  readonly settings: readonly string[];
}

/** The settings that options of CREATE or ALTER FUNCTION give values to, or take away. */
export function routineSettings(options: readonly Shape[]): readonly string[] {
  return options
    .filter((option) => option.text('defname') === 'set')
    .map((option) => option.child('arg')?.text('name').toLowerCase() ?? '')
    .filter((name) => name !== '');
}

function readOptions(shape: Shape): RoutineOptions {
  const options = shape.list('options');
  const result: { language: string; text: string | undefined; securityDefiner: boolean; settings: readonly string[] } = {
    language: 'sql',
    text: undefined,
    securityDefiner: false,
    settings: routineSettings(options),
  };
  for (const option of options) {
    const name = option.text('defname');
    const argument = option.child('arg');
    if (name === 'language') result.language = argument?.string().toLowerCase() ?? '';
    else if (name === 'security') result.securityDefiner = argument?.flag('boolval') === true;
    else if (name === 'as') {
      const texts = argument?.list('items') ?? [];
      if (texts.length === 1) result.text = texts[0]?.string();
    }
    option.skipAll();
  }
  return result;
}

/** A body that is given as a string constant. */
function textBody(normaliser: Normaliser, options: RoutineOptions, isSet: boolean): readonly Statement[] | undefined {
  if (options.text === undefined) return undefined;
  if (options.language === 'sql') return normaliser.body(options.text);
  return options.language === 'plpgsql' && normaliser.text !== undefined ? normaliser.procedure(normaliser.text, isSet) : undefined;
}

/** BEGIN ATOMIC … END, or RETURN expression. */
function standardBody(normaliser: Normaliser, body: Shape): readonly Statement[] {
  if (body.name === '') return [];
  if (body.name !== 'List') return [bodyStatement(normaliser, body)];
  return body.list('items').flatMap((item) => standardBody(normaliser, item));
}

function bodyStatement(normaliser: Normaliser, shape: Shape): Statement {
  if (shape.name !== 'ReturnStmt') return normaliser.statement(shape);
  const [value] = maybeExpression(normaliser, shape, 'returnval');
  if (value === undefined) throw new UnknownNodeError('ReturnStmt without a value');
  return {
    kind: 'select',
    span: normaliser.span,
    query: {
      kind: 'query',
      body: { kind: 'select', items: [{ expression: value, name: 'return' }], from: [], groupBy: [], windows: [] },
      orderBy: [],
      locks: [],
    },
  };
}

/** CREATE AGGREGATE: its state functions are named, their bodies are not read. */
export function createAggregate(normaliser: Normaliser, shape: Shape): CreateRoutine {
  const name = dottedName(shape, 'defnames');
  const replace = shape.flag('replace');
  shape.skipAll();
  return {
    kind: 'create-routine',
    span: normaliser.span,
    objectKind: 'aggregate',
    name,
    language: 'aggregate',
    body: undefined,
    parameters: [],
    expressions: [],
    securityDefiner: false,
    replace,
  };
}

/** `TRIGGER_TYPE_*` of pg_trigger.h. */
const TRIGGER_EVENTS = [
  [4, 'insert'],
  [8, 'delete'],
  [16, 'update'],
  [32, 'truncate'],
] as const satisfies readonly (readonly [number, TriggerEvent])[];

export function createTrigger(normaliser: Normaliser, shape: Shape): Statement {
  shape.skip('isconstraint', 'row', 'timing', 'deferrable', 'initdeferred');
  const events = shape.number('events');
  for (const field of ['columns', 'transitionRels']) for (const item of shape.list(field)) item.skipAll();
  const range = shape.inline('relation', 'RangeVar');
  if (range === undefined) throw new UnknownNodeError('CreateTrigStmt without a relation');
  shape.inline('constrrel', 'RangeVar')?.skipAll();
  const [when] = maybeExpression(normaliser, shape, 'whenClause');
  return {
    kind: 'create-trigger',
    span: normaliser.span,
    name: shape.text('trigname'),
    relation: plainRelationName(range),
    routine: dottedName(shape, 'funcname'),
    events: TRIGGER_EVENTS.flatMap(([bit, event]) => ((events & bit) === 0 ? [] : [event])),
    arguments: shape.list('args').map((argument) => argument.string()),
    ...(when && { when }),
    replace: shape.flag('replace'),
  };
}

export function createRule(normaliser: Normaliser, shape: Shape): Statement {
  shape.skip('event', 'instead');
  const range = shape.inline('relation', 'RangeVar');
  if (range === undefined) throw new UnknownNodeError('RuleStmt without a relation');
  const [where] = maybeExpression(normaliser, shape, 'whereClause');
  return {
    kind: 'create-rule',
    span: normaliser.span,
    name: shape.text('rulename'),
    relation: plainRelationName(range),
    ...(where && { where }),
    actions: shape.list('actions').map((action) => normaliser.statement(action)),
    replace: shape.flag('replace'),
  };
}
