import type { Statement, TypeName } from '@sqlwarden/core';
import type { UnitParser } from '../parsing/unit-parser.js';
import type { ColumnShape, ShapeType, TableShape } from './table-shape.js';

const TYPE_SHAPES: readonly (readonly [RegExp, ShapeType])[] = [
  [/^(?:small|big)?(?:int|serial)/, 'integer'],
  [/^(?:oid)$/, 'integer'],
  [/^(?:numeric|decimal|float|real|double|money)/, 'number'],
  [/^bool/, 'boolean'],
  [/^date$/, 'date'],
  [/^timestamp/, 'timestamp'],
  [/^time/, 'time'],
  [/^json/, 'json'],
  [/^bytea$/, 'bytes'],
];

/**
 * The tables of a text of PostgreSQL definitions. Statements other than CREATE TABLE, and whatever of a table is neither column nor column
 * type, are left out. A text of psql's own commands among them is left out, too.
 */
export async function tablesOfDefinitions(text: string, parser: UnitParser): Promise<readonly TableShape[]> {
  const result = await parser.parseText(text.replaceAll(/^\\.*$/gm, ''), {
    serverVersion: 180_000,
    lexical: { standard_conforming_strings: 'on' },
  });
  if (!result.ok) throw new Error(`definitions that are not PostgreSQL: ${result.failure.message}`);
  return (result.unit.statements as readonly Statement[]).flatMap((statement) => {
    if (statement.kind !== 'create-table') return [];
    const name = statement.name.at(-1);
    const schema = statement.name.at(-2);
    if (name === undefined) return [];
    const columns = statement.columns.map((column): ColumnShape => ({ name: column.name, type: shapeOfType(column.type) }));
    return [{ ...(schema === undefined || schema === 'public' ? {} : { schema }), name, columns, key: [] }];
  });
}

function shapeOfType(type: TypeName): ShapeType {
  const name = type.name.at(-1) ?? '';
  return TYPE_SHAPES.find(([pattern]) => pattern.test(name))?.[1] ?? 'text';
}
