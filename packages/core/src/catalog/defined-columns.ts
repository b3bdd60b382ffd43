import type { ColumnDefinition } from '../sql/model.js';
import type { AlterAction, ColumnPosition } from '../sql/statement.js';
import type { CatalogueColumn } from './catalogue.js';

/** The columns that CREATE TABLE and ALTER TABLE make, as a catalogue has them. Types are as they were written. */

export function definedColumn(column: ColumnDefinition): CatalogueColumn {
  return {
    name: column.name,
    number: 0,
    type: column.type.name.at(-1) ?? 'unknown',
    typeId: 0,
    notNull: column.notNull ?? false,
    ...(isGenerated(column) && { generated: true }),
    ...(column.hidden === true && { hidden: true }),
    ...(column.implicit === true && { implicit: true }),
  };
}

/** Whether the value of a column comes from other columns: by a generation expression, or a default that names some. */
export function isGenerated({ default: expression }: ColumnDefinition): boolean {
  return expression !== undefined && namesColumn(expression);
}

function namesColumn(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if ('kind' in value && value.kind === 'column') return true;
  return Object.values(value).some(namesColumn);
}

/** Gives the columns the numbers of their places. */
export function renumbered(columns: readonly CatalogueColumn[]): CatalogueColumn[] {
  return columns.map((column, at) => ({ ...column, number: at + 1 }));
}

/** The columns after the actions of an ALTER TABLE. */
export function withActions(columns: readonly CatalogueColumn[], actions: readonly AlterAction[]): CatalogueColumn[] {
  let changed = [...columns];
  for (const action of actions) {
    if (action.kind === 'add-column') changed = placed(changed, definedColumn(action.column), action.position);
    else if (action.kind === 'drop-column') changed = changed.filter((column) => column.name !== action.name);
    else if (action.kind === 'rename-column') {
      changed = changed.map((column) => (column.name === action.name ? { ...column, name: action.to } : column));
    }
  }
  return renumbered(changed);
}

function placed(columns: readonly CatalogueColumn[], column: CatalogueColumn, position: ColumnPosition | undefined): CatalogueColumn[] {
  if (position === undefined) return [...columns, column];
  const at = position === 'first' ? 0 : columns.findIndex((other) => other.name === position.after) + 1;
  return [...columns.slice(0, at), column, ...columns.slice(at)];
}
