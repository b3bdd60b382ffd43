import type { JsonPath, MaskFunction, OutputMask } from '../masking/mask.js';
import type { ColumnUseKind, Flow, OutputColumn, StatementFacts } from '../sql/facts.js';
import type { ColumnName } from '../sql/names.js';
import { TEMPORARY_SCHEMAS } from '../sql/resolve/relations.js';
import { unreachable } from '../unreachable.js';
import { splitColumn } from './column-names.js';
import type { CompiledPolicy } from './compiled.js';
import { type ColumnGuard, type Guards, type LabelledMask, strictest } from './guard.js';
import { missingNameRefusal } from './missing-name.js';
import { describeOpacity } from './opacity.js';
import type { ColumnLabel } from './label-table.js';
import { labelsByPattern, labelsOf, type ProtectionMap } from './protection.js';
import { type RenamedColumn, renamedColumns } from './renames.js';
import { type JudgedStatement, outputColumns } from './touched.js';
import type { Refusal, RefusalCode, StatementMasks } from './verdict.js';

/** What protecting columns means for one statement: it is refused, or its result is masked. */
export type Protected = { readonly refusal: Refusal } | { readonly refusal?: never; readonly masks: StatementMasks };

export interface ProtectContext {
  readonly policy: CompiledPolicy;
  readonly protection: ProtectionMap;
  readonly guards: Guards;
}

/** Whatever rules say, a statement must not hand protected values out unmasked, tell them by conditions, or move them to where nothing masks them. */
export function protect(statement: JudgedStatement, context: ProtectContext): Protected {
  const { facts } = statement;
  if (!context.guards.inReach && !statement.columns.some((column) => context.guards.of(column) !== undefined)) {
    return { masks: { kind: 'none' } };
  }
  const refusal =
    opaqueRefusal(statement) ??
    useRefusal(facts, context) ??
    flowRefusal(facts, context) ??
    renameRefusal(facts, context) ??
    blockRefusal(facts, context);
  if (refusal !== undefined) return { refusal };
  return { masks: masksOf(facts, context) };
}

function refuse(code: RefusalCode, message: string): Refusal {
  return { code, message };
}

function opaqueRefusal({ facts, opacity }: JudgedStatement): Refusal | undefined {
  if (!opacity.readsData) return undefined;
  const missing = missingNameRefusal(facts);
  if (missing !== undefined) return missing;
  const why = `the statement cannot be seen through (${describeOpacity(facts)}) and protected columns are in reach`;
  return refuse('opaque-statement', `${why}; write it with tables and columns by name`);
}

type UseCheck = 'free' | 'equality' | 'predicate' | 'failure' | 'argument' | 'flow' | 'write';
/** What a use of a protected column needs. Outputs are masked; they need nothing here. */
const USE_CHECKS = {
  output: 'free',
  count: 'free',
  'predicate-equality': 'equality',
  join: 'equality',
  'predicate-other': 'predicate',
  group: 'predicate',
  order: 'predicate',
  argument: 'argument',
  failure: 'failure',
  'write-source': 'flow',
  'write-target': 'write',
} as const satisfies Record<ColumnUseKind, UseCheck>;

function useRefusal(facts: StatementFacts, { guards }: ProtectContext): Refusal | undefined {
  const inFlows = new Set(facts.flows.flatMap((flow) => flow.from));
  for (const { column, use } of facts.columns) {
    const guard = guards.of(column);
    if (guard === undefined) continue;
    if (use === 'write-source' && makesIndex(facts)) continue;
    const refusal = checkUse(USE_CHECKS[use], guard, inFlows);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** What an index holds is only reached by conditions on its columns, and those are checked. */
function makesIndex({ action, schemaChanges }: StatementFacts): boolean {
  // An index without a name shows only as a change of its relation.
  return (
    action === 'create' && schemaChanges.every(({ operation, kind }) => (operation === 'create' ? kind === 'index' : operation === 'alter'))
  );
}

function checkUse(check: UseCheck, guard: ColumnGuard, inFlows: ReadonlySet<ColumnName>): Refusal | undefined {
  const column = describe(guard);
  switch (check) {
    case 'free':
      return undefined;
    case 'equality':
      if (guard.predicates !== 'deny') return undefined;
      return refuse('protected-predicate', `${column} may not be compared or joined; select rows by another column`);
    case 'predicate':
      if (guard.predicates === 'allow') return undefined;
      return refuse('protected-predicate', `${column} may not be used in this condition, grouping or ordering; ${insteadOf(guard)}`);
    case 'failure':
      if (guard.predicates === 'allow') return undefined;
      return refuse(
        'protected-predicate',
        `${column} may not be computed with in a way that fails for some values, because the failure would tell; read the column itself`,
      );
    case 'argument':
      return refuse('protected-flow', `${column} may not be handed to a routine that is more than a computation; leave it out of the call`);
    case 'flow':
      // INVARIANT: values that are written somewhere are checked by their flow; without one nobody knows where they go.
      if (inFlows.has(guard.column)) return undefined;
      return refuse('protected-flow', `${column} would be written to a place that is not known; leave it out of the statement`);
    case 'write':
      if (guard.write === 'allow') return undefined;
      return refuse(
        'protected-write',
        `${column} is read masked and may not be written; leave it out, or have the policy say write: allow`,
      );
    default:
      return unreachable(check);
  }
}

function insteadOf(guard: ColumnGuard): string {
  return guard.predicates === 'equality' ? 'compare it for equality with a value, or use another column' : 'use another column';
}

function flowRefusal(facts: StatementFacts, context: ProtectContext): Refusal | undefined {
  for (const flow of facts.flows) {
    // What messages say is withheld on their way out.
    if (flow.to.kind === 'message') continue;
    for (const column of flow.from) {
      const guard = context.guards.of(column);
      if (guard === undefined) continue;
      if (carriesLabels(flow, guard, context)) {
        if (!isShownComputed(flow, guard, context)) continue;
        return refuse('protected-flow', `what is computed from ${describe(guard)} would be shown as if it were the value; leave it out`);
      }
      const target = flow.to.kind === 'column' ? `column ${flow.to.column}` : `a ${flow.to.kind}`;
      return refuse('protected-flow', `${describe(guard)} would move to ${target} that is not protected alike; leave the column out`);
    }
  }
  return undefined;
}

/**
 * The target has every label that protects the source, so that it is masked for everybody for whom the source is. A materialised view that
 * is refreshed has them by derivation.
 */
function carriesLabels(flow: Flow, guard: ColumnGuard, { policy, protection }: ProtectContext): boolean {
  if (flow.to.kind !== 'column' || isTemporary(flow.to.column)) return false;
  const carried = labelsOf(policy, protection, flow.to.column);
  const needed = labelsOf(policy, protection, guard.column).filter(({ label }) => guard.labels.includes(label));
  return needed.every((label) => carried.some((candidate) => coversLabel(candidate, label)));
}

/** A label on all of a column, or on the same part of its documents. */
function coversLabel(carried: ColumnLabel, needed: ColumnLabel): boolean {
  return carried.label === needed.label && (carried.path === undefined || samePath(carried.path, needed.path));
}

function samePath(a: JsonPath, b: JsonPath | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((token, at) => token === b[at]);
}

/** What stands behind a temporary name is known only as long as nothing else has it: nothing protected may be kept there. */
function isTemporary(column: ColumnName): boolean {
  return TEMPORARY_SCHEMAS.has(splitColumn(column).parts[0] ?? '');
}

/**
 * A mask shows a part of a value, or where it is the same again: of what was computed from the value it would show what the computation
 * put there. A column that is known to hold computed values is redacted instead.
 */
function isShownComputed(flow: Flow, guard: ColumnGuard, { policy, protection }: ProtectContext): boolean {
  if (flow.to.kind !== 'column' || guard.derived === undefined || flow.computed?.includes(guard.column) !== true) return false;
  const carried = labelsOf(policy, protection, flow.to.column);
  return !carried.some(({ label, how }) => how === 'derived' && guard.labels.includes(label));
}

/** Classification goes by name: whoever reads a column masked may not give it a name that policy does not know. */
function renameRefusal(facts: StatementFacts, context: ProtectContext): Refusal | undefined {
  for (const renamed of renamedColumns(facts, context.protection)) {
    const guard = context.guards.of(renamed.from);
    if (guard === undefined) {
      const into = renamed.what === 'column' && renamed.to !== undefined ? context.guards.of(renamed.to) : undefined;
      // Whoever chose the values would be told what they are masked as.
      if (into !== undefined && into.write === 'deny')
        return refuse('protected-write', `${describe(into)} is read masked and may not be filled by a rename`);
      continue;
    }
    if (keepsLabels(renamed, guard, context)) continue;
    const how =
      renamed.what === 'hierarchy'
        ? 'without its parent; classify it by its own name first'
        : 'under its new name; classify the new name first';
    return refuse('protected-flow', `${describe(guard)} would lose its protection ${how}`);
  }
  return undefined;
}

function keepsLabels({ from, to, what }: RenamedColumn, guard: ColumnGuard, { policy, protection }: ProtectContext): boolean {
  const byName = (column: ColumnName): readonly ColumnLabel[] => labelsByPattern(policy, protection.upstream, column);
  const { relation } = splitColumn(from);
  const isView = protection.relations.get(relation)?.definition !== undefined;
  // A view's columns, and relations of a hierarchy, also have labels that no name gives them and no new name takes away.
  const throughHierarchy = what === 'hierarchy' || (what === 'column' && !isView);
  const all = labelsOf(policy, protection, from).filter(({ label }) => guard.labels.includes(label));
  const needed = throughHierarchy ? all : byName(from);
  const kept = to === undefined ? [] : byName(to);
  return needed.every((label) => kept.some((candidate) => coversLabel(candidate, label)));
}

function blockRefusal(facts: StatementFacts, { guards }: ProtectContext): Refusal | undefined {
  for (const output of outputColumns(facts)) {
    const mask = outputMask(output, guards);
    if (mask?.function.kind !== 'block') continue;
    const columns = mask.sources.join(', ');
    return refuse('mask-blocked', `column ${columns} (${mask.label}) may not be read; leave it out of the statement`);
  }
  return undefined;
}

/** A statement that returns no rows has a plan of no columns: rows that come all the same do not fit it. */
function masksOf(facts: StatementFacts, { guards }: ProtectContext): StatementMasks {
  if (facts.outputs === 'unknown') return { kind: 'none' };
  return { kind: 'outputs', outputs: outputColumns(facts).map((output) => outputMask(output, guards)) };
}

/** The strictest mask over all that the output derives from; `null` when it may pass as it is. */
function outputMask(output: OutputColumn, guards: Guards): OutputMask | null {
  const masks: LabelledMask[] = [];
  const sources = new Set<ColumnName>();
  for (const { column, how } of output.origins) {
    const guard = how === 'counted' ? undefined : guards.of(column);
    const mask = how === 'same' && !isChosen(output, guard, guards) ? guard?.same : guard?.derived;
    if (mask === undefined) continue;
    masks.push(mask);
    sources.add(column);
  }
  const mask = strictest(masks);
  return mask === undefined ? null : { ...mask, sources: [...sources].sort() };
}

/** Masks that give equal values equal results, and nobody without the key can compute: whoever may choose what they are given can try out values. */
const RECOGNISES: ReadonlySet<MaskFunction['kind']> = new Set<MaskFunction['kind']>(['hash', 'token', 'noise']);

function recognises(fn: MaskFunction): boolean {
  return RECOGNISES.has(fn.kind) || (fn.kind === 'json' && fn.members.some((member) => recognises(member.function)));
}

/** Values that may not be protected stand under those that are, and would be masked the same way. */
function isChosen({ mixed, origins }: OutputColumn, guard: ColumnGuard | undefined, guards: Guards): boolean {
  if (mixed === undefined || guard === undefined || !recognises(guard.same.function)) return false;
  if (mixed === 'values') return true;
  return origins.some(({ column }) => guards.of(column)?.labels.includes(guard.same.label) !== true);
}

function describe(guard: ColumnGuard): string {
  return `column ${guard.column} (${guard.labels.join(', ')})`;
}
