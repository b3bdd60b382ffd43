import type { Call, ConstructItem, Expression } from '@sqlwarden/core';
import { expressions, maybeExpression, type Normaliser } from './normaliser.js';
import { alias, readType } from './normalise-names.js';
import { orderItems, window } from './normalise-window.js';
import { UnknownNodeError, type Shape } from './tree.js';

/**
 * The SQL/JSON and SQL/XML constructs ("JSON Functions and Operators", "XML Functions"). Each computes a value from its operands and nothing
 * else, so all that matters is to find every operand.
 */

type Build = (normaliser: Normaliser, shape: Shape) => Expression;

function construct(name: string, operands: readonly Expression[]): Expression {
  return { kind: 'construct', name, operands };
}

export const JSON_AND_XML: Readonly<Record<string, Build>> = {
  XmlExpr: (normaliser, shape) => {
    shape.skip('op', 'name', 'xmloption', 'indent', 'type', 'typmod');
    return construct('xml', [...named(normaliser, shape, 'named_args'), ...expressions(normaliser, shape, 'args')]);
  },
  XmlSerialize: (normaliser, shape) => {
    shape.skip('xmloption', 'indent');
    type(shape, 'typeName');
    return construct('xmlserialize', maybeExpression(normaliser, shape, 'expr'));
  },
  JsonIsPredicate: (normaliser, shape) => {
    shape.skip('item_type', 'unique_keys');
    format(shape);
    return { kind: 'operator', operator: { symbol: 'is json' }, operands: maybeExpression(normaliser, shape, 'expr') };
  },
  JsonParseExpr: (normaliser, shape) => {
    shape.skip('unique_keys');
    output(shape);
    return construct('json', inlineValue(normaliser, shape, 'expr'));
  },
  JsonScalarExpr: (normaliser, shape) => {
    output(shape);
    return construct('json_scalar', maybeExpression(normaliser, shape, 'expr'));
  },
  JsonSerializeExpr: (normaliser, shape) => {
    output(shape);
    return construct('json_serialize', inlineValue(normaliser, shape, 'expr'));
  },
  JsonObjectConstructor: (normaliser, shape) => {
    shape.skip('absent_on_null', 'unique');
    output(shape);
    return construct(
      'json_object',
      shape.list('exprs').flatMap((pair) => keyValue(normaliser, pair)),
    );
  },
  JsonArrayConstructor: (normaliser, shape) => {
    shape.skip('absent_on_null');
    output(shape);
    return construct('json_array', expressions(normaliser, shape, 'exprs'));
  },
  JsonArrayQueryConstructor: (normaliser, shape) => {
    shape.skip('absent_on_null');
    output(shape);
    format(shape);
    const query = shape.child('query');
    if (query === undefined) throw new UnknownNodeError('JsonArrayQueryConstructor without a query');
    return construct('json_array', [{ kind: 'array-query', query: normaliser.query(query) }]);
  },
  JsonObjectAgg: (normaliser, shape) => {
    shape.skip('absent_on_null', 'unique');
    const pair = shape.inline('arg', 'JsonKeyValue');
    return aggregate(normaliser, shape, 'json_object_agg', pair ? keyValue(normaliser, pair) : []);
  },
  JsonArrayAgg: (normaliser, shape) => {
    shape.skip('absent_on_null');
    return aggregate(normaliser, shape, 'json_agg', inlineValue(normaliser, shape, 'arg'));
  },
  JsonFuncExpr: (normaliser, shape) => {
    shape.skip('column_name', 'wrapper', 'quotes');
    output(shape);
    const name = shape.text('op').replace(/_OP$/, '').toLowerCase();
    const operands = [
      ...inlineValue(normaliser, shape, 'context_item'),
      ...maybeExpression(normaliser, shape, 'pathspec'),
      ...passing(normaliser, shape),
      ...behaviours(normaliser, shape),
    ];
    return construct(name, operands);
  },
  JsonValueExpr: (normaliser, shape) => construct('json value', value(normaliser, shape)),
};

function type(shape: Shape, field: string): void {
  const found = shape.inline(field, 'TypeName');
  if (found !== undefined) readType(found);
}

/** FORMAT JSON ENCODING …: how bytes are read, nothing more. */
function format(shape: Shape): void {
  shape.inline('format', 'JsonFormat')?.skipAll();
}

/** RETURNING type. */
function output(shape: Shape): void {
  const found = shape.inline('output', 'JsonOutput');
  if (found === undefined) return;
  type(found, 'typeName');
  found.inline('returning', 'JsonReturning')?.skipAll();
}

/** A JsonValueExpr. */
function value(normaliser: Normaliser, shape: Shape): Expression[] {
  format(shape);
  return [...maybeExpression(normaliser, shape, 'raw_expr'), ...maybeExpression(normaliser, shape, 'formatted_expr')];
}

function inlineValue(normaliser: Normaliser, shape: Shape, field: string): Expression[] {
  const found = shape.inline(field, 'JsonValueExpr');
  return found === undefined ? [] : value(normaliser, found);
}

function keyValue(normaliser: Normaliser, pair: Shape): Expression[] {
  return [...maybeExpression(normaliser, pair, 'key'), ...inlineValue(normaliser, pair, 'value')];
}

/** JSON_OBJECTAGG and JSON_ARRAYAGG: aggregates under a syntax of their own. */
function aggregate(normaliser: Normaliser, shape: Shape, name: string, operands: readonly Expression[]): Call {
  const own = shape.inline('constructor', 'JsonAggConstructor');
  if (own === undefined) throw new UnknownNodeError(`${shape.name} without a constructor`);
  output(own);
  const over = own.inline('over', 'WindowDef');
  const orderBy = orderItems(normaliser, own, 'agg_order');
  const [filter] = maybeExpression(normaliser, own, 'agg_filter');
  return {
    kind: 'call',
    name: ['pg_catalog', name],
    arguments: operands.map((operand) => ({ expression: operand })),
    ...(orderBy.length > 0 && { orderBy }),
    ...(filter && { filter }),
    ...(over && { over: window(normaliser, over) }),
    builtIn: true,
  };
}

function passing(normaliser: Normaliser, shape: Shape): Expression[] {
  return shape.list('passing').flatMap((argument) => {
    argument.skip('name');
    return inlineValue(normaliser, argument, 'val');
  });
}

/** ON EMPTY, ON ERROR. */
function behaviours(normaliser: Normaliser, shape: Shape): Expression[] {
  return ['on_empty', 'on_error'].flatMap((field) => {
    const found = shape.inline(field, 'JsonBehavior');
    found?.skip('btype', 'coerce');
    return found === undefined ? [] : maybeExpression(normaliser, found, 'expr');
  });
}

/** ResTargets that hold named operands (XMLELEMENT attributes, XMLNAMESPACES). */
function named(normaliser: Normaliser, shape: Shape, field: string): Expression[] {
  return shape.list(field).flatMap((target) => {
    target.skip('name');
    return maybeExpression(normaliser, target, 'val');
  });
}

/** XMLTABLE in FROM. */
export function xmlTable(normaliser: Normaliser, shape: Shape): ConstructItem {
  shape.skip('lateral');
  const columns = shape.list('columns');
  const operands = [
    ...maybeExpression(normaliser, shape, 'docexpr'),
    ...maybeExpression(normaliser, shape, 'rowexpr'),
    ...named(normaliser, shape, 'namespaces'),
    ...columns.flatMap((column) => [
      ...maybeExpression(normaliser, column, 'colexpr'),
      ...maybeExpression(normaliser, column, 'coldefexpr'),
    ]),
  ];
  const names = columns.map((column) => {
    column.skip('for_ordinality', 'is_not_null');
    type(column, 'typeName');
    return column.text('colname');
  });
  return { kind: 'construct', name: 'xmltable', operands, columns: names, ...alias(shape) };
}

/** JSON_TABLE in FROM (PostgreSQL 17). */
export function jsonTable(normaliser: Normaliser, shape: Shape): ConstructItem {
  shape.skip('lateral');
  const path = shape.inline('pathspec', 'JsonTablePathSpec');
  const own = [...inlineValue(normaliser, shape, 'context_item'), ...(path ? pathExpression(normaliser, path) : [])];
  const columns = jsonColumns(normaliser, shape);
  const operands = [
    ...own,
    ...passing(normaliser, shape),
    ...behaviours(normaliser, shape),
    ...columns.flatMap((column) => column.operands),
  ];
  return { kind: 'construct', name: 'json_table', operands, columns: columns.flatMap((column) => column.names), ...alias(shape) };
}

function pathExpression(normaliser: Normaliser, path: Shape): Expression[] {
  path.skip('name', 'name_location');
  return maybeExpression(normaliser, path, 'string');
}

function jsonColumns(normaliser: Normaliser, shape: Shape): { operands: Expression[]; names: string[] }[] {
  return shape.list('columns').flatMap((column) => {
    column.skip('wrapper', 'quotes');
    format(column);
    type(column, 'typeName');
    const path = column.inline('pathspec', 'JsonTablePathSpec');
    const operands = [...(path ? pathExpression(normaliser, path) : []), ...behaviours(normaliser, column)];
    const nested = column.text('coltype') === 'JTC_NESTED';
    const name = column.text('name');
    return [{ operands, names: nested ? [] : [name] }, ...jsonColumns(normaliser, column)];
  });
}
