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

export function number(row: Row, at: number): number {
  return Number(text(row, at));
}

export function flag(row: Row, at: number): boolean {
  return row[at] === 't';
}

/** A JSON array of strings, or none. */
export function strings(row: Row, at: number): string[] {
  const value = row[at];
  if (value === null || value === undefined) return [];
  const parsed: unknown = JSON.parse(value);
  return Array.isArray(parsed) ? parsed.map(String) : [];
}

/** Adds to the list that a map holds for a key. */
export function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** Whether two values are made of the same plain data, in the same order. */
export function sameJson(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/** Rows by their first column. */
export function byFirst(rows: readonly Row[]): Map<number, Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) append(groups, number(row, 0), row);
  return groups;
}
