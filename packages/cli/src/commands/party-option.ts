import type { DevParty } from '@sqlwarden/identity';
import type { Model, PartyKind } from '@sqlwarden/core';
import { UsageError } from '../failure.js';

const KINDS = ['person', 'service', 'agent'] as const satisfies readonly PartyKind[];

/** `person`, `service` or `agent`. */
export function partyKind(text: string, option: string): PartyKind {
  const kind = KINDS.find((known) => known === text);
  if (kind === undefined) throw new UsageError(`${option} is not a kind of party; write ${KINDS.join(', ')}`);
  return kind;
}

/** `[provider/]name[:version]`. */
export function modelOf(text: string, option: string): Model {
  const match = /^(?:([^/:]+)\/)?([^:]+)(?::(.+))?$/.exec(text);
  const [, provider, name, version] = match ?? [];
  if (name === undefined) throw new UsageError(`${option} is not a model; write [provider/]name[:version]`);
  return { ...(provider === undefined ? {} : { provider }), name, ...(version === undefined ? {} : { version }) };
}

/** How `--actor` is written. */
export const ACTOR_SYNTAX = '<id>[,name=…][,kind=…][,groups=a+b][,version=…][,model=…]';

/** An actor as `--actor` writes it; an agent unless it says otherwise. */
export function actorOf(text: string): DevParty {
  const [id = '', ...settings] = text.split(',');
  if (id === '') throw new UsageError(`--actor needs an id; write ${ACTOR_SYNTAX}`);
  return settings.map(setting).reduce<DevParty>((party, change) => ({ ...party, ...change }), { kind: 'agent', id });
}

function setting(text: string): Partial<DevParty> {
  const at = text.indexOf('=');
  const value = text.slice(at + 1);
  const key = at < 0 ? '' : text.slice(0, at);
  switch (key) {
    case 'name':
      return { name: value };
    case 'kind':
      return { kind: partyKind(value, '--actor kind=') };
    case 'groups':
      return { groups: value.split('+').filter((group) => group !== '') };
    case 'version':
      return { version: value };
    case 'model':
      return { model: modelOf(value, '--actor model=') };
    default:
      throw new UsageError(`--actor knows name, kind, groups, version and model; write ${ACTOR_SYNTAX}`);
  }
}
