import type { NameParts } from '@sqlwarden/core';

/** The full names that an unqualified one stands for; `undefined` for what is to be left as it is. */
export interface FullNames {
  relation(name: string): NameParts | undefined;
  routine(name: string): NameParts | undefined;
  type(name: string): NameParts | undefined;
}

/**
 * A stored definition as the server would give it back: relations, routines and types outside of pg_catalog with their schema
 * (`pg_get_viewdef`). Names of common tables stay. Takes and gives plain data of the statement model.
 */
export function qualified<T>(definition: T, names: FullNames): T {
  return walk(definition, names, new Set()) as T;
}

type Node = Readonly<Record<string, unknown>>;

function walk(value: unknown, names: FullNames, hidden: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => walk(item, names, hidden));
  if (typeof value !== 'object' || value === null) return value;
  const node = value as Node;
  const inside = withCommonTables(node, hidden);
  const copy: Record<string, unknown> = Object.fromEntries(Object.entries(node).map(([key, part]) => [key, walk(part, names, inside)]));
  const full = fullName(node, names, inside);
  if (full !== undefined) copy['name'] = full;
  return copy;
}

function withCommonTables(node: Node, hidden: ReadonlySet<string>): ReadonlySet<string> {
  const list = node['with'] as { readonly tables: readonly { readonly name: string }[] } | undefined;
  return list === undefined ? hidden : new Set([...hidden, ...list.tables.map(({ name }) => name)]);
}

function fullName(node: Node, names: FullNames, hidden: ReadonlySet<string>): NameParts | undefined {
  const { name } = node;
  if (!Array.isArray(name) || name.length !== 1) return undefined;
  const own = String(name[0]);
  if (node['kind'] === 'relation') return hidden.has(own) ? undefined : names.relation(own);
  if (node['kind'] === 'call') return names.routine(own);
  return typeof node['array'] === 'boolean' ? names.type(own) : undefined;
}
