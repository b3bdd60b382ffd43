import type { Expression } from '../model.js';
import { memberName } from '../names.js';
import type { Resolver } from './context.js';
import type { Scope } from './scope.js';
import { derive, type Value } from './value.js';

/**
 * A part of the JSON document that a stored column holds, taken out by its path (`payload->'user'->>'email'`): it derives from that part of the
 * column, and from what chooses it. `undefined` for anything else, and for columns of which no parts are told apart.
 */
export function documentMember(r: Resolver, expression: Expression, scope: Scope): Value | undefined {
  const { documents, routines } = r.options;
  if (documents === undefined || documents.size === 0 || routines.documentAccess === undefined) return undefined;
  const path: (string | null)[] = [];
  const choosing: Expression[] = [];
  let at = expression;
  for (;;) {
    const access = routines.documentAccess(at, r.searchPath);
    if (access === undefined) break;
    r.spend(1);
    path.unshift(...access.path);
    choosing.push(...access.choosing);
    at = access.document;
  }
  // INVARIANT: without a step it is the whole document, by whatever name.
  if (at.kind !== 'column' || path.length === 0) return undefined;
  const document = r.value(at, scope);
  const [origin, ...others] = document.origins;
  if (origin === undefined || others.length > 0 || !document.direct || document.opaque || document.fields !== undefined) return undefined;
  const [column, how] = origin;
  if (how !== 'same' || !documents.has(column)) return undefined;
  const member: Value = { origins: new Map([[memberName(column, path), 'derived']]), opaque: false, via: document.via, direct: false };
  if (choosing.length === 0) return member;
  const keys = choosing.map((key) => r.value(key, scope));
  for (const key of keys) r.spend(key.origins.size + key.via.length);
  return derive([member, ...keys]);
}
