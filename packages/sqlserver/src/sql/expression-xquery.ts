import type { Expression } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { ParseError } from './parse-error.js';

/**
 * What an XQuery takes from the statement around it: `sql:column("t.c")` and `sql:variable("@x")` ("Binding Relational Data Inside XML Data").
 * The text itself is not parsed: whatever could be one of the two and is not plain is opaque.
 */

/** A function of that name in any namespace: a prefix can be declared for that of `sql:`. */
const SUSPECT = /(?:column|variable)\s*\(/gi;
const PLAIN = /\bsql:(column|variable)\s*\(\s*(?:"([^"&]*)"|'([^'&]*)')\s*\)/g;

/** The columns and variables that the texts among the arguments of a method name. */
export function relationalValues(cursor: TokenCursor, texts: readonly Expression[]): Expression[] {
  return texts.flatMap((text) =>
    text.kind === 'literal' && text.type === 'string' && typeof text.value === 'string' ? valuesOf(cursor, text.value) : [],
  );
}

function valuesOf(cursor: TokenCursor, xquery: string): Expression[] {
  const suspects = xquery.match(SUSPECT)?.length ?? 0;
  if (suspects === 0) return [];
  const plain = [...xquery.matchAll(PLAIN)];
  if (plain.length !== suspects) return [OPAQUE];
  return plain.map(([, kind, double, single]) => named(cursor, double ?? single ?? '', kind === 'column' ? 'column' : 'variable'));
}

function named(cursor: TokenCursor, name: string, kind: 'column' | 'variable'): Expression {
  try {
    const inner = cursor.inner(name);
    const value = inner.grammar.value(inner);
    return inner.atEnd && value.kind === kind ? value : OPAQUE;
  } catch (error) {
    if (error instanceof ParseError) return OPAQUE;
    throw error;
  }
}

const OPAQUE: Expression = {
  kind: 'opaque',
  reason: { kind: 'unknown-node', detail: 'an XQuery that takes values from the statement' },
  operands: [],
};
