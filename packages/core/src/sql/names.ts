/**
 * Names of database objects as single strings, so that sets and maps of them are cheap.
 * Contract shared by facts, policy, catalogue and ledger.
 */

/** `schema.relation`, each part quoted as `"…"` when it is not a plain lower-case identifier. */
export type RelationName = string;
/** `schema.relation.column`, parts as in {@link RelationName}. */
export type ColumnName = string;

const PLAIN = /^[a-z_][a-z0-9_$]*$/;

/** One part of a dotted name, quoted when it must be. */
export function quotePart(part: string): string {
  return PLAIN.test(part) ? part : `"${part.replaceAll('"', '""')}"`;
}

/** Joins raw (unquoted) parts to one name. */
export function joinName(...parts: readonly string[]): string {
  let name = '';
  for (const part of parts) name += name === '' ? quotePart(part) : `.${quotePart(part)}`;
  return name;
}

/** Splits a name into its raw parts; the inverse of {@link joinName}. Throws a `SyntaxError` on an unterminated quote or an empty part. */
export function splitName(name: string): string[] {
  const parts: string[] = [];
  let at = 0;
  for (;;) {
    const [part, next] = name[at] === '"' ? quotedPart(name, at) : plainPart(name, at);
    parts.push(part);
    if (next === name.length) return parts;
    if (name[next] !== '.') throw new SyntaxError(`expected "." at position ${next} of the name`);
    at = next + 1;
  }
}

function plainPart(name: string, at: number): [string, number] {
  const dot = name.indexOf('.', at);
  const end = dot < 0 ? name.length : dot;
  if (end === at) throw new SyntaxError(`empty part at position ${at} of the name`);
  return [name.slice(at, end), end];
}

function quotedPart(name: string, at: number): [string, number] {
  let part = '';
  let from = at + 1;
  for (;;) {
    const quote = name.indexOf('"', from);
    if (quote < 0) throw new SyntaxError(`unterminated quote at position ${at} of the name`);
    part += name.slice(from, quote);
    if (name[quote + 1] !== '"') return [part, quote + 1];
    part += '"';
    from = quote + 2;
  }
}
