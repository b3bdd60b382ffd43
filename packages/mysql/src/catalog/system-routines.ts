import { joinName } from '@sqlwarden/core';
import type { CatalogueRoutine } from '@sqlwarden/core';
import { builtInFunction, builtInNames, type Flavour } from '../sql/functions.js';

/** The functions of the server as a catalogue has them, so that policies that name them are known to name something: as if they stood in `mysql`. */
export function systemRoutines(flavour: Flavour): ReadonlyMap<string, readonly CatalogueRoutine[]> {
  return new Map(
    builtInNames(flavour).map((name, at): readonly [string, readonly CatalogueRoutine[]] => {
      const category = builtInFunction(name, 1, flavour)?.category;
      const routine: CatalogueRoutine = {
        id: -1 - at,
        schema: 'mysql',
        name,
        kind: category === 'aggregate' || category === 'window' ? category : 'function',
        language: 'native',
        volatility: category === 'volatile' ? 'volatile' : 'stable',
        securityDefiner: false,
        pinnedSearchPath: true,
        returnsSet: false,
        returnType: '',
        argumentTypes: [],
        origin: 'system',
      };
      return [joinName('mysql', name), [routine]];
    }),
  );
}
