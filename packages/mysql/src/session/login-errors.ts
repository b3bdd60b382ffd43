/** What to do about the errors of a login ("Server Error Message Reference"), for whoever runs the gateway. */
const ADVICE: ReadonlyMap<number, string> = new Map([
  [1040, 'it has too many connections'], // ER_CON_COUNT_ERROR
  [1044, 'give its user rights on the database'], // ER_DBACCESS_DENIED_ERROR
  [1045, 'check user and password'], // ER_ACCESS_DENIED_ERROR
  [1049, 'there is no such database'], // ER_BAD_DB_ERROR
  [1129, 'it has blocked the host of the gateway'], // ER_HOST_IS_BLOCKED
  [1130, 'it lets nobody in from the host of the gateway'], // ER_HOST_NOT_PRIVILEGED
  [1203, 'its user has too many connections'], // ER_TOO_MANY_USER_CONNECTIONS
  [1226, 'its user has used up what it may use'], // ER_USER_LIMIT_REACHED
  [1524, 'its user has a method that the server has not loaded'], // ER_PLUGIN_IS_NOT_LOADED
  [1698, 'give its user a password'], // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
  [1862, 'its password has expired'], // ER_MUST_CHANGE_PASSWORD_LOGIN
  [3032, 'the server takes no connections now'], // ER_SERVER_OFFLINE_MODE
  [3118, 'its user is locked'], // ER_ACCOUNT_HAS_BEEN_LOCKED
  [3159, 'it takes connections with TLS only'], // ER_SECURE_TRANSPORT_REQUIRED
  [4151, 'its user is locked'], // MariaDB: ER_ACCOUNT_HAS_BEEN_LOCKED
]);

/** The server says that it is not that user, or that the password is wrong. */
const ABOUT_IDENTITY: ReadonlySet<number> = new Set([1045, 1698, 1862, 3118, 4151]);

export function adviceOn(code: number): string {
  return ADVICE.get(code) ?? 'see its log';
}

export function isAboutIdentity(code: number): boolean {
  return ABOUT_IDENTITY.has(code);
}
