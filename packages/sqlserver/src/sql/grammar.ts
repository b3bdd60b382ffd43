import type { DataModification, Expression, FromItem, Query, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';

/**
 * The productions that others need from further up: a query inside an expression, a statement inside a statement. They are reached through
 * the cursor, so that no module imports one that imports it.
 */
export interface Grammar {
  readonly expression: (cursor: TokenCursor) => Expression;
  /** An expression without comparisons, AND, OR and NOT outside of parentheses. */
  readonly value: (cursor: TokenCursor) => Expression;
  /** `(…)` as a value. */
  readonly parenthesis: (cursor: TokenCursor) => Expression;
  /** One item of FROM, with its joins. */
  readonly fromItem: (cursor: TokenCursor) => FromItem;
  readonly query: (cursor: TokenCursor) => Query;
  /** The rest of a query whose first operand, in parentheses of its own, is `first`. */
  readonly continuedQuery: (cursor: TokenCursor, first: Query) => Query;
  /** INSERT, UPDATE, DELETE, MERGE without a WITH in front; `undefined` when there is none at the cursor. */
  readonly modification: (cursor: TokenCursor) => DataModification | undefined;
  /** EXEC | EXECUTE, at the cursor. */
  readonly execute: (cursor: TokenCursor) => Statement;
  /** One statement, without the semicolon behind it. */
  readonly statement: (cursor: TokenCursor) => Statement;
  /** Everything up to the end of the cursor's text. */
  readonly batch: (cursor: TokenCursor) => Statement[];
}
