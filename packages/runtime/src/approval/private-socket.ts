import { randomBytes } from 'node:crypto';
import { linkSync, lstatSync, mkdirSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname, resolve } from 'node:path';

/** Why a unix socket cannot be opened. */
export type PrivateSocketErrorCode =
  | 'path-too-long'
  | 'directory-unsafe' // others could replace the socket
  | 'not-a-socket' // something else is at the path
  | 'in-use' // another process listens there
  | 'listen-failed';

/** A socket that cannot be opened as asked for. The message says what to change. */
export class PrivateSocketError extends Error {
  override readonly name = 'PrivateSocketError';
  readonly code: PrivateSocketErrorCode;

  constructor(code: PrivateSocketErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What `sockaddr_un` holds on every platform, without the closing zero. Longer paths would be cut silently. */
const MAX_PATH_BYTES = 103;
const OWNER_ONLY = 0o600;
/** Every bit but the owner's read and write. */
const PRIVATE_UMASK = 0o177;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * Listens on a unix socket that only this process's user may open: mode 0600 from the moment it exists. Makes the directory (0700) when
 * it is missing. A socket that nobody listens on any more is replaced; one that is in use, or anything else at the path, is left alone.
 * Rejects with a {@link PrivateSocketError}.
 */
export async function listenPrivately(server: Server, socketPath: string): Promise<void> {
  const path = resolve(socketPath);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw new PrivateSocketError('path-too-long', `the path of the socket is longer than ${MAX_PATH_BYTES} bytes; choose a shorter one`);
  checkDirectory(dirname(path));
  try {
    await bind(server, path);
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw failed(error);
    await removeStale(path);
    await bind(server, path).catch((again: unknown) => {
      throw failed(again);
    });
  }
  // INVARIANT: whatever the platform made of the umask, a wider socket is not served.
  if ((lstatSync(path).mode & 0o777) !== OWNER_ONLY) {
    server.close();
    throw new PrivateSocketError('listen-failed', 'the socket could not be closed to other users; choose another file system');
  }
}

function failed(cause: unknown): PrivateSocketError {
  return new PrivateSocketError('listen-failed', `cannot listen on the socket (${codeOf(cause) ?? 'unknown reason'})`, { cause });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

function checkDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { mode } = statSync(directory);
    if ((mode & WRITABLE_BY_OTHERS) === 0 || (mode & STICKY) !== 0) return;
  } catch (error) {
    throw failed(error);
  }
  throw new PrivateSocketError('directory-unsafe', 'other users can write to the directory of the socket; close it to them');
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolvePromise, reject) => {
    const onError = (error: Error): void => reject(error);
    server.once('error', onError);
    // `exclusive` makes the socket here and now, in a cluster's worker too, so that the umask is changed for this one call.
    const before = process.umask(PRIVATE_UMASK);
    try {
      server.listen({ path, exclusive: true }, () => {
        server.off('error', onError);
        resolvePromise();
      });
    } finally {
      process.umask(before);
    }
  });
}

/** Takes away a socket that nobody listens on. */
async function removeStale(path: string): Promise<void> {
  await checkStale(path);
  // Another process may have found the same, removed it and be listening by now: what is taken away is looked at again.
  const aside = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw failed(error);
  }
  try {
    await checkStale(aside);
  } catch (error) {
    restore(aside, path);
    throw error;
  }
  unlinkSync(aside);
}

function restore(aside: string, path: string): void {
  try {
    linkSync(aside, path);
  } finally {
    unlinkSync(aside);
  }
}

/** Throws unless `path` is a socket that nobody listens on. */
async function checkStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new PrivateSocketError('not-a-socket', 'the path of the socket is taken by something else; remove it');
  if (await answers(path)) throw new PrivateSocketError('in-use', 'another process listens on the socket; stop it or choose another path');
}

/** False only when the system says that nobody listens. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolvePromise) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolvePromise(true);
    });
    probe.once('error', (error) => {
      const code = codeOf(error);
      resolvePromise(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}
