import type { OutputColumn } from './facts.js';
import { either, NOTHING, type Value } from './resolve/value.js';

/** What FETCH returns from a cursor, where it is not known which of several it is. */

export function sameJson(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** A cursor that is opened nowhere else returns nothing: it adds nothing to one that is. */
export function mergeCursors(
  values: readonly (readonly OutputColumn[] | 'unknown' | undefined)[],
): readonly OutputColumn[] | 'unknown' | undefined {
  const known = values.filter((value) => value !== undefined);
  const [first, ...rest] = known;
  if (first === undefined || rest.every((value) => sameJson(value, first))) return first;
  if (first === 'unknown' || rest.some((value) => value === 'unknown' || value.length !== first.length)) return 'unknown';
  return first.map((column, at) => {
    const columns = [column, ...rest.flatMap((value) => (value === 'unknown' ? [] : (value[at] ?? [])))];
    const origins = either(columns.map(outputValue)).origins;
    return { ...column, origins: [...origins].map(([name, how]) => ({ column: name, how })), opaque: columns.some((each) => each.opaque) };
  });
}

/** The value of an output that is already told as facts. */
export function outputValue({ origins, opaque }: OutputColumn): Value {
  return { ...NOTHING, origins: new Map(origins.map(({ column, how }) => [column, how])), opaque };
}
