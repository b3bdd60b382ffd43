import type {
  Assignment,
  AssignmentTarget,
  Delete,
  Expression,
  Insert,
  Merge,
  MergeWhen,
  OnConflict,
  Returning,
  Target,
  Update,
} from '@sqlwarden/core';
import { indices } from './normalise-expression.js';
import { alias, isOnly, relationName } from './normalise-names.js';
import { selectItems, withClause } from './normalise-query.js';
import { expressions, maybeExpression, type Normaliser } from './normaliser.js';
import { UnknownNodeError, type Shape } from './tree.js';

/** INSERT, UPDATE, DELETE, MERGE. */

export function insert(normaliser: Normaliser, shape: Shape): Insert {
  shape.skip('override');
  const common = withClause(normaliser, shape);
  const target = targetOf(shape);
  const columns = shape.list('cols').map((column) => assignmentTarget(normaliser, column));
  const source = shape.child('selectStmt');
  return {
    kind: 'insert',
    span: normaliser.span,
    ...common,
    target,
    ...(columns.length > 0 && { columns }),
    source: source === undefined ? { kind: 'default-values' } : { kind: 'query', query: normaliser.query(source) },
    ...onConflict(normaliser, shape),
    ...returning(normaliser, shape),
  };
}

export function update(normaliser: Normaliser, shape: Shape): Update {
  const common = withClause(normaliser, shape);
  const [where] = maybeExpression(normaliser, shape, 'whereClause');
  return {
    kind: 'update',
    span: normaliser.span,
    ...common,
    target: targetOf(shape),
    set: assignments(normaliser, shape.list('targetList')),
    from: shape.list('fromClause').map((item) => normaliser.fromItem(item)),
    ...(where && { where }),
    ...returning(normaliser, shape),
  };
}

export function deleteFrom(normaliser: Normaliser, shape: Shape): Delete {
  const common = withClause(normaliser, shape);
  const [where] = maybeExpression(normaliser, shape, 'whereClause');
  return {
    kind: 'delete',
    span: normaliser.span,
    ...common,
    target: targetOf(shape),
    using: shape.list('usingClause').map((item) => normaliser.fromItem(item)),
    ...(where && { where }),
    ...returning(normaliser, shape),
  };
}

export function merge(normaliser: Normaliser, shape: Shape): Merge {
  const common = withClause(normaliser, shape);
  const source = shape.child('sourceRelation');
  const [on] = maybeExpression(normaliser, shape, 'joinCondition');
  if (source === undefined || on === undefined) throw new UnknownNodeError('MergeStmt without a source');
  return {
    kind: 'merge',
    span: normaliser.span,
    ...common,
    target: targetOf(shape),
    source: normaliser.fromItem(source),
    on,
    whens: shape.list('mergeWhenClauses').map((clause) => mergeWhen(normaliser, clause)),
    ...returning(normaliser, shape),
  };
}

function targetOf(shape: Shape): Target {
  const range = shape.inline('relation', 'RangeVar');
  if (range === undefined) throw new UnknownNodeError(`${shape.name} without a relation`);
  return { name: relationName(range), only: isOnly(range), ...alias(range) };
}

/** A ResTarget without a value, or whose value is read elsewhere. */
function assignmentTarget(normaliser: Normaliser, target: Shape): AssignmentTarget {
  const path = target.list('indirection').flatMap((step) => {
    if (step.name === 'A_Indices') return indices(normaliser, step);
    step.string();
    return [];
  });
  return { column: target.text('name'), path };
}

function assignments(normaliser: Normaliser, targets: readonly Shape[]): Assignment[] {
  const result: Assignment[] = [];
  for (let at = 0; at < targets.length; ) {
    const [assignment, count] = assignmentFrom(normaliser, targets, at);
    result.push(assignment);
    at += count;
  }
  return result;
}

/** The assignment that starts at `at`, and how many targets it takes. The tree repeats the source of `(a, b) = (…)` for every column. */
function assignmentFrom(normaliser: Normaliser, targets: readonly Shape[], at: number): [Assignment, number] {
  const first = targets[at];
  const value = first?.child('val');
  if (first === undefined || value === undefined) throw new UnknownNodeError('an assignment without a value');
  if (value.name !== 'MultiAssignRef') {
    return [{ targets: [assignmentTarget(normaliser, first)], value: normaliser.expression(value) }, 1];
  }
  const count = value.number('ncolumns');
  value.skip('colno');
  const [source] = maybeExpression(normaliser, value, 'source');
  const group = targets.slice(at, at + count);
  if (source === undefined || count < 1 || group.length !== count) throw new UnknownNodeError('MultiAssignRef');
  for (const target of group.slice(1)) target.child('val')?.skipAll();
  return [{ targets: group.map((target) => assignmentTarget(normaliser, target)), value: source }, count];
}

function onConflict(normaliser: Normaliser, shape: Shape): { readonly onConflict?: OnConflict } {
  const clause = shape.inline('onConflictClause', 'OnConflictClause');
  if (clause === undefined) return {};
  const infer = clause.inline('infer', 'InferClause');
  infer?.skip('conname');
  const [targetWhere] = infer ? maybeExpression(normaliser, infer, 'whereClause') : [];
  const target = infer?.list('indexElems').flatMap((element) => indexElement(normaliser, element)) ?? [];
  const set = assignments(normaliser, clause.list('targetList'));
  const [where] = maybeExpression(normaliser, clause, 'whereClause');
  const updates = clause.text('action') === 'ONCONFLICT_UPDATE';
  return {
    onConflict: {
      target,
      ...(targetWhere && { targetWhere }),
      action: updates ? { kind: 'update', set, ...(where && { where }) } : { kind: 'nothing' },
    },
  };
}

/** An IndexElem: a column or an expression. */
export function indexElement(normaliser: Normaliser, element: Shape): Expression[] {
  element.skip('ordering', 'nulls_ordering', 'indexcolname');
  for (const field of ['collation', 'opclass', 'opclassopts']) for (const part of element.list(field)) part.skipAll();
  const name = element.optionalText('name');
  if (name !== undefined) return [{ kind: 'column', qualifier: [], name }];
  return maybeExpression(normaliser, element, 'expr');
}

/** RETURNING: a plain list up to PostgreSQL 17, a clause with options since 18. */
function returning(normaliser: Normaliser, shape: Shape): { readonly returning?: Returning } {
  const clause = shape.inline('returningClause', 'ReturningClause');
  if (clause === undefined) {
    const items = selectItems(normaliser, shape, 'returningList');
    return items.length === 0 ? {} : { returning: { items } };
  }
  const names: { old?: string; new?: string } = {};
  for (const option of clause.list('options')) {
    if (option.text('option') === 'RETURNING_OPTION_OLD') names.old = option.text('value');
    else names.new = option.text('value');
  }
  return { returning: { items: selectItems(normaliser, clause, 'exprs'), ...names } };
}

const MATCHES: Readonly<Record<string, MergeWhen['match']>> = {
  MERGE_WHEN_MATCHED: 'matched',
  MERGE_WHEN_NOT_MATCHED_BY_SOURCE: 'not-matched-by-source',
  MERGE_WHEN_NOT_MATCHED_BY_TARGET: 'not-matched-by-target',
};

function mergeWhen(normaliser: Normaliser, clause: Shape): MergeWhen {
  clause.skip('override');
  const kind = clause.optionalText('matchKind');
  // Up to PostgreSQL 16 there is only a flag.
  const match = kind === undefined ? (clause.flag('matched') ? 'matched' : 'not-matched-by-target') : MATCHES[kind];
  if (match === undefined) throw new UnknownNodeError(`MergeWhenClause ${String(kind)}`);
  const [condition] = maybeExpression(normaliser, clause, 'condition');
  return { match, ...(condition && { condition }), action: mergeAction(normaliser, clause) };
}

function mergeAction(normaliser: Normaliser, clause: Shape): MergeWhen['action'] {
  const command = clause.text('commandType');
  switch (command) {
    case 'CMD_NOTHING':
      return { kind: 'nothing' };
    case 'CMD_DELETE':
      return { kind: 'delete' };
    case 'CMD_UPDATE':
      return { kind: 'update', set: assignments(normaliser, clause.list('targetList')) };
    case 'CMD_INSERT': {
      const columns = clause.list('targetList').map((target) => assignmentTarget(normaliser, target));
      const values = clause.has('values') ? { values: expressions(normaliser, clause, 'values') } : {};
      return { kind: 'insert', ...(columns.length > 0 && { columns }), ...values };
    }
    default:
      throw new UnknownNodeError(`MergeWhenClause ${command}`);
  }
}
