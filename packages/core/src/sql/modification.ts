import type { Alias, Expression, FromItem, NameParts, OrderItem, Query, SelectItem, Span, Variable, With } from './model.js';
import type { Into, Statement } from './statement.js';

/** The statements of the model that change rows; the rules for adapters are in `model.ts`. `limit` is LIMIT and TOP, for a percentage too. */

/** The relation that a statement writes. */
export interface Target {
  readonly name: NameParts;
  readonly only: boolean;
  readonly alias?: Alias;
}

/** A column that is assigned; `path` holds the expressions of `column[i].field`. */
export interface AssignmentTarget {
  readonly column: string;
  readonly path: readonly Expression[];
  /** The name or alias of the relation, where several are written: `UPDATE a JOIN b SET a.x = …`. */
  readonly qualifier?: readonly string[];
}

/** `column = value`, or `(a, b) = value` where `value` is a row, a query of as many columns, or DEFAULT. */
export interface Assignment {
  readonly targets: readonly AssignmentTarget[];
  readonly value: Expression;
  /** `@x = column = value`, and without targets `@x = value`: the variable is given the value, too. */
  readonly variable?: Variable;
}

/** RETURNING, OUTPUT. `old` and `new` are the names that stand for the row before and after, when they are not `old` and `new`. */
export interface Returning {
  readonly items: readonly SelectItem[];
  readonly old?: string;
  readonly new?: string;
  /** The row is assigned to these instead of returned; to a single one as a whole, when it has several columns. */
  readonly variables?: readonly Into[];
}

/** `OUTPUT … INTO relation (columns)`: what the statement returns is written instead. */
export interface OutputInto extends Returning {
  readonly into: NameParts;
  readonly columns?: readonly string[];
}

export interface OnConflict {
  /** Columns and expressions of the conflict target. */
  readonly target: readonly Expression[];
  readonly targetWhere?: Expression;
  /** The name of the row that was to be inserted; `excluded` when absent. */
  readonly proposed?: string;
  /** The names of its columns, when they are other ones, in the order of the columns that are inserted; they may stand bare, too. */
  readonly proposedColumns?: readonly string[];
  readonly action:
    | { readonly kind: 'nothing' }
    | { readonly kind: 'update'; readonly set: readonly Assignment[]; readonly where?: Expression };
}

export interface Insert {
  readonly kind: 'insert';
  readonly span: Span;
  readonly with?: With;
  readonly target: Target;
  /** The column list, when there is one; else every column of the target in order. */
  readonly columns?: readonly AssignmentTarget[];
  /** A VALUES list is a query whose body is `values`. `statement`: `INSERT … EXECUTE`, the rows of the first result of what it runs. */
  readonly source:
    | { readonly kind: 'query'; readonly query: Query }
    | { readonly kind: 'default-values' }
    | { readonly kind: 'statement'; readonly statement: Statement };
  /** Rows of the same keys are deleted first: REPLACE. */
  readonly replaces?: boolean;
  readonly onConflict?: OnConflict;
  readonly limit?: Expression;
  readonly returning?: Returning;
  readonly outputInto?: OutputInto;
}

export interface Update {
  readonly kind: 'update';
  readonly span: Span;
  readonly with?: With;
  readonly target: Target;
  readonly set: readonly Assignment[];
  readonly from: readonly FromItem[];
  readonly where?: Expression;
  readonly orderBy?: readonly OrderItem[];
  readonly limit?: Expression;
  readonly returning?: Returning;
  readonly outputInto?: OutputInto;
}

/**
 * An UPDATE whose targets are among its FROM items: MySQL's `UPDATE a JOIN b … SET a.x = …, b.y = …`, T-SQL's `UPDATE a SET … FROM t AS a JOIN …`.
 */
export interface JoinedUpdate {
  readonly kind: 'joined-update';
  readonly span: Span;
  readonly with?: With;
  /** The name or alias of the one item that is written; absent where the assignments say it. */
  readonly target?: NameParts;
  readonly from: readonly FromItem[];
  readonly set: readonly Assignment[];
  readonly where?: Expression;
  readonly orderBy?: readonly OrderItem[];
  readonly limit?: Expression;
  readonly returning?: Returning;
  readonly outputInto?: OutputInto;
}

export interface Delete {
  readonly kind: 'delete';
  readonly span: Span;
  readonly with?: With;
  readonly target: Target;
  readonly using: readonly FromItem[];
  readonly where?: Expression;
  readonly orderBy?: readonly OrderItem[];
  readonly limit?: Expression;
  readonly returning?: Returning;
  readonly outputInto?: OutputInto;
}

/** A DELETE whose targets are among its FROM items: `DELETE a, b FROM t AS a JOIN u AS b …`. */
export interface JoinedDelete {
  readonly kind: 'joined-delete';
  readonly span: Span;
  readonly with?: With;
  /** Names or aliases of the items whose rows are deleted. */
  readonly targets: readonly NameParts[];
  readonly from: readonly FromItem[];
  readonly where?: Expression;
  readonly orderBy?: readonly OrderItem[];
  readonly limit?: Expression;
  readonly returning?: Returning;
  readonly outputInto?: OutputInto;
}

export interface MergeWhen {
  readonly match: 'matched' | 'not-matched-by-source' | 'not-matched-by-target';
  readonly condition?: Expression;
  readonly action:
    | { readonly kind: 'nothing' }
    | { readonly kind: 'delete' }
    | { readonly kind: 'update'; readonly set: readonly Assignment[] }
    | {
        readonly kind: 'insert';
        readonly columns?: readonly AssignmentTarget[];
        /** `undefined` for DEFAULT VALUES. */
        readonly values?: readonly Expression[];
      };
}

export interface Merge {
  readonly kind: 'merge';
  readonly span: Span;
  readonly with?: With;
  readonly target: Target;
  readonly source: FromItem;
  readonly on: Expression;
  readonly whens: readonly MergeWhen[];
  readonly returning?: Returning;
  readonly limit?: Expression;
  readonly outputInto?: OutputInto;
}

export type DataModification = Insert | Update | JoinedUpdate | Delete | JoinedDelete | Merge;
