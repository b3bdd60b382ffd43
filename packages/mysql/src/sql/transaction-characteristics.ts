import type { TokenCursor } from './cursor.js';

/** `ISOLATION LEVEL x`, `READ ONLY`, `READ WRITE`: those of SET TRANSACTION, with commas between them. Gives them in lower case. */
export function acceptTransactionCharacteristics(cursor: TokenCursor): string[] {
  const values: string[] = [];
  do {
    const value = readCharacteristic(cursor);
    if (value === undefined) return values;
    values.push(value);
  } while (cursor.acceptSymbol(','));
  return values;
}

const LEVELS: readonly (readonly string[])[] = [['read', 'uncommitted'], ['read', 'committed'], ['repeatable', 'read'], ['serializable']];

const MODES: readonly (readonly string[])[] = [
  ['read', 'only'],
  ['read', 'write'],
];

function readCharacteristic(cursor: TokenCursor): string | undefined {
  const choices = cursor.acceptWords('isolation', 'level') ? LEVELS : MODES;
  const found = choices.find((words) => cursor.acceptWords(...words));
  if (found === undefined && choices === LEVELS) cursor.fail('an isolation level');
  return found?.join(' ');
}
