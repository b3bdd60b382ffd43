import type { Into } from '@sqlwarden/core';

/** The names that a body gives to its variables, innermost block first: `SET x = 1` sets one of them, or a variable of the system. */
export interface Locals {
  readonly names: Set<string>;
  readonly outer: Locals | undefined;
}

export function childOf(outer: Locals): Locals {
  return { names: new Set(), outer };
}

export function isLocal(locals: Locals | undefined, name: string): boolean {
  for (let scope = locals; scope !== undefined; scope = scope.outer) if (scope.names.has(name)) return true;
  return false;
}

/** A variable of a body, which is written like a column. */
export function localVariable(name: string): Into & { readonly kind: 'column' } {
  return { kind: 'column', qualifier: [], name };
}
