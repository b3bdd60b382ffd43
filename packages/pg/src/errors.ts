/** What can be wrong with how the wrapper is used. The database's own errors, refusals among them, are `pg`'s `DatabaseError`s. */
export class SqlwardenPgError extends Error {
  override readonly name = 'SqlwardenPgError';
  readonly code: 'no-identity' | 'unknown-upstream' | 'not-injected' | 'unsupported-option';

  constructor(code: SqlwardenPgError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
