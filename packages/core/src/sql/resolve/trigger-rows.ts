import type { Query } from '../model.js';
import type { TriggerRows } from './context.js';
import { type CommonTableEntry, openScope, rangeOf, ROOT, type Scope } from './scope.js';

/** What the body of a trigger sees. */

const NO_QUERY: Query = { kind: 'query', body: { kind: 'values', rows: [] }, orderBy: [], locks: [] };

/** The rows before and after, by the names that the body knows them by: as rows, and as relations of such rows. */
export function rowScope(rows: TriggerRows, names: { readonly old: string; readonly new: string } = { old: 'old', new: 'new' }): Scope {
  const scope = openScope(ROOT);
  const sides = [
    { name: names.old, outputs: rows.old },
    { name: names.new, outputs: rows.new },
  ];
  scope.namespaces.push({ ranges: sides.map(({ name, outputs }) => rangeOf(name, outputs)), visible: [] });
  for (const { name, outputs } of sides) {
    const entry: CommonTableEntry = {
      table: { name, columns: [], body: NO_QUERY },
      scope,
      recursive: false,
      state: 'done',
      recursed: false,
      outputs,
      effects: undefined,
    };
    scope.commonTables.set(name, entry);
  }
  return scope;
}
