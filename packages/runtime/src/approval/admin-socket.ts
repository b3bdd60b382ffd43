import { createServer, type IncomingMessage } from 'node:http';
import type { AdminAnswer } from './admin-answer.js';
import {
  type AdminRequest,
  type AdminSources,
  answerAdmin,
  MAX_BODY_BYTES,
  type TokenVerification,
  unexpectedAdmin,
} from './admin-answers.js';
import { closeServer, readBody, sendJson } from '../transport/plain-http.js';
import { listenPrivately } from './private-socket.js';

export type { TokenVerification };

export interface AdminSocketOptions extends AdminSources {
  /** Where the unix socket is to be. */
  readonly path: string;
}

/** A socket whose requests are answered elsewhere. */
export interface AdminServerOptions {
  readonly path: string;
  readonly answer: (request: AdminRequest) => Promise<AdminAnswer>;
  readonly onTrouble?: (error: Error) => void;
}

export interface AdminSocket {
  /** Takes no more requests, cuts those under way and removes the socket. */
  close(): Promise<void>;
}

const MAX_HEADER_BYTES = 32 * 1024;
const MAX_CONNECTIONS = 64;
const HEADERS_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;

/**
 * Serves the approvers' interface: HTTP/1.1 with JSON over a unix socket of mode 0600. Reading is for whoever may open the socket; a
 * decision needs a token of the approver's own. Rejects with a `PrivateSocketError`.
 */
export function openAdminSocket(options: AdminSocketOptions): Promise<AdminSocket> {
  const { path, onTrouble } = options;
  return serveAdmin({ path, answer: (request) => answerAdmin(request, options), ...(onTrouble === undefined ? {} : { onTrouble }) });
}

/** {@link openAdminSocket} for a process that hands requests on to where the approvals are. */
export async function serveAdmin(options: AdminServerOptions): Promise<AdminSocket> {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      plainRequest(request)
        .then((plain) => options.answer(plain))
        .catch((error: unknown): AdminAnswer => unexpectedAdmin(error, options.onTrouble))
        .then((given) => sendJson(response, given))
        .catch(() => response.destroy());
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = IDLE_TIMEOUT_MS;
  await listenPrivately(server, options.path);
  // Errors of single connections are theirs; an error of the listener itself must not end the process.
  server.on('error', (error) => options.onTrouble?.(error));
  return { close: () => closeServer(server) };
}

async function plainRequest(request: IncomingMessage): Promise<AdminRequest> {
  const { method = '', url = '', headers } = request;
  return {
    method,
    url,
    ...(headers.authorization === undefined ? {} : { authorization: headers.authorization }),
    ...(headers['content-type'] === undefined ? {} : { contentType: headers['content-type'] }),
    ...(method === 'POST' ? { body: await readBody(request, MAX_BODY_BYTES) } : {}),
  };
}
