import { readFileSync } from 'node:fs';

/**
 * Entries of tsql-app, which no server was asked about, that are not T-SQL; each with its reason. The data is in `tsql-app-invalid.json`: ids
 * and reasons only, `{ "<reason>": ["<id>", …] }`.
 */
export function invalidIds(): ReadonlyMap<string, string> {
  const file = new URL('../../data/tsql-app-invalid.json', import.meta.url);
  const reasons = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, readonly string[]>>;
  return new Map(Object.entries(reasons).flatMap(([reason, ids]) => ids.map((id) => [id, reason] as const)));
}
