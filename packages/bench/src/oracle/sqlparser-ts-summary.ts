import type { FoundStatement, SummaryKind } from './summary.js';
import { child, isTree, list, text, type Tree, walk } from '../tree.js';

/** Reads trees of sqlparser-rs, in which every node is an object with its variant as the only key. */

const KINDS: Readonly<Record<string, SummaryKind>> = {
  Query: 'select',
  Insert: 'insert',
  Update: 'update',
  Delete: 'delete',
  Merge: 'merge',
  Truncate: 'truncate',
};

export function readSqlparser(statement: unknown): FoundStatement {
  const [variant, node] = effective(statement);
  const relations: { name: readonly string[]; alias?: string }[] = [];
  const commonTables: string[] = [];
  const targets: (readonly string[])[] = [];
  let intoTable = false;
  walk(statement, (tree) => {
    for (const [key, inner] of Object.entries(tree)) {
      if (!isTree(inner)) continue;
      if (key === 'Table') relations.push(...relationOf(inner));
      if (key === 'Insert') targets.push(...insertTargets(inner));
      if (key === 'Update') targets.push(...named(child(inner, 'table', 'relation', 'Table')));
      if (key === 'Delete') targets.push(...deleteTargets(inner));
      if (key === 'Merge') targets.push(...named(child(inner, 'table', 'Table')));
      if (key === 'into' && 'name' in inner) intoTable = true;
    }
    for (const table of list(tree['cte_tables'])) commonTables.push(text(child(table, 'alias', 'name', 'value')) ?? '');
    for (const table of list(tree['table_names'])) targets.push(nameOf(child(table, 'name')));
  });
  const kind = intoTable && variant === 'Query' ? 'other' : (KINDS[variant] ?? 'other');
  const hasWhere = variant === 'Update' || variant === 'Delete' ? { hasWhere: isPresent(child(node, 'selection')) } : {};
  return { kind, relations, targets, commonTables, ...hasWhere };
}

/** A WITH before a data modification makes the query its outer node. */
function effective(statement: unknown): readonly [string, unknown] {
  const [variant, node] = variantOf(statement);
  if (variant !== 'Query') return [variant, node];
  const [body, inner] = variantOf(child(node, 'body'));
  return body === 'Insert' || body === 'Update' || body === 'Delete' || body === 'Merge' ? variantOf(inner) : [variant, node];
}

function variantOf(value: unknown): readonly [string, unknown] {
  if (typeof value === 'string') return [value, undefined];
  if (!isTree(value)) return ['', undefined];
  const [first] = Object.entries(value);
  return first ?? ['', undefined];
}

function relationOf(table: Tree): { name: readonly string[]; alias?: string }[] {
  const whole = text(table['table_name']);
  if (whole !== undefined) return [{ name: [text(table['schema_name']) ?? '', whole] }];
  // With arguments it is a call of a routine.
  if (!Array.isArray(table['name']) || isPresent(table['args'])) return [];
  const alias = text(child(table, 'alias', 'name', 'value'));
  return [{ name: nameOf(table['name']), ...(alias === undefined ? {} : { alias }) }];
}

function named(table: unknown): (readonly string[])[] {
  return isTree(table) && Array.isArray(table['name']) ? [nameOf(table['name'])] : [];
}

function insertTargets(insert: Tree): (readonly string[])[] {
  const name = child(insert, 'table', 'TableName');
  return Array.isArray(name) ? [nameOf(name)] : [];
}

function deleteTargets(node: Tree): (readonly string[])[] {
  const tables = list(node['tables']);
  if (tables.length > 0) return tables.map(nameOf);
  const from = list(child(node, 'from', 'WithFromKeyword')).concat(list(child(node, 'from', 'WithoutKeyword')));
  return from.flatMap((item) => named(child(item, 'relation', 'Table')));
}

function nameOf(parts: unknown): readonly string[] {
  return list(parts).map((part) => text(child(part, 'Identifier', 'value')) ?? '');
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}
