import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AdminAnswer } from './admin-answer.js';
import {
  type AdminRequest,
  type AdminSources,
  answerAdmin,
  MAX_BODY_BYTES,
  type TokenVerification,
  unexpectedAdmin,
} from './admin-answers.js';
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
        .then((given) => send(response, given))
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

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function send(response: ServerResponse, { status, body, headers }: AdminAnswer): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': bytes.length,
    'cache-control': 'no-store',
    // A body that was not read would be taken for the next request.
    connection: 'close',
    ...headers,
  });
  response.end(bytes);
}

async function plainRequest(request: IncomingMessage): Promise<AdminRequest> {
  const { method = '', url = '', headers } = request;
  return {
    method,
    url,
    ...(headers.authorization === undefined ? {} : { authorization: headers.authorization }),
    ...(headers['content-type'] === undefined ? {} : { contentType: headers['content-type'] }),
    ...(method === 'POST' ? { body: await readBody(request) } : {}),
  };
}

/** The body as text; `null` when it is too long or not UTF-8. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Leaving the loop early must leave the connection open for the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    return null;
  }
}
