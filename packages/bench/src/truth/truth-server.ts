import type { HeaderRules } from './judgement.js';
import type { ColumnName, ParseContext, ResolvedCatalogue, SqlState } from '@sqlwarden/core';

/** One column of a result as the server describes it. */
export interface DescribedColumn {
  readonly name: string;
  /** The columns that the server says it comes from: the one it names and, through views, those behind it. Empty for a computed one. */
  readonly origins: readonly ColumnName[];
}

export type Description =
  | { readonly ok: true; readonly columns: readonly DescribedColumn[] }
  /** The server refuses the statement: a name that does not exist, a type that does not fit, syntax. */
  | { readonly ok: false; readonly code: string };

export type Rows = readonly (readonly (string | null)[])[];

/** A session on a real server: what it says of statements is the truth that ours is measured by. */
export interface TruthServer {
  readonly headerRules: HeaderRules;
  /** Prepares a statement without running it. */
  describe(sql: string): Promise<Description>;
  /** Runs a text and answers whether the server accepted it. Rows are dropped. */
  run(sql: string): Promise<boolean>;
  /** Runs one statement that returns rows; `undefined` when it fails. Values as text. */
  rows(sql: string): Promise<Rows | undefined>;
  /** Runs one statement with values bound; whether the server accepted it. */
  change(sql: string, values: readonly (string | null)[]): Promise<boolean>;
  /** The catalogue as this session sees it, read again after {@link schemaMayHaveChanged}. */
  catalogue(): Promise<ResolvedCatalogue>;
  schemaMayHaveChanged(): void;
  /** `undefined` where nothing can be asked: in a transaction that has failed. */
  state(): Promise<SqlState | undefined>;
  parseContext(state: SqlState): ParseContext;
  close(): Promise<void>;
}
