import type { Statement } from '@sqlwarden/core';
import { list, text, walk } from '../tree.js';

/** Kinds of statements that make something that can stand in FROM. */
const MAKERS: ReadonlySet<unknown> = new Set([
  'create-table',
  'create-table-as',
  'create-view',
  'create-routine',
  'declare-table',
  'schema',
  'alter-relation',
  'declare-variables',
]);

/** Names, without schema and in lower case, of everything that the statements make anywhere inside. */
export function namesDefined(statements: readonly Statement[]): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (name: unknown): void => {
    const last = typeof name === 'string' ? name : text(list(name).at(-1));
    if (last !== undefined) names.add(last.toLowerCase());
  };
  walk(statements, (tree) => {
    if (!MAKERS.has(tree['kind'])) return;
    add(tree['name']);
    for (const name of list(tree['names'])) add(name);
    for (const action of list(tree['actions'])) walk(action, (part) => add(part['to']));
  });
  return names;
}
