import { type MaskPlan, type MaskTools, originByName, type ResultColumn, UnmaskableResult } from '@sqlwarden/core';
import { typeOf } from '../masking/column-type.js';
import { DATA_TYPE } from '../protocol/data-types.js';
import type { ColInfo, Column } from '../protocol/server-token.js';
import { type BoundRows, bindRows, PASSING } from './result-rows.js';

/** A COLMETADATA, and how the rows under it pass. */
export interface BoundResult {
  /** All that rows hold, the ROWSTAT of cursors too. */
  readonly columns: readonly Column[];
  readonly rows: BoundRows;
  /** 1 for each masked column; `undefined` when there is none. */
  readonly watched: Uint8Array | undefined;
}

/**
 * Binds the masks of results to their columns. What was bound last under a plan is used again while COLMETADATA says the same. One instance per session.
 */
export class ResultBinding {
  readonly #tools: MaskTools;
  // Plans are shared by equal decisions, so that they come again.
  readonly #last = new WeakMap<MaskPlan, { readonly metadata: Uint8Array; readonly result: BoundResult }>();

  constructor(tools: MaskTools) {
    this.#tools = tools;
  }

  /**
   * `metadata`: the COLMETADATA as bytes, a view. `hasRowStat`: the last of `columns` is the ROWSTAT of cursors, which no statement has among its outputs. Throws
   * {@link UnmaskableResult}.
   */
  bind(plans: readonly MaskPlan[], columns: readonly Column[], metadata: Uint8Array, hasRowStat: boolean): BoundResult {
    const [plan] = plans;
    if (plan === undefined) return { columns, rows: PASSING, watched: undefined };
    const last = plans.length === 1 ? this.#last.get(plan) : undefined;
    if (last !== undefined && isSame(last.metadata, metadata)) return last.result;
    const result = this.withOrigins(plans, columns, columns.map(resultColumn), hasRowStat);
    if (plans.length === 1) this.#last.set(plan, { metadata: metadata.slice(), result });
    return result;
  }

  /** The same for columns of which more is known. */
  withOrigins(
    plans: readonly MaskPlan[],
    columns: readonly Column[],
    described: readonly ResultColumn[],
    hasRowStat: boolean,
  ): BoundResult {
    const bound = bindRows(plans, hasRowStat ? described.slice(0, -1) : described, this.#tools);
    if (bound.kind === 'unbindable') throw new UnmaskableResult(bound.reason);
    return { columns, rows: bound.rows, watched: watchedOf(bound.rows, columns.length) };
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

function watchedOf({ cells }: BoundRows, columns: number): Uint8Array | undefined {
  if (cells === undefined) return undefined;
  const watched = new Uint8Array(columns);
  for (const [at, cell] of cells.entries()) if (cell !== null) watched[at] = 1;
  return watched;
}

/** A column as masks see it. TEXT, NTEXT and IMAGE say the table that they come from ([MS-TDS] section 2.2.7.4). */
export function resultColumn(column: Pick<Column, 'type' | 'tableName'> & { readonly name?: string }): ResultColumn {
  const { name = '', tableName, type } = column;
  return {
    name,
    relationId: 0,
    columnNumber: 0,
    ...typeOf(type),
    format: 'binary',
    ...(tableName === undefined ? {} : originOf(tableName, name)),
  };
}

/** The columns with the origins that COLINFO and TABNAME tell ([MS-TDS] sections 2.2.7.3 and 2.2.7.21). */
export function withColInfo(columns: readonly Column[], tables: readonly (readonly string[])[], info: ColInfo): readonly ResultColumn[] {
  const byNumber = new Map(info.columns.map((each) => [each.column, each]));
  return columns.map((column, at) => {
    const told = byNumber.get(at + 1);
    const table = told === undefined || told.table === 0 ? undefined : tables[told.table - 1];
    if (table === undefined) return resultColumn(column);
    return { ...resultColumn(column), ...originOf(table, told?.name ?? column.name) };
  });
}

function originOf(table: readonly string[], column: string): Pick<ResultColumn, 'origin'> {
  const relation = table.at(-1);
  if (relation === undefined || relation === '') return {};
  const schema = table.at(-2) ?? '';
  return { origin: originByName(schema === '' ? 'dbo' : schema, relation, column) };
}

/** The last column is the state of each row that server cursors add ("sp_cursorfetch"). */
export function endsWithRowStat(columns: readonly Column[]): boolean {
  const last = columns.at(-1);
  return last !== undefined && last.type.type === DATA_TYPE.INT4 && last.name.toUpperCase() === 'ROWSTAT';
}
