import type { NameParts, Statement } from '@sqlwarden/core';
import { type FoundStatement, type StatementSummary, summarise, type SummaryKind } from './summary.js';
import { child, list, text, type Tree, walk } from '../tree.js';

const KINDS: Readonly<Partial<Record<Statement['kind'], SummaryKind>>> = {
  select: 'select',
  insert: 'insert',
  update: 'update',
  'joined-update': 'update',
  delete: 'delete',
  'joined-delete': 'delete',
  merge: 'merge',
  truncate: 'truncate',
};

/** Our own statement model in the words of {@link StatementSummary}. */
export function summariseModel(statement: Statement): StatementSummary {
  const relations: { name: readonly string[]; alias?: string }[] = [];
  const commonTables: string[] = [];
  const targets: NameParts[] = [];
  walk(statement, (tree, key) => {
    if (tree['kind'] === 'relation') relations.push(relationOf(tree));
    if (key === 'tables' && 'body' in tree) commonTables.push(text(tree['name']) ?? '');
    // Data modifications inside of a WITH write, too.
    if (key === 'target' && 'only' in tree && Array.isArray(tree['name'])) targets.push(tree['name'] as NameParts);
  });
  const own = ownTargets(statement);
  const found: FoundStatement = {
    kind: KINDS[statement.kind] ?? 'other',
    relations,
    targets: own === undefined ? undefined : [...targets, ...own],
    commonTables,
    ...filterOf(statement),
  };
  return summarise(found);
}

function relationOf(tree: Tree): { name: readonly string[]; alias?: string } {
  const name = list(tree['name']).map((part) => text(part) ?? '');
  const alias = text(child(tree, 'alias', 'name'));
  return alias === undefined ? { name } : { name, alias };
}

/** What joined modifications say of their targets by name; `undefined` where only the catalogue knows. */
function ownTargets(statement: Statement): readonly NameParts[] | undefined {
  if (statement.kind === 'joined-delete') return statement.targets;
  if (statement.kind === 'truncate') return statement.relations.map(({ name }) => name);
  if (statement.kind !== 'joined-update') return [];
  if (statement.target !== undefined) return [statement.target];
  const qualifiers = statement.set.flatMap(({ targets }) => targets.map(({ qualifier }) => qualifier ?? []));
  return qualifiers.some((qualifier) => qualifier.length === 0) ? undefined : qualifiers;
}

function filterOf(statement: Statement): { readonly hasWhere?: boolean } {
  switch (statement.kind) {
    case 'update':
    case 'joined-update':
    case 'delete':
    case 'joined-delete':
      return { hasWhere: statement.where !== undefined };
    default:
      return {};
  }
}
