import type { Action, OutputColumn, StatementFacts } from './facts.js';
import type { Span } from './model.js';
import type { Effects } from './resolve/effects.js';
import { originList, type Outputs, settle } from './resolve/value.js';
import type { Part } from './run.js';

/** Facts out of what was gathered. */

export function outputFacts(outputs: Outputs): readonly OutputColumn[] | 'unknown' {
  if (!outputs.complete) return 'unknown';
  return outputs.columns.map((column) => {
    const { origins, opaque, mixed } = settle(column.value);
    const known = { name: column.name, origins: originList(origins), opaque: opaque || column.reason !== undefined };
    return mixed === undefined || origins.size === 0 ? known : { ...known, mixed };
  });
}

/** Records that values reach outputs. */
function useOutputs(effects: Effects, outputs: Outputs | undefined): void {
  for (const column of outputs?.columns ?? []) effects.use(settle(column.value), 'output');
}

/** When several data-modifying statements run as one, the statement is called after the first of these. */
const VERBS: readonly Action[] = ['delete', 'truncate', 'merge', 'update', 'insert'];

/** Statements that are called after what they run inside. */
const CARRIERS: ReadonlySet<Action> = new Set<Action>(['select', 'insert', 'update', 'merge', 'delete', 'copy', 'explain', 'execute']);

interface Actions {
  readonly action: Action;
  readonly also: readonly Action[];
  /** Of `also`. */
  readonly fired: readonly Action[];
}

function actionsOf(own: Action, effects: Effects): Actions {
  const strongest = VERBS.find((verb) => effects.actions.has(verb));
  const action = strongest !== undefined && CARRIERS.has(own) ? strongest : own;
  const run = new Set([own, ...effects.actions, ...effects.innerActions]);
  const fired = [...effects.firedActions].filter((each) => !run.has(each)).sort();
  run.delete(action);
  return { action, also: [...run, ...fired].sort(), fired };
}

export function statementFacts(span: Span, part: Part, effects: Effects): StatementFacts {
  useOutputs(effects, part.outputs);
  useOutputs(effects, part.computes);
  effects.finish();
  const { settings } = effects;
  const { action, also, fired } = actionsOf(part.action, effects);
  return {
    action,
    ...(also.length === 0 ? {} : { alsoActions: also }),
    ...(fired.length === 0 ? {} : { firedActions: fired }),
    ...(effects.modifiesInside ? { modifiesInside: true } : {}),
    class: effects.class,
    span: { start: span.start, end: span.end },
    reads: [...effects.reads].sort(),
    writes: [...effects.writes].sort(),
    columns: effects.columnUses,
    outputs: part.fixedOutputs ?? (part.outputs === undefined ? undefined : outputFacts(part.outputs)),
    routines: [...effects.routines.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    filter: effects.filter,
    limit: part.limit ?? null,
    opaque: effects.opaqueReasons,
    ...(part.cursor === undefined ? {} : { cursor: part.cursor }),
    ...named('closes', part.closes, effects.changesCursors),
    ...(part.prepares === undefined ? {} : { prepares: part.prepares }),
    ...(part.messages === true && { messages: true }),
    ...named('deallocates', part.deallocates, effects.changesPrepared),
    flows: effects.flows,
    locks: effects.locks,
    schemaChanges: [...(part.changes ?? []), ...effects.schemaChanges],
    stateEffect: effects.changesState || effects.changesSearch ? 'unknown' : 'none',
    ...(settings === undefined ? {} : { settings }),
    elevated: effects.elevated,
  };
}

/** The name that a statement frees; all of them where a body may have freed or taken any. */
function named<K extends 'closes' | 'deallocates'>(
  key: K,
  own: { readonly name: string | undefined } | undefined,
  all: boolean,
): Partial<Pick<StatementFacts, K>> {
  const freed = all ? { name: undefined } : own;
  return freed === undefined ? {} : ({ [key]: freed } as Pick<StatementFacts, K>);
}
