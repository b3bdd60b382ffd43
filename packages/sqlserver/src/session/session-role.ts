import { unicodeConstant } from './constants.js';

/**
 * The database user that a session was started to be ("EXECUTE AS"), and has to stay. Who has no cookie cannot go back: it is the gateway's alone.
 */
export class SessionRole {
  readonly name: string;
  #cookie: string | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Takes the role; {@link taken} reads what it answers. */
  get statement(): string {
    return `DECLARE @cookie varbinary(8000); EXECUTE AS USER = ${unicodeConstant(this.name)} WITH COOKIE INTO @cookie; SELECT CONVERT(nvarchar(4000), @cookie, 1)`;
  }

  /** What {@link statement} answered; false: the role was not taken. */
  taken(rows: readonly (readonly (string | null)[])[]): boolean {
    const cookie = rows[0]?.[0];
    if (typeof cookie !== 'string' || !/^0x[0-9A-F]+$/i.test(cookie)) return false;
    this.#cookie = cookie;
    return true;
  }

  /** Gives the role up, for a reset. */
  revert(): string {
    return this.#cookie === undefined ? 'SELECT 1' : `REVERT WITH COOKIE = ${this.#cookie}`;
  }
}
