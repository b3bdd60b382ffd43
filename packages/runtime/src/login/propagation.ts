import { isProven, parties, type Principal } from '@sqlwarden/core';
import type { PropagateConfig } from '../config/gateway-config.js';

export type Propagated =
  | { readonly ok: true; readonly settings: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly reason: string };

/** What a server is told of a principal, by the name of the setting. INVARIANT: nothing that is not proven, and no part for the whole. */
export function propagatedSettings(propagate: PropagateConfig, principal: Principal): Propagated {
  const { subject, actors } = principal;
  const settings: Record<string, string> = {};
  const tell = (name: string | undefined, value: () => string): void => {
    if (name !== undefined) settings[name] = value();
  };
  const isAsked = Object.keys(propagate).length > 0;
  if (isAsked && !isProven(principal, 'subject')) return { ok: false, reason: 'the database is told of proven identities only' };
  if (isAsked && actors.length > 0 && !isProven(principal, 'actors'))
    return { ok: false, reason: 'who acts for this identity is not proven, and the database is told of proven identities only' };
  const groups = propagate.groups === undefined ? [] : commonGroups(principal);
  if (groups === undefined)
    return { ok: false, reason: 'not all groups of this identity are known and proven, and the database is to be told of them' };
  tell(propagate.subject, () => subject.id);
  tell(propagate.issuer, () => subject.issuer);
  tell(propagate.kind, () => subject.kind);
  tell(propagate.groups, () => JSON.stringify(groups));
  tell(propagate.actors, () => JSON.stringify(actors.map(({ kind, issuer, id }) => ({ kind, issuer, id }))));
  if (Object.values(settings).some((value) => value.includes('\0')))
    return { ok: false, reason: 'this identity holds a character that the database cannot be told' };
  return { ok: true, settings };
}

/** The groups that everybody of the chain is in, sorted: rights are the intersection. `undefined` when they are not known for certain. */
function commonGroups(principal: Principal): readonly string[] | undefined {
  const everybody = parties(principal);
  if (everybody.some(({ groupsComplete }) => !groupsComplete)) return undefined;
  if (everybody.some(({ groups }) => groups.length > 0) && !isProven(principal, 'groups')) return undefined;
  const [first, ...others] = everybody.map(({ groups }) => new Set(groups));
  return [...(first ?? [])].filter((group) => others.every((groups) => groups.has(group))).sort();
}
