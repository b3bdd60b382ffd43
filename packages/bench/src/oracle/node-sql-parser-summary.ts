import type { FoundStatement, SummaryKind } from './summary.js';
import { child, isTree, list, text, walk } from '../tree.js';

/** Reads what node-sql-parser returns: trees, and the list of tables that its `whiteListCheck` authorises by, which is of the whole text. */

const KINDS: Readonly<Record<string, SummaryKind>> = {
  select: 'select',
  values: 'select',
  insert: 'insert',
  replace: 'insert',
  update: 'update',
  delete: 'delete',
  truncate: 'truncate',
};

const WRITES: ReadonlySet<string> = new Set(['insert', 'replace', 'update', 'delete', 'truncate']);

export function readNodeSqlParser(result: { readonly ast: unknown; readonly tableList: readonly string[] }): readonly FoundStatement[] {
  const statements = Array.isArray(result.ast) ? (result.ast as readonly unknown[]) : [result.ast];
  const tables = result.tableList.map(tableOf);
  const commonTables: string[] = [];
  walk(result.ast, (tree) => {
    for (const table of list(tree['with'])) commonTables.push(text(child(table, 'name', 'value')) ?? '');
  });
  return statements.map((statement, at): FoundStatement => {
    const type = text(child(statement, 'type'));
    const intoTable = isTree(child(statement, 'into')) && typeof child(statement, 'into', 'expr') === 'string';
    const hasWhere = type === 'update' || type === 'delete' ? { hasWhere: isTree(child(statement, 'where')) } : {};
    const kind = type === 'select' && intoTable ? 'other' : (KINDS[type ?? ''] ?? 'other');
    // The list is of the whole text: it is compared as a whole, so that it may stand with the first statement.
    const own = at === 0 ? tables : [];
    return { kind, relations: own, targets: own.filter(({ role }) => WRITES.has(role)).map(({ name }) => name), commonTables, ...hasWhere };
  });
}

/** `role::schema::table`. */
function tableOf(entry: string): { readonly role: string; readonly name: readonly string[] } {
  const [role = '', schema = '', ...table] = entry.split('::');
  return { role, name: [schema === 'null' ? '' : schema, table.join('::')] };
}
