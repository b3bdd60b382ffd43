import { openPasswordUsers, type PasswordUsers, passwordUserProblems } from '@sqlwarden/identity';
import type { UsersDocument } from '../config/config-document.js';
import { ConfigError, formatPath } from '../config/config-error.js';
import { checkDocument, readConfigFile } from '../config/read-document.js';
import { FileStamps } from './file-stamps.js';

/** Reads a file of users. Throws a {@link ConfigError} with every problem of it; its messages never quote a verifier. */
export function loadUsers(file: string, secret: Uint8Array | undefined): PasswordUsers {
  const checked = checkDocument(readConfigFile(file), file, 'users');
  if (!checked.ok) throw new ConfigError('config-invalid', checked.problems);
  const { users } = checked.source.value as UsersDocument;
  const problems = passwordUserProblems(users).map(({ index, message }) => {
    const where = ['users', index];
    return { file, ...checked.source.locate(where), path: formatPath(where), message };
  });
  if (problems.length > 0) throw new ConfigError('config-invalid', problems);
  return openPasswordUsers(users, secret);
}

/**
 * The users of a file as it is now: read again when it was changed. A file that cannot be read any more leaves the users as they were, and is told of
 * once, as `pg_hba.conf` is by PostgreSQL: taking everybody's access away by a slip of the keyboard helps nobody.
 */
export class UsersFile {
  readonly #file: string;
  readonly #secret: Uint8Array | undefined;
  readonly #stamps: FileStamps;
  readonly #onTrouble: (error: Error) => void;
  #users: PasswordUsers;

  /** `secret`: for the verifiers of users that there are not. Throws what {@link loadUsers} does. */
  constructor(file: string, secret: Uint8Array | undefined, now: () => number, onTrouble: (error: Error) => void) {
    this.#file = file;
    this.#secret = secret;
    this.#onTrouble = onTrouble;
    this.#stamps = new FileStamps([file], now);
    this.#users = loadUsers(file, secret);
  }

  current(): PasswordUsers {
    if (this.#stamps.changed()) this.#readAgain();
    return this.#users;
  }

  #readAgain(): void {
    try {
      this.#users = loadUsers(this.#file, this.#secret);
    } catch (error) {
      this.#onTrouble(new Error(`the users stay as they were: ${(error as Error).message}`, { cause: error }));
    }
  }
}
