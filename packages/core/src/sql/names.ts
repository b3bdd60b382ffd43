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

/**
 * The name of a part of a JSON document in a column, as facts name it where only that part is read: the column's own name followed by `#` and a
 * JSON Pointer (RFC 6901), `*` for what is not known. Stands where a {@link ColumnName} stands.
 */
export function memberName(column: ColumnName, path: readonly (string | null)[]): ColumnName {
  const parts = splitName(column);
  return joinName(...parts.slice(0, -1), `${parts.at(-1) ?? ''}#${path.map(pointerToken).join('')}`);
}

function pointerToken(token: string | null): string {
  if (token === null) return '/*';
  const escaped = token.replaceAll('~', '~0').replaceAll('/', '~1');
  return `/${escaped === '*' ? '~2' : escaped}`;
}

/** The tokens of a pointer; `*` is any, `~2` a star. `undefined` when it is no pointer. */
export function parsePointer(pointer: string): readonly (string | null)[] | undefined {
  if (!pointer.startsWith('/') || /~[^012]|~$/.test(pointer)) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .map((token) => (token === '*' ? null : token.replaceAll('~2', '*').replaceAll('~1', '/').replaceAll('~0', '~')));
}

/** A name as {@link memberName} makes it, taken apart; `undefined` for the name of a whole column. */
export function splitMember(name: ColumnName): { readonly column: ColumnName; readonly path: readonly (string | null)[] } | undefined {
  if (!name.includes('#')) return undefined;
  const parts = splitName(name);
  const own = parts.at(-1) ?? '';
  const at = own.indexOf('#/');
  const path = at <= 0 ? undefined : parsePointer(own.slice(at + 1));
  return path === undefined ? undefined : { column: joinName(...parts.slice(0, -1), own.slice(0, at)), path };
}

/** One path leads to the other, or through it. */
export function pathsMeet(a: readonly (string | null)[], b: readonly (string | null)[]): boolean {
  return a.slice(0, b.length).every((token, at) => token === null || b[at] === null || token === b[at]);
}
