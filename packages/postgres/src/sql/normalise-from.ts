import type { ColumnDefinition, Expression, FromItem, JoinItem, RelationItem, RoutineItem } from '@sqlwarden/core';
import { expressions, maybeExpression, type Normaliser } from './normaliser.js';
import { jsonTable, xmlTable } from './normalise-json.js';
import { alias, isOnly, relationName, typeName } from './normalise-names.js';
import { UnknownNodeError, type Shape } from './tree.js';

/** FROM items of the tree, by the name of their node. */
const FROM_ITEMS: Readonly<Record<string, (normaliser: Normaliser, shape: Shape) => FromItem>> = {
  RangeVar: (_, shape) => relation(shape),
  RangeSubselect: (normaliser, shape) => {
    const subquery = shape.child('subquery');
    if (subquery === undefined) throw new UnknownNodeError('RangeSubselect without a query');
    return { kind: 'subquery', query: normaliser.query(subquery), lateral: shape.flag('lateral'), ...alias(shape) };
  },
  RangeFunction: routine,
  RangeTableSample: sample,
  RangeTableFunc: xmlTable,
  JsonTable: jsonTable,
  JoinExpr: join,
};

/** The names of the FROM nodes that are understood. */
export const KNOWN_FROM_ITEMS: readonly string[] = Object.keys(FROM_ITEMS);

export function fromItem(normaliser: Normaliser, shape: Shape): FromItem {
  const build = FROM_ITEMS[shape.name];
  if (build !== undefined) return build(normaliser, shape);
  shape.skipAll();
  return { kind: 'opaque', reason: { kind: 'unknown-node', detail: `from item ${shape.name}` }, operands: [] };
}

function relation(shape: Shape): RelationItem {
  return { kind: 'relation', name: relationName(shape), only: isOnly(shape), ...alias(shape) };
}

function sample(normaliser: Normaliser, shape: Shape): FromItem {
  const sampled = shape.child('relation');
  if (sampled?.name !== 'RangeVar') throw new UnknownNodeError('RangeTableSample of something else than a relation');
  for (const part of shape.list('method')) part.skipAll();
  const args = [...expressions(normaliser, shape, 'args'), ...maybeExpression(normaliser, shape, 'repeatable')];
  return { ...relation(sampled), sample: args };
}

function routine(normaliser: Normaliser, shape: Shape): RoutineItem {
  shape.skip('lateral', 'is_rowsfrom');
  const own = columnDefinitions(shape.list('coldeflist'));
  const calls = shape
    .list('functions')
    .map((entry) => {
      const [call, columns] = entry.list('items');
      if (call === undefined) throw new UnknownNodeError('RangeFunction without a call');
      const listed = columns === undefined || columns.name === '' ? own : columnDefinitions(columns.list('items'));
      return { call: normaliser.expression(call), ...(listed.length > 0 && { columns: listed }) };
    })
    .flatMap(unnestEach);
  return { kind: 'routine', calls, ordinality: shape.flag('ordinality'), ...alias(shape) };
}

/** UNNEST of several arrays in FROM is one UNNEST of the system for each, side by side ("Table Functions"). */
function unnestEach(entry: RoutineItem['calls'][number]): RoutineItem['calls'][number][] {
  const { call, columns } = entry;
  if (call.kind !== 'call' || columns !== undefined || call.arguments.length < 2) return [entry];
  const { name, arguments: arrays, kind: _, ...decoration } = call;
  const plain = Object.values(decoration).every((value) => value === undefined || value === false);
  if (name.length !== 1 || name[0] !== 'unnest' || !plain || arrays.some((array) => array.name !== undefined)) return [entry];
  return arrays.map((array) => ({ call: { kind: 'call', name: ['pg_catalog', 'unnest'], arguments: [array] } }));
}

/** A column definition list: names and types only. */
function columnDefinitions(list: readonly Shape[]): ColumnDefinition[] {
  return list.map((column) => {
    column.skip('is_local', 'inhcount');
    column.inline('collClause', 'CollateClause')?.skipAll();
    return { name: column.text('colname'), type: typeName(column, 'typeName') };
  });
}

const JOIN_TYPES: Readonly<Record<string, JoinItem['type']>> = {
  JOIN_INNER: 'inner',
  JOIN_LEFT: 'left',
  JOIN_RIGHT: 'right',
  JOIN_FULL: 'full',
};

function join(normaliser: Normaliser, shape: Shape): JoinItem {
  const written = JOIN_TYPES[shape.text('jointype')];
  const left = shape.child('larg');
  const right = shape.child('rarg');
  if (written === undefined || left === undefined || right === undefined) throw new UnknownNodeError(`JoinExpr ${shape.text('jointype')}`);
  shape.skip('rtindex');
  const natural = shape.flag('isNatural');
  const using = shape.names('usingClause');
  const usingAlias = shape.inline('join_using_alias', 'Alias')?.text('aliasname');
  const [on] = maybeExpression(normaliser, shape, 'quals');
  return {
    kind: 'join',
    type: joinType(written, natural, using, on),
    left: normaliser.fromItem(left),
    right: normaliser.fromItem(right),
    natural,
    ...(using.length > 0 && { using }),
    ...(usingAlias !== undefined && { usingAlias }),
    ...(on && { on }),
    ...alias(shape),
  };
}

/** The tree has no CROSS JOIN: it is an inner one without a condition. */
function joinType(written: JoinItem['type'], natural: boolean, using: readonly string[], on: Expression | undefined): JoinItem['type'] {
  return written === 'inner' && !natural && using.length === 0 && on === undefined ? 'cross' : written;
}
