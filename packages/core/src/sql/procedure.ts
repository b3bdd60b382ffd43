import type { ColumnDefinition, Expression, Span, TypeName, Variable } from './model.js';
import type { Into, Statement } from './statement.js';

/** Statements of batches and of the bodies of routines: control flow and variables. The rules for adapters are in `model.ts`. */

/** One statement of the text that does several things in order: `SET a = 1, @b = 2`, `RENAME TABLE a TO b, c TO d`. Its facts are one. */
export interface Sequence {
  readonly kind: 'sequence';
  readonly span: Span;
  readonly statements: readonly Statement[];
}

/** `BEGIN … END`, `BEGIN TRY … END TRY BEGIN CATCH … END CATCH`. Its statements have facts of their own. */
export interface Block {
  readonly kind: 'block';
  readonly span: Span;
  readonly statements: readonly Statement[];
  /** Run when one of `statements` fails or has a condition: CATCH, handlers. After any of them. */
  readonly handlers: readonly Statement[];
}

/** IF and the CASE statement. `condition` is absent in the branch of ELSE; all before it are evaluated in order. */
export interface If {
  readonly kind: 'if';
  readonly span: Span;
  readonly branches: readonly { readonly condition?: Expression; readonly statements: readonly Statement[] }[];
}

/** WHILE, REPEAT, LOOP, FOR: `statements` run any number of times. */
export interface Loop {
  readonly kind: 'loop';
  readonly span: Span;
  readonly condition?: Expression;
  readonly statements: readonly Statement[];
}

/** A statement that only steers: RETURN, BREAK, CONTINUE, LEAVE, ITERATE, GOTO and its label, WAITFOR, a CATCH that does nothing. `value` is what RETURN returns. */
export interface Control {
  readonly kind: 'control';
  readonly span: Span;
  readonly what: 'return' | 'break' | 'continue' | 'goto' | 'label' | 'wait' | 'catch';
  readonly value?: Expression;
}

/** DECLARE of scalar variables. */
export interface DeclareVariables {
  readonly kind: 'declare-variables';
  readonly span: Span;
  readonly variables: readonly { readonly variable: Into; readonly type?: TypeName; readonly value?: Expression }[];
}

/** `DECLARE @t TABLE (…)`. The name of the relation is that of the variable with its `@`. */
export interface DeclareTable {
  readonly kind: 'declare-table';
  readonly span: Span;
  readonly name: string;
  /** `undefined` when a table type says what they are. */
  readonly columns: readonly ColumnDefinition[] | undefined;
  readonly type?: TypeName;
}

/** `SET @x = value`, `SET x = value` in a body. */
export interface Assign {
  readonly kind: 'assign';
  readonly span: Span;
  readonly target: Into;
  readonly value: Expression;
}

export interface OpenCursor {
  readonly kind: 'open';
  readonly span: Span;
  readonly cursor: string;
}

/** Tells the client or a handler something: PRINT, RAISERROR, THROW, SIGNAL. What is told derives from `values`. */
export interface Message {
  readonly kind: 'message';
  readonly span: Span;
  readonly what: string;
  /** What the text of the message is made of. */
  readonly values: readonly Expression[];
  /** What its number, state, severity, SQLSTATE and names are computed from, where they are not constants: these are not withheld. */
  readonly codes?: readonly Expression[];
}

/**
 * Text that is run as SQL: `EXEC ('…')`, `sp_executesql`, EXECUTE IMMEDIATE. `statements` when the text is a constant and was parsed. What they
 * see is a batch of its own, with `parameters` as its variables.
 */
export interface Dynamic {
  readonly kind: 'dynamic';
  readonly span: Span;
  readonly statements: readonly Statement[] | undefined;
  /** The text, and everything that it is made from. */
  readonly operands: readonly Expression[];
  readonly parameters: readonly { readonly variable: Variable; readonly value?: Expression; readonly output?: Variable }[];
  /** The server that it runs on, when it is another one. */
  readonly server?: string;
}
