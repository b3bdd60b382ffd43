import { PROCEDURE, type ProcedureName as NumberedProcedure, type RpcCall } from '../protocol/rpc-request.js';
import { procedureName, systemProcedure } from './procedure-name.js';

/**
 * What the procedures that have a number take ("sp_executesql", "sp_prepare", "sp_cursoropen" and their kin): the parameters in front of the values, by place, with the
 * names that clients give them. The server takes them by place.
 */
export interface NumberedCall {
  readonly name: NumberedProcedure;
  /** Places of the fixed parameters. */
  readonly handle?: number;
  readonly cursor?: number;
  readonly text?: number;
  readonly declaration?: number;
  /** How many parameters stand in front of the values. */
  readonly fixed: number;
}

const HANDLE = ['@handle', '@prepared_handle', '@preparedhandle'];
const CURSOR = ['@cursor'];
const TEXT = ['@stmt', '@statement'];
const DECLARATION = ['@params', '@paramdef', '@parameters'];
export const NUMBERED_CALLS: Readonly<Record<NumberedProcedure, NumberedCall>> = {
  sp_cursor: { name: 'sp_cursor', cursor: 0, fixed: 4 },
  sp_cursoropen: { name: 'sp_cursoropen', cursor: 0, text: 1, declaration: 5, fixed: 6 },
  sp_cursorprepare: { name: 'sp_cursorprepare', handle: 0, declaration: 1, text: 2, fixed: 6 },
  sp_cursorexecute: { name: 'sp_cursorexecute', handle: 0, cursor: 1, fixed: 5 },
  sp_cursorprepexec: { name: 'sp_cursorprepexec', handle: 0, cursor: 1, declaration: 2, text: 3, fixed: 7 },
  sp_cursorunprepare: { name: 'sp_cursorunprepare', handle: 0, fixed: 1 },
  sp_cursorfetch: { name: 'sp_cursorfetch', cursor: 0, fixed: 4 },
  sp_cursoroption: { name: 'sp_cursoroption', cursor: 0, fixed: 3 },
  sp_cursorclose: { name: 'sp_cursorclose', cursor: 0, fixed: 1 },
  sp_executesql: { name: 'sp_executesql', text: 0, declaration: 1, fixed: 2 },
  sp_prepare: { name: 'sp_prepare', handle: 0, declaration: 1, text: 2, fixed: 4 },
  sp_execute: { name: 'sp_execute', handle: 0, fixed: 1 },
  sp_prepexec: { name: 'sp_prepexec', handle: 0, declaration: 1, text: 2, fixed: 3 },
  sp_prepexecrpc: { name: 'sp_prepexecrpc', handle: 0, text: 1, fixed: 2 },
  sp_unprepare: { name: 'sp_unprepare', handle: 0, fixed: 1 },
};

const BY_ID: ReadonlyMap<number, NumberedCall> = new Map(Object.values(NUMBERED_CALLS).map((call) => [PROCEDURE[call.name], call]));

/** The procedure of a call when it is one of those that have a number, by number or by name; `'unknown'`: a number that none has. */
export function numberedCall({ procedure }: RpcCall): NumberedCall | 'unknown' | undefined {
  if ('id' in procedure) return BY_ID.get(procedure.id) ?? 'unknown';
  const name = procedureName(procedure.name);
  const system = name === undefined ? undefined : systemProcedure(name);
  return system !== undefined && Object.hasOwn(NUMBERED_CALLS, system) ? NUMBERED_CALLS[system as NumberedProcedure] : undefined;
}

/**
 * Whether the parameters of the call are where they belong: those in front of the values named, if at all, as what stands in their place, and no other by such
 * a name, since it could be taken for it.
 */
export function isInPlace(call: NumberedCall, names: readonly string[]): boolean {
  const places = [
    [call.handle, HANDLE],
    [call.cursor, CURSOR],
    [call.text, TEXT],
    [call.declaration, DECLARATION],
  ] as const;
  return names.every((given, at) => {
    const name = given.toLowerCase();
    if (name === '') return true;
    const own = places.find(([place]) => place === at);
    if (own !== undefined) return own[1].includes(name);
    return places.every(([place, taken]) => place === undefined || !taken.includes(name));
  });
}
