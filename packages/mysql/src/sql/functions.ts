import { EFFECTS, type FunctionEffect, KEEPS_INSERT_ID } from './functions-effects.js';
import { AGGREGATES, PARTIAL, TOTAL, TOTAL_AT, WINDOWS } from './functions-pure.js';

/** Which of the two servers is meant: each has functions that the other has not, where a name may be a user's. */
export type Flavour = 'mysql' | 'mariadb';

type NameLists = Readonly<Record<'both' | Flavour, string>>;

const TABLES: Readonly<Record<Flavour, ReadonlyMap<string, FunctionEffect>>> = { mysql: tableOf('mysql'), mariadb: tableOf('mariadb') };

/** Later entries win: what is known in particular stands behind what is known of a list. */
function tableOf(flavour: Flavour): ReadonlyMap<string, FunctionEffect> {
  const namesOf = (lists: NameLists): string[] => `${lists.both} ${lists[flavour]}`.split(/\s+/).filter((name) => name !== '');
  const list = (lists: NameLists, effect: (name: string) => FunctionEffect): (readonly [string, FunctionEffect])[] =>
    namesOf(lists).map((name) => [name, effect(name)] as const);
  return new Map<string, FunctionEffect>([
    ...list(PARTIAL, (name) => ({ category: 'pure', ...totalAt(name) })),
    ...list(TOTAL, () => ({ category: 'pure', total: 'all' })),
    ...list(AGGREGATES, (name) => ({ category: 'aggregate', ...(name === 'json_objectagg' ? { total: [1] } : { total: 'all' }) })),
    ...list(WINDOWS, (name) => ({ category: 'window', ...(name !== 'ntile' && { total: [0] }) })),
    ...EFFECTS.both,
    ...EFFECTS[flavour],
    ['count', { category: 'aggregate', total: 'all', computes: 'count' }],
    ...['lower', 'upper', 'lcase', 'ucase'].map((name) => [name, { category: 'pure', total: 'all', computes: 'fold' }] as const),
  ]);
}

function totalAt(name: string): { readonly total?: readonly number[] } {
  const total = Object.hasOwn(TOTAL_AT, name) ? TOTAL_AT[name] : undefined;
  return total === undefined ? {} : { total };
}

/** The function that the server itself has under that name (lower case). `undefined`: none. */
export function builtInFunction(name: string, argumentCount: number, flavour: Flavour): FunctionEffect | undefined {
  if (name === 'last_insert_id') return argumentCount === 0 ? { category: 'pure', total: 'all' } : KEEPS_INSERT_ID;
  return TABLES[flavour].get(name);
}

/** The names of all functions of a server. */
export function builtInNames(flavour: Flavour): readonly string[] {
  return [...TABLES[flavour].keys(), 'last_insert_id'];
}
