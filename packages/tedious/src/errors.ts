/** What can be wrong with how the wrapper is used. The database's own errors, refusals among them, are `tedious`'s. */
export class SqlwardenTediousError extends Error {
  override readonly name = 'SqlwardenTediousError';
  readonly code: 'no-configuration' | 'no-identity' | 'unknown-upstream' | 'not-injected';

  constructor(code: SqlwardenTediousError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
