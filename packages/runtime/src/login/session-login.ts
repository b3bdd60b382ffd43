import {
  isProven,
  type PartyKind,
  type PinnedSettings,
  type Principal,
  type Refusal,
  type RoleChoice,
  roleChooser,
  type ServerLogin,
  unreachable,
} from '@sqlwarden/core';
import type { PropagateConfig, SessionsConfig } from '../config/gateway-config.js';
import { MintedPasswords } from './minted-passwords.js';
import type { PasswordSource } from './password-source.js';
import { propagatedSettings } from './propagation.js';
import type { ClientAccount } from './server-user.js';

/** How a client's session logs in to the server, or why it must not. */
export type SessionLogin = { readonly ok: true; readonly login: ServerLogin } | { readonly ok: false; readonly refusal: Refusal };

export interface SessionLoginsOptions {
  /** Of the gateway's own account, without its password. */
  readonly account: ServerLogin;
  readonly password: PasswordSource;
  readonly sessions: SessionsConfig;
  readonly propagate: PropagateConfig;
  /** Where commands run. */
  readonly directory: string;
  /** The server's settings that say which role statements run as. */
  readonly roleSettings: readonly string[];
}

/** NAMEDATALEN of PostgreSQL less one; what is longer would be another name. */
const MAX_NAME_BYTES = 63;

/** Who the sessions of an upstream's clients are on its server. */
export class SessionLogins {
  /** What clients must not change in their sessions. */
  readonly pinned: PinnedSettings;
  readonly #options: SessionLoginsOptions;
  readonly #chosen: ((principal: Principal) => RoleChoice) | undefined;
  readonly #minted: MintedPasswords | undefined;

  constructor(options: SessionLoginsOptions) {
    this.#options = options;
    const { sessions, propagate, roleSettings, directory } = options;
    this.pinned = new Set([...Object.values(propagate), ...(sessions.mode === 'role' ? roleSettings : [])]);
    const roles = sessions.mode === 'role' || sessions.mode === 'minted' ? sessions.roles : undefined;
    this.#chosen = roles && roleChooser(roles);
    this.#minted = sessions.mode === 'minted' ? new MintedPasswords(sessions.password, directory) : undefined;
  }

  /** Rejects with an `Error` for operators when a password cannot be had. `client`: in the mode `client-password`. */
  async loginFor(principal: Principal, client?: ClientAccount): Promise<SessionLogin> {
    const { account, password, sessions, propagate } = this.#options;
    const role = this.#role(principal);
    if (!role.ok) return role;
    if (sessions.mode === 'minted' && !isWhollyProven(principal)) return refused('somebody that this identity names is not proven');
    const told = propagatedSettings(propagate, principal);
    if (!told.ok) return refused(told.reason);
    const base: ServerLogin = { ...account, ...(this.pinned.size > 0 && { settings: told.settings }) };
    switch (sessions.mode) {
      case 'shared':
        return { ok: true, login: { ...base, password: await password.current() } };
      case 'role':
        return { ok: true, login: { ...base, password: await password.current(), ...(role.name !== undefined && { role: role.name }) } };
      case 'minted': {
        const user = role.name ?? account.user;
        return { ok: true, login: { ...base, user, password: await this.#minted?.of(principal, user) } };
      }
      case 'client-password':
        if (client === undefined) return refused('this database takes the user name and password of its own users');
        // The server would cut it and let in whom the rest names, as somebody that no policy knows.
        if (!isName(client.user)) return refused('a user of this database has a name of 63 bytes at most; log in with that');
        return { ok: true, login: { ...base, ...client, isClients: true } };
      default:
        return unreachable(sessions);
    }
  }

  /** What clients are that the server itself says who they are; `undefined` where it does not. */
  get ownUsers(): PartyKind | undefined {
    const { sessions } = this.#options;
    return sessions.mode === 'client-password' ? sessions.kind : undefined;
  }

  /** Equal for principals whose sessions are the same to the server. */
  key(principal: Principal): string {
    return JSON.stringify([this.#role(principal), propagatedSettings(this.#options.propagate, principal)]);
  }

  /** The server did not take what {@link loginFor} gave last for the principal. */
  rejected(principal: Principal): void {
    const role = this.#role(principal);
    if (this.#minted === undefined) this.#options.password.rejected();
    else if (role.ok) this.#minted.rejected(principal, role.name ?? this.#options.account.user);
  }

  #role(principal: Principal): { readonly ok: true; readonly name: string | undefined } | Extract<SessionLogin, { ok: false }> {
    if (this.#chosen === undefined) return { ok: true, name: undefined };
    const choice = this.#chosen(principal);
    if (!choice.ok) return refused(`${choice.reason}; it is nobody on this database`);
    const { role } = choice;
    if (!isName(role) || role.toLowerCase() === 'none') return refused('the role that is for this identity cannot be the name of one');
    // Every account may be itself: an id that reads like the gateway's own would be it.
    if (role === this.#options.account.user && !this.#isWritten(role))
      return refused("the role that is for this identity is the gateway's own account, which {id} does not stand for");
    return { ok: true, name: role };
  }

  #isWritten(name: string): boolean {
    const { sessions } = this.#options;
    return 'roles' in sessions && sessions.roles?.some(({ role }) => role === name) === true;
  }
}

function isName(text: string): boolean {
  return text !== '' && !text.includes('\0') && Buffer.byteLength(text) <= MAX_NAME_BYTES;
}

function isWhollyProven(principal: Principal): boolean {
  return isProven(principal, 'subject') && (principal.actors.length === 0 || isProven(principal, 'actors'));
}

function refused(message: string): Extract<SessionLogin, { ok: false }> {
  return { ok: false, refusal: { code: 'policy-denied', message } };
}
