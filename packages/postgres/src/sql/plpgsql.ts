import type { Argument, Block, Call, DeclareVariables, Expression, If, Into, Statement } from '@sqlwarden/core';
import { plpgsqlCursorStatement } from './plpgsql-cursors.js';
import {
  type Datum,
  dynamic,
  expression,
  expressionOf,
  expressionsIn,
  local,
  loop,
  type PlpgsqlReader,
  required,
  rowTargets,
  sqlText,
  statements,
  targetNumber,
  targetsOf,
  unknownInto,
} from './plpgsql-reader.js';
import { type Shape, UnknownNodeError } from './tree.js';

/**
 * The tree of a PL/pgSQL function → the statement model. Variables become names that are written like columns, as they are in the language; the
 * blocks that they are declared in are not told apart: two variables of one name are one, which holds what either does.
 */

/** A variable as it is declared; `parameter`: whoever calls the function gives it its value. */
interface Declared {
  readonly variable: Into;
  readonly value?: Expression;
  readonly parameter: boolean;
}

/** The statements of the body; throws {@link UnknownNodeError} for what is not known. */
export function plpgsqlBody(
  tree: Shape,
  known: Pick<PlpgsqlReader, 'span' | 'returnsSet' | 'namesErrorText' | 'sql'>,
): readonly Statement[] {
  const { span } = known;
  if (tree.name !== 'PLpgSQL_function') throw new UnknownNodeError(tree.name);
  const datums: Datum[] = [];
  const reader: PlpgsqlReader = { ...known, datums, loopVariables: [], statement: (shape) => statement(reader, shape) };
  const declared: Declared[] = [];
  for (const shape of tree.list('datums')) datums.push(readDatum(reader, shape, declared));
  tree.skip('new_varno', 'old_varno', 'out_param_varno');
  const body = statement(reader, required(tree, 'action'));
  const unread = tree.unread();
  if (unread !== undefined) throw new UnknownNodeError(unread);
  return [{ kind: 'declare-variables', span, variables: distinct(declared, reader.loopVariables) }, ...body];
}

/**
 * The variables to declare. One that hides another while its block lasts cannot be told from it; but the variable of a loop may: what the loop
 * gives it is added to what it had.
 */
function distinct(declared: readonly Declared[], loopVariables: readonly string[]): DeclareVariables['variables'] {
  const byName = new Map<string, Declared[]>();
  for (const each of declared) byName.set(each.variable.name, [...(byName.get(each.variable.name) ?? []), each]);
  return [...byName].flatMap(([name, all]) => {
    const loops = loopVariables.filter((variable) => variable === name).length;
    if (all.length > 1 + loops) throw new UnknownNodeError(`two variables ${name}`);
    if (all.some((each) => each.parameter)) return [];
    const value = all.find((each) => each.value !== undefined)?.value;
    return [{ variable: local(name), ...(value && { value }) }];
  });
}

/** The row variables of triggers are given by whoever runs the body. */
const GIVEN = new Set(['new', 'old']);
/** Variables that every function has. Whatever else has no line of its own is a parameter. */
const ALWAYS_THERE = /^(?:found|tg_[a-z_]+)$/;

function readDatum(reader: PlpgsqlReader, shape: Shape, declared: Declared[]): Datum {
  shape.skip('lineno', 'isconst', 'notnull', 'dno', 'cursor_options');
  shape.child('datatype')?.skipAll();
  switch (shape.name) {
    case 'PLpgSQL_var':
    case 'PLpgSQL_rec': {
      const target = local(shape.text('refname'));
      const value = shape.child('default_val');
      // Every handler has it; only what reads it is to hear of it.
      const isErrorText = target.name === 'sqlerrm' && reader.namesErrorText;
      const initial = isErrorText ? ERROR_TEXT : value && expression(reader, value);
      const parameter = shape.peek('lineno') === undefined && !ALWAYS_THERE.test(target.name);
      if (!GIVEN.has(target.name)) declared.push({ variable: target, parameter, ...(initial && { value: initial }) });
      return { target: [target], ...cursorOf(reader, shape) };
    }
    case 'PLpgSQL_row': {
      shape.skip('refname');
      return { target: rowTargets(reader, shape) };
    }
    case 'PLpgSQL_recfield': {
      const record = reader.datums[shape.number('recparentno')]?.target[0];
      if (record?.kind !== 'column') throw new UnknownNodeError('a field of no record');
      return { target: [{ kind: 'column', qualifier: [record.name], name: shape.text('fieldname') }] };
    }
    default:
      throw new UnknownNodeError(shape.name);
  }
}

/** What an error says may quote values of rows. */
const ERROR_TEXT: Expression = { kind: 'opaque', reason: { kind: 'foreign-data', detail: 'the text of an error' }, operands: [] };

function cursorOf(reader: PlpgsqlReader, shape: Shape): Pick<Datum, 'cursor'> {
  const query = shape.child('cursor_explicit_expr');
  if (query === undefined) return {};
  const row = shape.has('cursor_explicit_argrow') ? reader.datums[shape.number('cursor_explicit_argrow')] : undefined;
  return { cursor: { query: sqlText(query), parameters: row?.target ?? [] } };
}

type Build = (reader: PlpgsqlReader, shape: Shape) => readonly Statement[];

const STATEMENTS: Readonly<Record<string, Build>> = {
  PLpgSQL_stmt_block: block,
  PLpgSQL_stmt_assign: assign,
  PLpgSQL_stmt_if: ifStatement,
  PLpgSQL_stmt_case: caseStatement,
  PLpgSQL_stmt_loop: (reader, shape) => [loop(reader, shape, [])],
  PLpgSQL_stmt_while: (reader, shape) => [loop(reader, shape, [], condition(reader, shape, 'cond'))],
  PLpgSQL_stmt_fori: (reader, shape) => {
    const [target] = targetsOf(reader, shape, 'var');
    if (target !== undefined) reader.loopVariables.push(target.name);
    shape.skip('reverse');
    const bounds = ['lower', 'upper', 'step'].flatMap((field) => condition(reader, shape, field) ?? []);
    const value: Expression = { kind: 'construct', name: 'for', operands: bounds };
    return [loop(reader, shape, target === undefined ? [] : [{ kind: 'assign', span: reader.span, target, value }])];
  },
  PLpgSQL_stmt_foreach_a: (reader, shape) => {
    shape.skip('slice');
    const value = condition(reader, shape, 'expr') ?? { kind: 'literal', type: 'null', value: null };
    return [loop(reader, shape, [{ kind: 'assign', span: reader.span, target: targetNumber(reader, shape, 'varno'), value }])];
  },
  PLpgSQL_stmt_fors: (reader, shape) => {
    const variables = targetsOf(reader, shape, 'var');
    const rows = sqlStatements(reader, required(shape, 'query'), variables);
    return [loop(reader, shape, rows)];
  },
  PLpgSQL_stmt_exit: (reader, shape) => {
    const jump: Statement = { kind: 'control', span: reader.span, what: shape.flag('is_exit') ? 'break' : 'continue' };
    shape.skip('label');
    const when = condition(reader, shape, 'cond');
    return [when === undefined ? jump : choice(reader, [{ condition: when, statements: [jump] }])];
  },
  PLpgSQL_stmt_return: (reader, shape) => {
    if (!reader.returnsSet) return returnValue(reader, shape);
    shape.skip('retvarno');
    return [{ kind: 'control', span: reader.span, what: 'return' }];
  },
  PLpgSQL_stmt_return_next: returnValue,
  PLpgSQL_stmt_return_query: (reader, shape) => {
    const query = shape.child('query');
    if (query !== undefined) return reader.sql(sqlText(query));
    return [dynamic(reader, required(shape, 'dynquery'), expressionsIn(reader, shape, 'params'))];
  },
  PLpgSQL_stmt_raise: raise,
  PLpgSQL_stmt_assert: (reader, shape) => {
    const values = ['cond', 'message'].flatMap((field) => condition(reader, shape, field) ?? []);
    return [{ kind: 'message', span: reader.span, what: 'assert', values }];
  },
  PLpgSQL_stmt_execsql: (reader, shape) => {
    shape.skip('strict', 'mod_stmt', 'mod_stmt_set');
    const variables = shape.flag('into') ? targetsOf(reader, shape, 'target') : undefined;
    return sqlStatements(reader, required(shape, 'sqlstmt'), variables);
  },
  PLpgSQL_stmt_dynexecute: (reader, shape) => {
    shape.skip('strict');
    const run = dynamic(reader, required(shape, 'query'), expressionsIn(reader, shape, 'params'));
    return shape.flag('into') ? [run, ...unknownInto(reader, targetsOf(reader, shape, 'target'))] : [run];
  },
  PLpgSQL_stmt_dynfors: (reader, shape) => {
    const run = dynamic(reader, required(shape, 'query'), expressionsIn(reader, shape, 'params'));
    return [loop(reader, shape, [run, ...unknownInto(reader, targetsOf(reader, shape, 'var'))])];
  },
  PLpgSQL_stmt_getdiag: (reader, shape) => {
    const value: Expression = shape.flag('is_stacked') ? ERROR_TEXT : { kind: 'session-value', name: 'diagnostics' };
    return shape.list('diag_items').map((item): Statement => {
      item.skip('kind');
      return { kind: 'assign', span: reader.span, target: targetNumber(reader, item, 'target'), value };
    });
  },
  // What PERFORM returns is thrown away.
  PLpgSQL_stmt_perform: (reader, shape) => sqlStatements(reader, required(shape, 'expr'), []),
  PLpgSQL_stmt_call: (reader, shape) => {
    shape.skip('is_call', 'target');
    return reader.sql(sqlText(required(shape, 'expr'))).map(withOutputs);
  },
  PLpgSQL_stmt_commit: (reader, shape) => transaction(reader, shape, 'commit'),
  PLpgSQL_stmt_rollback: (reader, shape) => transaction(reader, shape, 'rollback'),
};

function statement(reader: PlpgsqlReader, shape: Shape): readonly Statement[] {
  shape.skip('lineno');
  const build = STATEMENTS[shape.name];
  if (build !== undefined) return build(reader, shape);
  const found = plpgsqlCursorStatement(reader, shape);
  if (found === undefined) throw new UnknownNodeError(shape.name);
  return found;
}

function condition(reader: PlpgsqlReader, shape: Shape, field: string): Expression | undefined {
  const child = shape.child(field);
  return child === undefined ? undefined : expression(reader, child);
}

function block(reader: PlpgsqlReader, shape: Shape): readonly Statement[] {
  shape.skip('label');
  const body = statements(reader, shape, 'body');
  const caught = shape.child('exceptions');
  if (caught === undefined) return body;
  const handlers = caught.list('exc_list').flatMap((exception) => {
    for (const named of exception.list('conditions')) named.skipAll();
    exception.skip('lineno');
    return statements(reader, exception, 'action');
  });
  return [{ kind: 'block', span: reader.span, statements: body, handlers } satisfies Block];
}

/** `name := value`; the parser gives the whole of it as text. */
function assign(reader: PlpgsqlReader, shape: Shape): readonly Statement[] {
  const target = targetNumber(reader, shape, 'varno');
  const text = sqlText(required(shape, 'expr'));
  const at = assignmentEnd(text);
  const value = expressionOf(reader, text.slice(at));
  const written = text.slice(0, at - 1).replace(/:$/, '');
  // An element of an array or a field within a field: what the rest holds stays, and what says which one runs.
  const part = /[[(]/.test(written) && target.kind === 'column';
  const kept: Expression = part ? { kind: 'construct', name: 'assign', operands: [target, expressionOf(reader, written), value] } : value;
  return [{ kind: 'assign', span: reader.span, target, value: kept }];
}

/** What may begin a comment, a text in dollars, or an escape: the sign might be looked for in what the server reads as none. */
const MISREADABLE = /--|\/\*|\$|\\/;

/** The offset behind the first `:=` or `=` that stands outside of quotes and brackets. */
function assignmentEnd(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const mark = text[at];
    if (mark === '"' || mark === "'") at = Math.max(at, text.indexOf(mark, at + 1));
    else if (mark === '[' || mark === '(') depth += 1;
    else if (mark === ']' || mark === ')') depth -= 1;
    else if (mark === '=' && depth === 0) {
      if (MISREADABLE.test(text.slice(0, at))) throw new UnknownNodeError('a comment or an escape before the sign of an assignment');
      return at + 1;
    }
  }
  throw new UnknownNodeError('an assignment without a sign');
}

function choice(reader: PlpgsqlReader, branches: If['branches']): If {
  return { kind: 'if', span: reader.span, branches };
}

function ifStatement(reader: PlpgsqlReader, shape: Shape): readonly Statement[] {
  const branches: If['branches'][number][] = [
    { condition: expression(reader, required(shape, 'cond')), statements: statements(reader, shape, 'then_body') },
  ];
  for (const other of shape.list('elsif_list')) {
    other.skip('lineno');
    branches.push({ condition: expression(reader, required(other, 'cond')), statements: statements(reader, other, 'stmts') });
  }
  branches.push({ statements: statements(reader, shape, 'else_body') });
  return [choice(reader, branches)];
}

function caseStatement(reader: PlpgsqlReader, shape: Shape): readonly Statement[] {
  shape.skip('have_else');
  const operand = condition(reader, shape, 't_expr');
  const before: Statement[] =
    operand === undefined ? [] : [{ kind: 'assign', span: reader.span, target: targetNumber(reader, shape, 't_varno'), value: operand }];
  const branches: If['branches'][number][] = shape.list('case_when_list').map((when) => {
    when.skip('lineno');
    return { condition: expression(reader, required(when, 'expr')), statements: statements(reader, when, 'stmts') };
  });
  branches.push({ statements: statements(reader, shape, 'else_stmts') });
  return [...before, choice(reader, branches)];
}

/** What is returned: an expression, or the variables of the parameters that go out. */
function returnValue(reader: PlpgsqlReader, shape: Shape): readonly Statement[] {
  const targets = shape.has('retvarno') ? (reader.datums[shape.number('retvarno')]?.target ?? []) : [];
  const fields = targets.filter((target) => target.kind === 'column');
  const [only] = fields;
  const variables: Expression | undefined = fields.length > 1 ? { kind: 'row', fields } : only;
  const value = condition(reader, shape, 'expr') ?? variables;
  return [{ kind: 'control', span: reader.span, what: 'return', ...(value && { value }) }];
}

/** MESSAGE, DETAIL and HINT (`PLpgSQL_raise_option_type` of plpgsql.h); the others give the error's code and names. */
const TEXT_OPTIONS: ReadonlySet<number> = new Set([1, 2, 3]);

function raise(reader: PlpgsqlReader, shape: Shape): readonly Statement[] {
  shape.skip('elog_level', 'condname', 'message');
  const values = expressionsIn(reader, shape, 'params');
  const codes: Expression[] = [];
  for (const option of shape.list('options')) {
    const list = TEXT_OPTIONS.has(option.number('opt_type')) ? values : codes;
    list.push(expression(reader, required(option, 'expr')));
  }
  return [{ kind: 'message', span: reader.span, what: 'raise', values, codes }];
}

/** SQL of the body, with its INTO taken out of the text by the parser. */
function sqlStatements(reader: PlpgsqlReader, text: Shape, variables: readonly Into[] | undefined): readonly Statement[] {
  const found = reader.sql(sqlText(text));
  return variables === undefined ? found : found.map((each) => withInto(each, variables));
}

/** Gives what a statement returns to variables. */
function withInto(each: Statement, variables: readonly Into[]): Statement {
  if (each.kind === 'select') return { ...each, into: { kind: 'variables', variables } };
  if ('returning' in each && each.returning !== undefined) return { ...each, returning: { ...each.returning, variables } };
  throw new UnknownNodeError(`INTO of ${each.kind}`);
}

/** Which parameters of a procedure go out is known when it is run: any variable that stands alone may be written. */
function withOutputs(each: Statement): Statement {
  if (each.kind !== 'call') return each;
  const call: Call = { ...each.call, arguments: each.call.arguments.map(outputArgument) };
  return { ...each, call };
}

function outputArgument(argument: Argument): Argument {
  return argument.expression.kind === 'column' ? { ...argument, output: true } : argument;
}

function transaction(reader: PlpgsqlReader, shape: Shape, operation: 'commit' | 'rollback'): readonly Statement[] {
  shape.skip('chain');
  return [{ kind: 'transaction', span: reader.span, operation }];
}
