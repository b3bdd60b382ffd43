import { type CellMask, type ResultColumn, UnmaskableResult } from '@sqlwarden/core';
import { lenientText } from '../protocol/payload-reader.js';
import { cleanedText, NO_WORDS } from './error-texts.js';
import type { BoundRows } from './result-rows.js';

/**
 * Rows of SHOW WARNINGS and SHOW ERRORS ("SHOW WARNINGS Statement": Level, Code, Message): a message may quote any value of what was run before, so
 * that the text of its code stands in its place. Throws {@link UnmaskableResult} when these are not the columns.
 */
export function messageRows(columns: readonly ResultColumn[]): BoundRows {
  const isThem = columns.length === NAMES.length && columns.every(({ name }, at) => name.toLowerCase() === NAMES[at]);
  if (!isThem) throw new UnmaskableResult('the columns of messages are others than those that are known');
  const isBinary = columns[0]?.format === 'binary';
  let code = 0;
  // INVARIANT: cells are masked from left to right, so that the code is known when its message comes.
  const remembered: CellMask = (cell) => {
    code = isBinary ? littleEndian(cell) : Number(lenientText(cell));
    return cell;
  };
  const message: CellMask = () => utf8.encode(cleanedText(code, '', NO_WORDS));
  const types = isBinary ? Uint8Array.from(columns, ({ typeId }) => typeId) : undefined;
  return { columns: columns.length, cells: [null, remembered, message], types, disagreements: [] };
}

const NAMES = ['level', 'code', 'message'];
const utf8 = new TextEncoder();

function littleEndian(cell: Uint8Array): number {
  return cell.reduceRight((value, byte) => value * 256 + byte, 0);
}
