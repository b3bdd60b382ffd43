import { bindPlan, type CellMask, type MaskDisagreement, type MaskPlan, type MaskTools, type ResultColumn } from '@sqlwarden/core';

/** How the rows of one result pass: one entry per column, or `undefined` when no cell is masked. */
export interface BoundRows {
  readonly columns: number;
  readonly cells: readonly (CellMask | null)[] | undefined;
  /** Where the server's origin of a column was protected and the analysis did not expect it. */
  readonly disagreements: readonly MaskDisagreement[];
}

/** Of a result without a plan. */
export const PASSING: BoundRows = Object.freeze({ columns: 0, cells: undefined, disagreements: [] });

export type RowsBinding = { readonly kind: 'bound'; readonly rows: BoundRows } | { readonly kind: 'unbindable'; readonly reason: string };

/** Binds the plans of one result to its columns: the first plan's masks, and where it has none those of the next. */
export function bindRows(plans: readonly MaskPlan[], columns: readonly ResultColumn[], tools: MaskTools): RowsBinding {
  let cells: readonly (CellMask | null)[] | undefined;
  const disagreements: MaskDisagreement[] = [];
  for (const plan of plans) {
    const bound = bindPlan(plan, columns, tools);
    if (bound.kind === 'unbindable') return bound;
    disagreements.push(...bound.disagreements);
    if (bound.masked) cells = cells === undefined ? bound.cells : cells.map((cell, position) => cell ?? bound.cells[position] ?? null);
  }
  return { kind: 'bound', rows: { columns: columns.length, cells, disagreements } };
}
