import { type AssertedIntent, assertedIntent, isIntentField } from '@sqlwarden/core';
import type { BoundValue } from '../protocol/bound-values.js';
import { lenientText } from '../protocol/payload-reader.js';

const PREFIX = 'sqlwarden.';

/** What query attributes ("Query Attributes") say of why a query is run, under the names of the fields, alone or behind `sqlwarden.`. From `first` on. */
export function intentOf(attributes: readonly BoundValue[], first = 0): AssertedIntent | undefined {
  if (attributes.length <= first) return undefined;
  const values: Record<string, string> = {};
  for (let at = first; at < attributes.length; at++) {
    const { name, value } = attributes[at] as BoundValue;
    const field = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
    if (isIntentField(field) && value instanceof Uint8Array) values[field] = lenientText(value);
  }
  return assertedIntent('attribute', values);
}
