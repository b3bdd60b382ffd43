import type { Statement } from '@sqlwarden/core';

/**
 * Whether a value is a statement of the model. Units travel through the runtime as unknown plain data, and come only from this package's
 * own parser: the tag is enough.
 */
export function isStatement(value: unknown): value is Statement {
  return typeof value === 'object' && value !== null && 'kind' in value && 'span' in value;
}
