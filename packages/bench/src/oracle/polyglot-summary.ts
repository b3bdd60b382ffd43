import type { FoundStatement, SummaryKind } from './summary.js';
import { child, isTree, list, text, type Tree, walk } from '../tree.js';

/** Reads trees of polyglot, in which every node is an object with its kind as the only key. */

const KINDS: Readonly<Record<string, SummaryKind>> = {
  select: 'select',
  union: 'select',
  intersect: 'select',
  except: 'select',
  values: 'select',
  subquery: 'select',
  paren: 'select',
  insert: 'insert',
  update: 'update',
  delete: 'delete',
  merge: 'merge',
  truncate: 'truncate',
};

/** Nodes that only carry the text: polyglot says nothing of what it does. */
const UNREAD: ReadonlySet<string> = new Set(['command', 'raw', 'execute', 'kill', 'set', 'pragma']);

/** `undefined` where the tree is only the text of the statement. */
export function readPolyglot(statement: unknown): FoundStatement | undefined {
  const [kind, node] = isTree(statement) ? (Object.entries(statement)[0] ?? ['', undefined]) : ['', undefined];
  if (UNREAD.has(kind)) return undefined;
  const relations: { name: readonly string[]; alias?: string }[] = [];
  const commonTables: string[] = [];
  const targets: (readonly string[])[] = [];
  walk(statement, (tree, key) => {
    if (isTable(tree)) relations.push(relationOf(tree));
    if (key === 'insert' || key === 'update') targets.push(...named(tree['table']));
    if (key === 'delete') {
      targets.push(...deleteTargets(tree));
      relations.push(...aliasedTarget(tree));
    }
    if (key === 'merge') targets.push(...named(child(tree, 'this', 'table')), ...named(child(tree, 'this', 'alias', 'this', 'table')));
    if (key === 'truncate')
      targets.push(...named(tree['table']), ...list(tree['extra_tables']).flatMap((table) => named(child(table, 'table'))));
    for (const table of list(tree['ctes'])) commonTables.push(text(child(table, 'alias', 'name')) ?? '');
  });
  const summaryKind = isTree(child(node, 'into')) && kind === 'select' ? 'other' : (KINDS[kind] ?? 'other');
  const hasWhere = kind === 'update' || kind === 'delete' ? { hasWhere: isTree(child(node, 'where_clause')) } : {};
  return { kind: summaryKind, relations, targets, commonTables, ...hasWhere };
}

function isTable(tree: Tree): boolean {
  return 'catalog' in tree && 'schema' in tree && text(child(tree, 'name', 'name')) !== undefined;
}

function relationOf(table: Tree): { name: readonly string[]; alias?: string } {
  const name = ['catalog', 'schema', 'name'].map((part) => text(child(table, part, 'name')) ?? '');
  const alias = text(child(table, 'alias', 'name'));
  return alias === undefined ? { name } : { name, alias };
}

function named(table: unknown): (readonly string[])[] {
  return isTree(table) && isTable(table) ? [relationOf(table).name] : [];
}

/** The alias of a DELETE's relation stands beside it. */
function aliasedTarget(node: Tree): { name: readonly string[]; alias: string }[] {
  const alias = text(child(node, 'alias', 'name'));
  return alias === undefined ? [] : named(node['table']).map((name) => ({ name, alias }));
}

function deleteTargets(node: Tree): (readonly string[])[] {
  const tables = list(node['tables']);
  return tables.length > 0 ? tables.flatMap(named) : named(node['table']);
}
