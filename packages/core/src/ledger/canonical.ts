/**
 * RFC 8785 (JSON Canonicalization Scheme): one byte sequence for one value, so that hashes and signatures over it mean something.
 * Numbers and strings are written as ECMAScript's JSON.stringify writes them (section 3.2.2), properties in the order of their UTF-16
 * code units (section 3.2.3), without whitespace.
 */

/** A value that has no canonical form, or one nested deeper than {@link MAX_DEPTH}. The message names the path, never a value. */
export class CanonicalJsonError extends TypeError {
  override readonly name = 'CanonicalJsonError';
}

/** How deep arrays and objects may be nested. Nothing of ours comes near; it bounds the stack for what is read from outside. */
export const MAX_DEPTH = 128;

/** What to do with a property whose value is `undefined`: `reject` it, or `omit` it as if it were absent. Elsewhere it is always rejected. */
export type UndefinedProperties = 'reject' | 'omit';

/**
 * The canonical JSON text of `value` (RFC 8785). Takes null, booleans, finite numbers, well-formed strings, dense arrays and plain objects;
 * throws a {@link CanonicalJsonError} for anything else: NaN, infinities, `undefined`, lone surrogates, bigint, functions, symbols, class
 * instances, holes in arrays, and nesting deeper than {@link MAX_DEPTH} (so cycles too). `toJSON` is not called.
 */
export function canonicalJson(value: unknown, undefinedProperties: UndefinedProperties = 'reject'): string {
  const omit = undefinedProperties === 'omit';
  try {
    return writeValue(value, undefined, 0, omit);
  } catch (error) {
    // Once more, to say where the fault is: keeping track of that costs more than the writing.
    if (error instanceof CanonicalJsonError) return writeValue(value, '$', 0, omit);
    throw error;
  }
}

/** The UTF-8 bytes of {@link canonicalJson}. */
export function canonicalBytes(value: unknown, undefinedProperties: UndefinedProperties = 'reject'): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value, undefinedProperties));
}

/** `path` is where the value stands, or `undefined` when nobody will be told. */
function writeValue(value: unknown, path: string | undefined, depth: number, omit: boolean): string {
  switch (typeof value) {
    case 'string':
      return canonicalString(value, path);
    case 'number':
      if (!Number.isFinite(value)) throw new CanonicalJsonError(`number at ${path} is not finite: json cannot carry it`);
      // Negative zero is written as 0 (RFC 8785 section 3.2.2.3), which is what string conversion does.
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (depth >= MAX_DEPTH)
        throw new CanonicalJsonError(`value at ${path} is nested deeper than ${MAX_DEPTH} levels, or contains itself`);
      return Array.isArray(value) ? writeArray(value, path, depth, omit) : writeObject(value, path, depth, omit);
    default:
      throw new CanonicalJsonError(`value at ${path} has type ${typeof value}, which json does not have`);
  }
}

function writeArray(array: readonly unknown[], path: string | undefined, depth: number, omit: boolean): string {
  let text = '[';
  for (let index = 0; index < array.length; index++) {
    if (index > 0) text += ',';
    text += writeValue(array[index], path && `${path}[${index}]`, depth + 1, omit);
  }
  return `${text}]`;
}

function writeObject(object: object, path: string | undefined, depth: number, omit: boolean): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  // A plain object of another realm has another Object.prototype, whose own prototype is null as well.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw new CanonicalJsonError(`value at ${path} is not a plain object: convert it before it is canonicalised`);
  }
  const properties = object as Readonly<Record<string, unknown>>;
  let text = '{';
  // The default order of sort is that of UTF-16 code units (section 3.2.3).
  for (const key of Object.keys(properties).sort()) {
    const value = properties[key];
    if (value === undefined && omit) continue;
    if (text.length > 1) text += ',';
    text += `${canonicalString(key, path)}:${writeValue(value, path && `${path}.${key}`, depth + 1, omit)}`;
  }
  return `${text}}`;
}

const NEEDS_NO_ESCAPE = /^[ !#-[\]-~]*$/;
const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** A string as RFC 8785 section 3.2.2.2 writes it. `path` is named in the error for a lone surrogate. */
export function canonicalString(value: string, path: string | undefined = '$'): string {
  if (NEEDS_NO_ESCAPE.test(value)) return `"${value}"`;
  if (LONE_SURROGATE.test(value)) throw new CanonicalJsonError(`string at ${path} holds a lone surrogate: it is not unicode text`);
  return JSON.stringify(value);
}
