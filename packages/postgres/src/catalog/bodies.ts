import type { StoredBody } from '@sqlwarden/core';
import type { RoutineDetail } from './resolved-catalogue.js';

/**
 * Bodies of functions and procedures of users by `schema.name`, for the resolver. A name of which one overload has no readable body is left out:
 * which of them is meant depends on types. `before`: bodies by other names than those that `changed`.
 */
export function readBodies(
  routines: ReadonlyMap<string, readonly RoutineDetail[]>,
  before: ReadonlyMap<string, readonly StoredBody[]> = new Map(),
  changed: Iterable<string> = routines.keys(),
): ReadonlyMap<string, readonly StoredBody[]> {
  const bodies = new Map(before);
  for (const name of changed) {
    const overloads = routines.get(name) ?? [];
    const found = overloads.flatMap((detail) => storedBody(detail) ?? []);
    if (found.length > 0 && found.length === overloads.length) bodies.set(name, found);
    else bodies.delete(name);
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
