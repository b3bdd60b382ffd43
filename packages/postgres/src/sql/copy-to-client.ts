import type { Copy, CopyToClient, ParsedUnit, Statement, StatementFacts } from '@sqlwarden/core';
import { parenthesised } from './shape.js';

/**
 * `Dialect.copyToClient`: the options of `COPY … TO STDOUT` (documentation: "COPY"), and a query whose description is that of the columns
 * it copies. An option that is not known here, or a value that is none of its own, gives `undefined`: how the rows look is not certain then.
 */
export function copyToClient(unit: ParsedUnit, index: number, text: string, facts: StatementFacts): CopyToClient | undefined {
  const statement = unit.statements[index] as Statement | undefined;
  if (statement?.kind !== 'copy' || statement.direction !== 'to' || statement.endpoint.kind !== 'stream') return undefined;
  const describe = describingQuery(statement, text, facts);
  const options = describe === undefined ? undefined : formatOptions(statement.options);
  return describe === undefined || options === undefined ? undefined : { ...options, describe };
}

function describingQuery(copy: Copy, text: string, facts: StatementFacts): string | undefined {
  if (copy.what.kind === 'statement') return parenthesised(text, copy.span.start);
  if (!Array.isArray(facts.outputs)) return undefined;
  const columns = (facts.outputs as readonly { readonly name: string }[]).map(({ name }) => quoted(name));
  return `SELECT ${columns.join(', ')} FROM ONLY ${copy.what.name.map(quoted).join('.')}`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type FormatOptions = Omit<CopyToClient, 'describe'>;

function formatOptions(options: Copy['options']): FormatOptions | undefined {
  const found: Mutable<FormatOptions> = { format: 'text' };
  for (const { name, value } of options) {
    const read = OPTIONS[name];
    if (read?.(found, value) !== true) return undefined;
  }
  return found;
}

/** Each takes an option over, and says whether it could. Options that only concern what is read have no place here. */
const OPTIONS: Readonly<Record<string, (into: Mutable<FormatOptions>, value: string | undefined) => boolean>> = {
  format: (into, value) => {
    if (value !== 'text' && value !== 'csv' && value !== 'binary') return false;
    into.format = value;
    return true;
  },
  delimiter: (into, value) => value !== undefined && setText(into, 'delimiter', value),
  null: (into, value) => value !== undefined && setText(into, 'nullText', value),
  quote: (into, value) => value !== undefined && setText(into, 'quote', value),
  escape: (into, value) => value !== undefined && setText(into, 'escape', value),
  header: (into, value) => {
    const header = booleanOf(value);
    if (header === undefined) return false;
    into.header = header;
    return true;
  },
  encoding: (_into, value) => /^utf-?8$/i.test(value ?? ''),
  // Only which values are quoted: the reader of rows takes both.
  force_quote: () => true,
};

function setText(into: Mutable<FormatOptions>, key: 'delimiter' | 'nullText' | 'quote' | 'escape', value: string): boolean {
  into[key] = value;
  return true;
}

function booleanOf(value: string | undefined): boolean | undefined {
  switch (value?.toLowerCase()) {
    case undefined:
    case 'true':
    case 'on':
    case '1':
      return true;
    case 'false':
    case 'off':
    case '0':
      return false;
    default:
      return undefined;
  }
}
