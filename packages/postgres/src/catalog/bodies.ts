import type { StoredBody } from '@sqlwarden/core';
import type { RoutineDetail } from './resolved-catalogue.js';

/**
 * Bodies of functions and procedures of users by `schema.name`, for the resolver. A name of which one overload has no readable body is left out:
 * which of them is meant depends on types.
 */
export function readBodies(routines: ReadonlyMap<string, readonly RoutineDetail[]>): ReadonlyMap<string, readonly StoredBody[]> {
  const bodies = new Map<string, readonly StoredBody[]>();
  for (const [name, overloads] of routines) {
    const found = overloads.flatMap((detail) => storedBody(detail) ?? []);
    if (found.length === overloads.length) bodies.set(name, found);
  }
  return bodies;
}

function storedBody({ routine, parameters, columns, rowOf, searchPath, settings, body }: RoutineDetail): StoredBody | undefined {
  if (body === undefined || routine.origin === 'system') return undefined;
  const table = routine.returnsSet || rowOf !== undefined || (columns?.length ?? 0) > 1;
  return {
    parameters,
    statements: body,
    returns: routine.kind === 'procedure' ? 'nothing' : table ? 'table' : 'value',
    ...(columns && { columns }),
    ...(rowOf !== undefined && { rowOf }),
    ...(searchPath && { searchPath }),
    ...(settings && { settings }),
    ...(routine.securityDefiner && { securityDefiner: true }),
  };
}
