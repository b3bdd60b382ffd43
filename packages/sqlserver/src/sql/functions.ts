import { type RoutineEffect, SCALAR_EFFECTS, TABLE_FUNCTIONS } from './functions-effects.js';
import { AGGREGATES_PARTIAL, AGGREGATES_TOTAL, PARTIAL, TOTAL, TOTAL_AT, WINDOWS } from './functions-scalar.js';

/** Later entries win: what is known in particular stands behind what is known of a list. */
const SCALAR: ReadonlyMap<string, RoutineEffect> = new Map<string, RoutineEffect>([
  ...list(PARTIAL, (name) => ({ category: 'pure', ...totalAt(name) })),
  ...list(TOTAL, () => ({ category: 'pure', total: 'all' })),
  ...list(AGGREGATES_PARTIAL, () => ({ category: 'aggregate' })),
  ...list(AGGREGATES_TOTAL, () => ({ category: 'aggregate', total: 'all' })),
  ...list(WINDOWS, (name) => ({ category: 'window', ...(name !== 'ntile' && { total: [0] }) })),
  ...SCALAR_EFFECTS,
]);

function list(names: string, effect: (name: string) => RoutineEffect): (readonly [string, RoutineEffect])[] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => [name, effect(name)] as const);
}

function totalAt(name: string): { readonly total?: readonly number[] } {
  const total = Object.hasOwn(TOTAL_AT, name) ? TOTAL_AT[name] : undefined;
  return total === undefined ? {} : { total };
}

/** The function that a name alone means (lower case). `undefined`: none of the server's. */
export function builtInFunction(name: string): RoutineEffect | undefined {
  return SCALAR.get(name) ?? tableFunction(name);
}

/** The function of `sys` of that name. */
export function tableFunction(name: string): RoutineEffect | undefined {
  const effect = TABLE_FUNCTIONS.get(name);
  return effect && { ...effect, returnsSet: true };
}

/** The names of all functions that are known. */
export function builtInNames(): readonly string[] {
  return [...SCALAR.keys(), ...TABLE_FUNCTIONS.keys()];
}
