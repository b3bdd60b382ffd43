import type { CompilePattern, HashPort } from '../ports.js';
import type { ColumnName } from '../sql/names.js';
import { compileMask } from './compile.js';
import { type CellMask, type CellType, type MaskPlan, type OutputMask, originKey, type ResultColumn } from './mask.js';

/** What binding needs from the adapter (`cellType`) and the platform. One object per session or process. */
export interface MaskTools {
  /** The type behind a result column; must not throw. */
  readonly cellType: (column: ResultColumn) => CellType;
  readonly hash: HashPort;
  /** The deployment's masking key: 32 bytes or more. */
  readonly maskKey: Uint8Array;
  readonly compilePattern: CompilePattern;
}

/** A column whose origin, as the server says, is protected in a way that the analysis did not expect. It is masked all the same. */
export interface MaskDisagreement {
  /** From 0. */
  readonly position: number;
  readonly label: string;
  readonly sources: readonly ColumnName[];
}

/** A plan that has met the columns of a result. */
export type BoundPlan =
  | {
      readonly kind: 'bound';
      /** One per column, in order; `null` passes as it is. Not to be called for cells that are NULL. */
      readonly cells: readonly (CellMask | null)[];
      /** True when any cell has a mask: rows need no work when it is false. */
      readonly masked: boolean;
      readonly disagreements: readonly MaskDisagreement[];
    }
  /** No row of the result may be delivered. `reason` is for people: no value, no name of the client's. */
  | { readonly kind: 'unbindable'; readonly reason: string };

/**
 * Binds a plan to the columns of a result header. Takes the server's origin of each column as a second opinion: a protected origin is
 * masked whatever the plan says, and where plan and origin protect different columns the cell becomes its type's default.
 * Never throws; linear in the number of columns.
 */
export function bindPlan(plan: MaskPlan, columns: readonly ResultColumn[], tools: MaskTools): BoundPlan {
  if (columns.length !== plan.outputs.length)
    return { kind: 'unbindable', reason: `the result has ${columns.length} columns where the analysis expected ${plan.outputs.length}` };
  const cells: (CellMask | null)[] = [];
  const disagreements: MaskDisagreement[] = [];
  let masked = false;
  for (const [position, column] of columns.entries()) {
    const planned = plan.outputs[position] ?? null;
    const { output, disagreement } = secondOpinion(planned, originMask(plan, column), position);
    if (disagreement !== undefined) disagreements.push(disagreement);
    if (output === null) {
      cells.push(null);
      continue;
    }
    const compiled = compileMask(output.function, output.label, tools.cellType(column), column, tools);
    if (compiled.kind === 'impossible') return { kind: 'unbindable', reason: `column ${position + 1} of the result: ${compiled.reason}` };
    cells.push(compiled.mask);
    masked = true;
  }
  return { kind: 'bound', cells, masked, disagreements };
}

function originMask(plan: MaskPlan, column: ResultColumn): OutputMask | undefined {
  if (plan.byOrigin.size === 0) return undefined;
  if (column.origin !== undefined) return plan.byOrigin.get(column.origin);
  if (column.relationId === 0) return undefined;
  return plan.byOrigin.get(originKey(column.relationId, column.columnNumber));
}

interface Opinion {
  readonly output: OutputMask | null;
  readonly disagreement?: MaskDisagreement;
}

function secondOpinion(planned: OutputMask | null, origin: OutputMask | undefined, position: number): Opinion {
  if (origin === undefined) return { output: planned };
  const disagreement = { position, label: origin.label, sources: origin.sources };
  if (planned === null) return { output: origin, disagreement };
  if (origin.function.kind === 'block') return { output: origin, disagreement };
  if (covers(planned, origin)) return { output: planned };
  // Neither mask was chosen for the other's column: only a constant hides both.
  const hidden: OutputMask =
    planned.function.kind === 'block'
      ? planned
      : { label: planned.label, function: { kind: 'default' }, sources: [...planned.sources, ...origin.sources] };
  return { output: hidden, disagreement };
}

/** The analysis expected every protected column that the origin stands for. */
function covers(planned: OutputMask, origin: OutputMask): boolean {
  return origin.sources.every((source) => planned.sources.includes(source));
}
