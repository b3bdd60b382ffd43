import { joinName } from '@sqlwarden/core';
import type { CatalogueRoutine } from '@sqlwarden/core';
import { builtInFunction, builtInNames } from '../sql/functions.js';
import { SYSTEM_PROCEDURES } from '../sql/routines-system.js';

/** The functions and procedures of the server as a catalogue has them, so that policies that name them are known to name something. */
export function systemRoutines(): ReadonlyMap<string, readonly CatalogueRoutine[]> {
  const names = new Set([...builtInNames(), ...SYSTEM_PROCEDURES.keys()]);
  return new Map([...names].map((name, at) => [joinName('sys', name), [systemRoutine(name, -1 - at)]]));
}

function systemRoutine(name: string, id: number): CatalogueRoutine {
  const facts = builtInFunction(name);
  const category = facts?.category;
  return {
    id,
    schema: 'sys',
    name,
    kind: category === 'aggregate' || category === 'window' ? category : facts === undefined ? 'procedure' : 'function',
    language: 'native',
    volatility: category === 'volatile' ? 'volatile' : 'stable',
    securityDefiner: false,
    pinnedSearchPath: true,
    returnsSet: facts?.returnsSet ?? false,
    returnType: '',
    argumentTypes: [],
    origin: 'system',
  };
}
