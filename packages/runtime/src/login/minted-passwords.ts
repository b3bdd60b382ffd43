import { isProven, parties, type Principal } from '@sqlwarden/core';
import type { CommandConfig } from '../config/gateway-config.js';
import { openPasswordSource, type PasswordSource } from './password-source.js';

/** Identities whose passwords are kept; those that were used longest ago go first. */
const MAX_KEPT = 1_000;

/** Passwords that a program makes, one for each identity and user of the server. */
export class MintedPasswords {
  readonly #config: CommandConfig;
  readonly #directory: string;
  /** By all that the program is told. */
  readonly #sources = new Map<string, PasswordSource>();

  constructor(config: CommandConfig, directory: string) {
    this.#config = config;
    this.#directory = directory;
  }

  /** Rejects with an `Error` for operators that holds nothing of a password. */
  of(principal: Principal, user: string): Promise<string | undefined> {
    return this.#source(principal, user).current();
  }

  /** The server did not take it: it is made anew. */
  rejected(principal: Principal, user: string): void {
    this.#source(principal, user).rejected();
  }

  #source(principal: Principal, user: string): PasswordSource {
    const environment = environmentOf(principal, user);
    const key = JSON.stringify(environment);
    const source =
      this.#sources.get(key) ?? openPasswordSource({ kind: 'command', ...this.#config }, this.#directory, Date.now, environment);
    this.#sources.delete(key);
    this.#sources.set(key, source);
    const [oldest] = this.#sources.keys();
    if (this.#sources.size > MAX_KEPT && oldest !== undefined) this.#sources.delete(oldest);
    return source;
  }
}

/** Variables of an environment end at a NUL: an identity with one would be told as another. */
function environmentOf(principal: Principal, user: string): Readonly<Record<string, string>> {
  const { subject, actors } = principal;
  if (parties(principal).some(({ id, issuer }) => `${id}${issuer}`.includes('\0')))
    throw new Error('an identity holds a character that a program cannot be told');
  return {
    SQLWARDEN_USER: user,
    SQLWARDEN_SUBJECT: subject.id,
    SQLWARDEN_ISSUER: subject.issuer,
    SQLWARDEN_KIND: subject.kind,
    SQLWARDEN_GROUPS: JSON.stringify(isProven(principal, 'groups') ? subject.groups : []),
    SQLWARDEN_ACTORS: JSON.stringify(actors.map(({ kind, issuer, id }) => ({ kind, issuer, id }))),
  };
}
