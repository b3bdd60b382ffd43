import type { Expression } from '@sqlwarden/core';
import { foldName } from './names.js';

/**
 * What the header of a result shows for an item without an alias: the name of a column, the value of a string, else the text between `start`
 * and `end` as it was written. Folded, as all names of columns are.
 */
export function outputName(text: string, start: number, end: number, expression: Expression): string {
  if (expression.kind === 'column') return expression.name;
  if (expression.kind === 'literal' && expression.type === 'string' && typeof expression.value === 'string')
    return aliasName(expression.value);
  if (expression.kind === 'literal' && expression.type === 'null') return 'null';
  const written = text.slice(start, end);
  // A sign that changes nothing is no part of a number.
  return foldName(/^\+[\d\s.]/.test(written) && expression.kind === 'literal' ? written.slice(1).trimStart() : written);
}

/** An alias as the header shows it: without the blanks that it begins with. */
export function aliasName(alias: string): string {
  return foldName(alias.replace(/^[\0-\x20\x7f]+/, ''));
}
