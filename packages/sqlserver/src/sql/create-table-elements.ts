import { parseColumnDefinition } from './create-column.js';
import { isConstraint, parseTableConstraint } from './create-constraint.js';
import { emptyElements, type TableElements, type TableElementsBuilder, withColumnSets } from './create-element.js';
import type { TokenCursor } from './cursor.js';

/** `( column | constraint | index, … )`; a comma may stand behind the last. */
export function parseTableElements(cursor: TokenCursor): TableElements {
  const elements = emptyElements();
  cursor.expectSymbol('(');
  do {
    if (cursor.isSymbol(')')) break;
    parseTableElement(cursor, elements);
    // Elements of a table need no comma between a column and a constraint on the table.
    while (isConstraint(cursor)) parseTableConstraint(cursor, elements);
  } while (cursor.acceptSymbol(','));
  cursor.expectSymbol(')');
  if (elements.defaults.length > 0) throw cursor.fail('expected the default behind its column');
  const { columns, sparse, columnSets } = elements;
  return { ...elements, columns: withColumnSets(columns, sparse, columnSets) };
}

export function parseTableElement(cursor: TokenCursor, elements: TableElementsBuilder): void {
  if (isConstraint(cursor)) {
    parseTableConstraint(cursor, elements);
    return;
  }
  const { definition, sparse, columnSet } = parseColumnDefinition(cursor);
  elements.columns.push(definition);
  if (sparse) elements.sparse.push(definition.name);
  if (columnSet) elements.columnSets.push(definition.name);
}
