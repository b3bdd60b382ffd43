import type { Action, Span, Statement } from '@sqlwarden/core';
import { alterTable, rename, setSchema } from './normalise-alter.js';
import { expression } from './normalise-expression.js';
import { fromItem } from './normalise-from.js';
import { define, OBJECT_STATEMENTS } from './normalise-object.js';
import { query, selectItem } from './normalise-query.js';
import { createAggregate, createFunction, createRule, createTrigger } from './normalise-routine.js';
import { SESSION_STATEMENTS } from './normalise-session.js';
import { compositeType, createForeignTable, createTable, createTableAs, createView, intoTable, relationOf } from './normalise-table.js';
import { deleteFrom, insert, merge, update } from './normalise-write.js';
import type { Normaliser } from './normaliser.js';
import { plpgsqlBody } from './plpgsql.js';
import { type Shape, UnknownNodeError } from './tree.js';

/**
 * PostgreSQL's parse tree → the statement model of core. Every node that is understood is in a table by its name; every field of it is
 * read or named as one that says nothing ({@link Shape}). What is left over makes the whole statement opaque.
 */

type Build = (normaliser: Normaliser, shape: Shape) => Statement;

const STATEMENTS: Readonly<Record<string, Build>> = {
  SelectStmt: select,
  InsertStmt: insert,
  UpdateStmt: update,
  DeleteStmt: deleteFrom,
  MergeStmt: merge,
  CreateStmt: createTable,
  CreateForeignTableStmt: createForeignTable,
  CreateTableAsStmt: createTableAs,
  ViewStmt: createView,
  RefreshMatViewStmt: (normaliser, shape) => {
    shape.skip('concurrent', 'skipData');
    return { kind: 'refresh-view', span: normaliser.span, name: relationOf(shape).name };
  },
  AlterTableStmt: alterTable,
  RenameStmt: rename,
  AlterObjectSchemaStmt: setSchema,
  CompositeTypeStmt: compositeType,
  CreateFunctionStmt: createFunction,
  CreateTrigStmt: createTrigger,
  RuleStmt: createRule,
  LoadStmt: (normaliser, shape) => {
    shape.skipAll();
    return opaque(normaliser.span, 'maintain', 'unknown-routine', 'LOAD runs a shared library');
  },
  ...SESSION_STATEMENTS,
  ...OBJECT_STATEMENTS,
  DefineStmt: (normaliser, shape) => {
    if (shape.peek('kind') === 'OBJECT_AGGREGATE') return createAggregate(normaliser, shape);
    return define(normaliser, shape);
  },
};

/** The names of the statement nodes that are understood. */
export const KNOWN_STATEMENTS: readonly string[] = Object.keys(STATEMENTS);

/** Parsers of the bodies of functions; `undefined` when a body cannot be read. */
export interface Bodies {
  /** Of language SQL: its statements. */
  sql(text: string): readonly Shape[] | undefined;
  /** Of language PL/pgSQL: the tree of the function that a CREATE FUNCTION statement makes. */
  plpgsql(createFunction: string): Shape | undefined;
}

/** Where a statement stands, and its text (absent for those inside of bodies). */
export interface StatementPlace {
  readonly span: Span;
  readonly text?: string;
}

/** How deep bodies of functions may define functions. */
const MAX_BODY_DEPTH = 3;

/** One statement of a unit as the model has it. Never throws for what the tree holds, but may overflow the stack with a tree that is too deep. */
export function normaliseStatement(shape: Shape, place: StatementPlace, bodies: Bodies, depth = 0): Statement {
  const { span } = place;
  const inside = (text: string): readonly Statement[] | undefined =>
    (depth < MAX_BODY_DEPTH ? bodies.sql(text) : undefined)?.map((statement) => normaliseStatement(statement, { span }, bodies, depth + 1));
  const normaliser: Normaliser = {
    span,
    ...(place.text !== undefined && { text: place.text }),
    expression: (node) => expression(normaliser, node),
    fromItem: (node) => fromItem(normaliser, node),
    query: (node) => query(normaliser, node),
    selectItem: (node) => selectItem(normaliser, node),
    statement: (node) => build(normaliser, node),
    body: inside,
    procedure: (definition, returnsSet) => {
      const tree = bodies.plpgsql(definition);
      const known = { span, returnsSet, namesErrorText: /sqlerrm/i.test(definition) };
      return tree === undefined ? undefined : procedureStatements(tree, known, inside);
    },
  };
  try {
    const statement = build(normaliser, shape);
    const unread = shape.unread();
    return unread === undefined ? statement : opaque(span, actionOf(statement), 'unknown-node', unread);
  } catch (error) {
    if (error instanceof UnknownNodeError) return opaque(span, 'unknown', 'unknown-node', error.message);
    throw error;
  }
}

/** A body that is not understood in every part is not understood. */
function procedureStatements(
  tree: Shape,
  known: Omit<Parameters<typeof plpgsqlBody>[1], 'sql'>,
  parse: Normaliser['body'],
): readonly Statement[] | undefined {
  const sql = (text: string): readonly Statement[] => {
    const statements = parse(text);
    if (statements === undefined) throw new UnknownNodeError('a statement of a body');
    return statements;
  };
  try {
    return plpgsqlBody(tree, { ...known, sql });
  } catch (error) {
    if (error instanceof UnknownNodeError) return undefined;
    throw error;
  }
}

function build(normaliser: Normaliser, shape: Shape): Statement {
  const known = STATEMENTS[shape.name];
  if (known === undefined) throw new UnknownNodeError(`statement ${shape.name}`);
  return known(normaliser, shape);
}

/** A query, or SELECT … INTO, which makes a table. */
function select(normaliser: Normaliser, shape: Shape): Statement {
  let into: Shape | undefined;
  const inside = query(normaliser, shape, (clause) => {
    into = clause;
  });
  if (into === undefined) return { kind: 'select', span: normaliser.span, query: inside };
  return intoTable(normaliser, into, { kind: 'query', query: inside }, 'table');
}

function opaque(span: Span, action: Action, kind: 'unknown-node' | 'unknown-routine', detail: string): Statement {
  return { kind: 'opaque', span, action, reason: { kind, detail } };
}

/** The verb of a statement that was understood but for a detail. */
function actionOf(statement: Statement): Action {
  switch (statement.kind) {
    case 'select':
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
    case 'truncate':
    case 'copy':
      return statement.kind;
    default:
      return 'unknown';
  }
}
