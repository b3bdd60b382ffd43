import { type Catalogue, type Expression, joinName, type Query, type RelationName } from '@sqlwarden/core';
import { readBodies } from './bodies.js';
import type { TriggerDefinition } from './definitions.js';
import { readReferences } from './references.js';
import { readRelations } from './relations.js';
import type { CatalogueType, PostgresCatalogue, RoutineDetail } from './resolved-catalogue.js';
import { readCasts, readOperators } from './routines.js';
import type { Row } from './rows.js';
import { readSetters } from './setters.js';
import { byName, overloadsByName, type Stored } from './stored.js';
import { readTriggers } from './triggers.js';

/** A catalogue and what it was made from. */
export interface Made {
  readonly stored: Stored;
  readonly resolved: PostgresCatalogue;
}

/**
 * The catalogue that resolution reads. What is the same as in `before` is the same object there. `storedCode`: rows of STORED_CODE_SQL, where
 * they are wanted.
 */
export function madeReady(
  stored: Stored,
  isIncomplete: boolean,
  version: number,
  storedCode: readonly Row[] | undefined,
  before: Made | undefined,
): PostgresCatalogue {
  const old = before?.resolved;
  const relationsById = readRelations(
    {
      rows: stored.relations,
      columns: stored.columns,
      definitions: (id) => stored.definitions.get(id)?.find(({ kind }) => kind === 'view')?.text,
      references: readReferences([...stored.foreignKeys.values()].flat(), stored.relations, stored.columns),
    },
    old?.catalogue.relationsById ?? new Map(),
  );
  const relations = byName(relationsById, old && { byId: old.catalogue.relationsById, byName: old.catalogue.relations });
  const routines = overloadsByName(stored.routines, before && { byId: before.stored.routines, byName: before.resolved.routines });
  const catalogue: Catalogue = {
    version,
    serverVersion: stored.digest.serverVersion,
    database: stored.digest.database,
    relations,
    relationsById,
    routines: contractRoutines(routines, old?.catalogue.routines),
    schemas: new Set(stored.schemas.values()),
  };
  return {
    catalogue,
    isIncomplete,
    ...definedIn(stored, catalogue),
    routines: routines.byName,
    routinesById: stored.routines,
    bodies: readBodies(routines.byName, old?.bodies, routines.changed),
    triggers: readTriggers(triggersOf(stored), catalogue, stored.routines),
    ...(storedCode && { setters: readSetters(storedCode, stored.routines, [...relationsById.values()], stored.types) }),
    operators: readOperators(stored.operators),
    casts: readCasts(stored.casts, stored.types),
    types: byName<CatalogueType>(stored.types, before && { byId: before.stored.types, byName: before.resolved.types }),
    typesById: stored.types,
  };
}

function contractRoutines(
  { byName: routines, changed }: { readonly byName: ReadonlyMap<string, readonly RoutineDetail[]>; readonly changed: ReadonlySet<string> },
  before: Catalogue['routines'] | undefined,
): Catalogue['routines'] {
  if (changed.size === 0 && before !== undefined) return before;
  const contract = new Map(before);
  for (const name of changed) {
    const overloads = routines.get(name);
    if (overloads === undefined) contract.delete(name);
    else
      contract.set(
        name,
        overloads.map(({ routine }) => routine),
      );
  }
  return contract;
}

/** Queries of views and expressions of generated columns. */
function definedIn({ definitions }: Stored, { relationsById }: Catalogue): Pick<PostgresCatalogue, 'views' | 'generated'> {
  const views = new Map<RelationName, Query>();
  const generated = new Map<RelationName, Map<string, Expression | undefined>>();
  for (const [id, owned] of definitions) {
    const relation = relationsById.get(id);
    if (relation === undefined) continue;
    const name = joinName(relation.schema, relation.name);
    for (const definition of owned) {
      if (definition.kind === 'view' && definition.query !== undefined) views.set(name, definition.query);
      if (definition.kind !== 'generated') continue;
      const column = relation.columns.find(({ number }) => number === definition.column);
      if (column !== undefined)
        generated.set(name, (generated.get(name) ?? new Map<string, Expression | undefined>()).set(column.name, definition.expression));
    }
  }
  return { views, generated };
}

function* triggersOf({ definitions }: Stored): Iterable<TriggerDefinition> {
  for (const owned of definitions.values()) for (const each of owned) if (each.kind === 'trigger') yield each.trigger;
}
