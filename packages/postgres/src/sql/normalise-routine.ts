import type { CreateRoutine, Expression, Statement } from '@sqlwarden/core';
import { dottedName, plainRelationName } from './normalise-names.js';
import { maybeExpression, type Normaliser } from './normaliser.js';
import { UnknownNodeError, type Shape } from './tree.js';

/** CREATE FUNCTION, PROCEDURE, AGGREGATE, TRIGGER and RULE: statements that install code. */

export function createFunction(normaliser: Normaliser, shape: Shape): CreateRoutine {
  shape.inline('returnType', 'TypeName')?.skipAll();
  const parameters = shape.list('parameters').map((parameter) => readParameter(normaliser, parameter));
  const options = readOptions(shape);
  const sqlBody = shape.child('sql_body');
  return {
    kind: 'create-routine',
    span: normaliser.span,
    objectKind: shape.flag('is_procedure') ? 'procedure' : 'function',
    name: dottedName(shape, 'funcname'),
    language: options.language,
    body: sqlBody === undefined ? textBody(normaliser, options) : standardBody(normaliser, sqlBody),
    parameters: parameters.map((parameter) => parameter.name).filter((name) => name !== ''),
    expressions: parameters.flatMap((parameter) => parameter.expressions),
    securityDefiner: options.securityDefiner,
    replace: shape.flag('replace'),
  };
}

function readParameter(normaliser: Normaliser, parameter: Shape): { readonly name: string; readonly expressions: Expression[] } {
  parameter.inline('argType', 'TypeName')?.skipAll();
  parameter.skip('mode');
  return { name: parameter.text('name'), expressions: maybeExpression(normaliser, parameter, 'defexpr') };
}

interface RoutineOptions {
  readonly language: string;
  readonly text: string | undefined;
  readonly securityDefiner: boolean;
}

function readOptions(shape: Shape): RoutineOptions {
  const result: { language: string; text: string | undefined; securityDefiner: boolean } = {
    language: 'sql',
    text: undefined,
    securityDefiner: false,
  };
  for (const option of shape.list('options')) {
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

/** The body of a function of language SQL, given as a string constant. */
function textBody(normaliser: Normaliser, options: RoutineOptions): readonly Statement[] | undefined {
  if (options.language !== 'sql' || options.text === undefined) return undefined;
  return normaliser.body(options.text);
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

export function createTrigger(normaliser: Normaliser, shape: Shape): Statement {
  shape.skip('isconstraint', 'row', 'timing', 'events', 'deferrable', 'initdeferred');
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
