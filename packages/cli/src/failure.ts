/** The exit statuses of every command. `ledger verify` has more of its own: those of the ledger package. */
export const EXIT = { ok: 0, failure: 1, usage: 2 } as const;

/** The command was written wrongly: exit status 2. The message says what to write. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was asked for cannot be done: exit status 1. The message says what to do; it never holds a value, a statement or a secret. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}

/** Errors of the packages that are meant for people. Known by name, because a package may be loaded twice. */
const FOR_PEOPLE: ReadonlySet<string> = new Set([
  'UsageError',
  'CommandFailure',
  'ConfigError',
  'PolicyError',
  'IdentityError',
  'LedgerError',
  'ControlConnectionError',
  'PrivateSocketError',
  'AdminClientError',
]);

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not do that; check the permissions',
  EADDRINUSE: 'the address is taken; stop what listens there, or choose another one',
  EADDRNOTAVAIL: 'this machine does not have that address; correct it in the configuration',
  ECONNREFUSED: 'nothing listens there; check that it is running',
  EEXIST: 'it is there already',
  EISDIR: 'it is a directory; name a file',
  ENOENT: 'there is no such file; check the path',
  ENOSPC: 'the disk is full; make room',
  ENOTDIR: 'a part of the path is no directory; check the path',
  EPERM: 'this user may not do that; check the permissions',
  EROFS: 'the file system is read-only',
};

/** An error as its lines for a person, without a stack trace. */
export function failureLines(error: unknown): readonly string[] {
  if (!(error instanceof Error) && !isErrorLike(error)) return ['failed for an unknown reason; set SQLWARDEN_DEBUG=1 and try again'];
  if (FOR_PEOPLE.has(error.name)) return error.message.split('\n');
  const { code, path, address, port } = error as NodeJS.ErrnoException & { readonly address?: string; readonly port?: number };
  const known = code === undefined ? undefined : SYSTEM_ERRORS[code];
  if (known !== undefined) {
    const where = path ?? (address === undefined ? undefined : port === undefined ? address : `${address}:${port}`);
    return [where === undefined ? `${code}: ${known}` : `${where}: ${known} (${code})`];
  }
  return [`${error.message} (unexpected; set SQLWARDEN_DEBUG=1 to see where)`];
}

function isErrorLike(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'name' in error && 'message' in error && typeof error.message === 'string';
}
