import { splitName } from '@sqlwarden/core';
import type { Catalogue, DialectName, StatementFacts } from '@sqlwarden/core';
import { isTree, list, text, type Tree, walk } from '../tree.js';
import { quoteIdentifier } from '../schemas/table-shape.js';
import type { TruthServer } from './truth-server.js';

/**
 * Generated rows match no condition that somebody wrote for real ones. This writes the constants that a query compares its columns with into
 * the tables that it reads, inside the open transaction, so that its result is not empty.
 */
export async function seedLiterals(
  statement: unknown,
  facts: StatementFacts,
  { server, dialect, catalogue }: { readonly server: TruthServer; readonly dialect: DialectName; readonly catalogue: Catalogue },
): Promise<void> {
  for (const { column, value } of comparedConstants(statement)) {
    for (const name of facts.reads) {
      const relation = catalogue.relations.get(name);
      if (relation?.kind !== 'table' || !relation.columns.some((candidate) => candidate.name === column)) continue;
      const table = splitName(name)
        .map((part) => quoteIdentifier(dialect, part))
        .join('.');
      await server.run('SAVEPOINT seed');
      const placeholder = dialect === 'mysql' ? '?' : '$1';
      const seeded = await server.change(`UPDATE ${table} SET ${quoteIdentifier(dialect, column)} = ${placeholder}`, [value]);
      await server.run(seeded ? 'RELEASE SAVEPOINT seed' : 'ROLLBACK TO SAVEPOINT seed');
    }
  }
}

/** Columns and the first constant that each is compared with, wherever in the statement. */
export function comparedConstants(statement: unknown): readonly { readonly column: string; readonly value: string }[] {
  const found = new Map<string, string>();
  walk(statement, (tree) => {
    const [subject, others] = sidesOf(tree);
    const column = onlyColumn(subject);
    const value = constant(others);
    if (column !== undefined && value !== undefined && !found.has(column)) found.set(column, value);
  });
  return [...found].map(([column, value]) => ({ column, value }));
}

/** What is compared, and what with: equality, IN, BETWEEN and LIKE. */
function sidesOf(tree: Tree): readonly [unknown, unknown] {
  if (tree['kind'] === 'comparison') return [tree['left'], tree['right']];
  if (tree['kind'] === 'in-list') return [tree['operand'], list(tree['list'])[0]];
  if (tree['kind'] === 'operator') return [list(tree['operands'])[0], list(tree['operands'])[1]];
  return [undefined, undefined];
}

function onlyColumn(expression: unknown): string | undefined {
  const columns = new Set<string>();
  walk(expression, (tree) => {
    const name = text(tree['name']);
    if (tree['kind'] === 'column' && name !== undefined) columns.add(name);
  });
  return columns.size === 1 ? [...columns][0] : undefined;
}

function constant(expression: unknown): string | undefined {
  if (!isTree(expression) || expression['kind'] !== 'literal') return undefined;
  return text(expression['value'])?.replaceAll('%', '');
}
