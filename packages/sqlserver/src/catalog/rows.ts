/** Rows of catalogue statements: every value as text. */
export type Row = readonly (string | null)[];

export function text(row: Row, at: number): string {
  const value = row[at];
  if (typeof value !== 'string') throw new Error(`the catalogue answered without column ${at}`);
  return value;
}

export function optional(row: Row, at: number): string | undefined {
  return row[at] ?? undefined;
}

/** Adds to the list that a map holds for a key. */
export function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

export function number(row: Row, at: number): number {
  return Number(text(row, at));
}

/** Flags are asked for as numbers. */
export function flag(row: Row, at: number): boolean {
  return row[at] === '1';
}
