import { unreachable } from '@sqlwarden/core';
import { OWNER, READER } from './database.js';
import { startGateway } from './gateway.js';
import { type ProxyProcess, startHaproxy, startPgbouncer, startPipe } from './other-proxies.js';
import type { OpenPath, PathName, PathRequest } from './paths.js';

/** Starts what the path needs, in processes of its own. */
export function openPath(name: PathName, request: PathRequest): Promise<OpenPath> {
  switch (name) {
    case 'direct':
      return Promise.resolve(transparent(name, request, { port: request.database.server.port, stop: () => Promise.resolve() }));
    case 'pipe':
      return startPipe(request.database).then((process) => transparent(name, request, process));
    case 'pgbouncer':
      return startPgbouncer(request.database).then((process) => transparent(name, request, process));
    case 'haproxy':
      return startHaproxy(request.database).then((process) => transparent(name, request, process));
    case 'sqlwarden':
    case 'policy':
    case 'password':
    case 'masks':
    case 'durable':
    case 'unrecorded':
      return startGateway(name, request);
    default:
      return unreachable(name);
  }
}

/** Behind it clients log in as the server's own roles. */
function transparent(
  name: PathName,
  { database: { password } }: PathRequest,
  { port, stop, ...rest }: Pick<ProxyProcess, 'port' | 'stop'> & Partial<Pick<ProxyProcess, 'pid'>>,
): OpenPath {
  return { name, port, stop, pid: rest.pid, login: { user: OWNER, password }, clearLogin: { user: READER, password } };
}
