import type { ResultColumn } from '@sqlwarden/core';
import type { ColumnDefinition41 } from '../protocol/column-definition.js';

/** What a column definition says of a type. */
export type ColumnType = Pick<ColumnDefinition41, 'type' | 'collation' | 'columnLength' | 'flags' | 'decimals'>;

const FLAGS = 0x1_0000;
const FLAGS_AND_COLLATION = 0x1_0000_0000;

/** The same as masks see it: {@link columnType} is the inverse. */
export function typeOf(definition: ColumnType): Pick<ResultColumn, 'typeId' | 'typeModifier'> & { readonly typeDetail: number } {
  const { type, collation, columnLength, flags, decimals } = definition;
  return { typeId: type, typeModifier: columnLength, typeDetail: flags + collation * FLAGS + decimals * FLAGS_AND_COLLATION };
}

/** `undefined` where no header has described the column. */
export function columnType({
  typeId,
  typeModifier,
  typeDetail,
}: Pick<ResultColumn, 'typeId' | 'typeModifier' | 'typeDetail'>): ColumnType | undefined {
  if (typeDetail === undefined) return undefined;
  return {
    type: typeId,
    columnLength: typeModifier,
    flags: typeDetail % FLAGS,
    collation: Math.floor(typeDetail / FLAGS) % FLAGS,
    decimals: Math.floor(typeDetail / FLAGS_AND_COLLATION),
  };
}
