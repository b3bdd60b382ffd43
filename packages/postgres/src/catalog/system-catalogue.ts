import type { CatalogueRelation } from '@sqlwarden/core';
import type { RoutineDetail } from './resolved-catalogue.js';
import { SYSTEM_RELATIONS, SYSTEM_ROUTINE_COLUMNS, SYSTEM_ROUTINES } from './system-snapshot.js';

/** The system schemas of a catalogue that is made without a server: see `system-snapshot.ts`. Identifiers are made up. */

export function systemRoutines(): RoutineDetail[] {
  let id = 1;
  return Object.entries(SYSTEM_ROUTINES).flatMap(([key, names]) => {
    const [kind = '', least = '0', most = '0', returns = ''] = key.split(' ');
    return words(names).map((name): RoutineDetail => {
      const columns = SYSTEM_ROUTINE_COLUMNS[name];
      return {
        routine: {
          id: id++,
          schema: 'pg_catalog',
          name,
          kind: kind === 'aggregate' || kind === 'window' || kind === 'procedure' ? kind : 'function',
          language: 'internal',
          volatility: 'volatile',
          securityDefiner: false,
          pinnedSearchPath: false,
          returnsSet: returns === 'set' || returns === 'records',
          returnType: returns === 'record' || returns === 'records' ? 'record' : 'unknown',
          argumentTypes: [],
          origin: 'system',
        },
        minArguments: Number(least),
        parameters: [],
        maxArguments: most === '*' ? Number.POSITIVE_INFINITY : Number(most),
        ...(columns !== undefined && { columns: words(columns) }),
        returnsRecord: returns === 'record' || returns === 'records',
      };
    });
  });
}

export function systemRelations(): CatalogueRelation[] {
  let id = 1;
  return Object.entries(SYSTEM_RELATIONS).map(([full, columns]): CatalogueRelation => {
    const [schema = '', name = ''] = full.split('.');
    return {
      id: id++,
      schema,
      name,
      kind: 'system',
      columns: words(columns).map((column, at) => ({ name: column, number: at + 1, type: 'unknown', typeId: 0, notNull: false })),
      parents: [],
      hasTriggers: false,
    };
  });
}

function words(list: string): string[] {
  return list.trim().split(/\s+/);
}
