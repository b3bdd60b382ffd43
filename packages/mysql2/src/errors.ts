/** What can be wrong with how the wrapper is used. The database's own errors, refusals among them, are `mysql2`'s. */
export class SqlwardenMysqlError extends Error {
  override readonly name = 'SqlwardenMysqlError';
  readonly code: 'no-identity' | 'unknown-upstream' | 'not-injected' | 'no-cluster' | 'no-configuration';

  constructor(code: SqlwardenMysqlError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
