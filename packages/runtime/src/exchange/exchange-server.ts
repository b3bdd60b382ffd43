import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type SecureContextOptions, Server as TlsServer } from 'node:tls';
import { listenPrivately } from '../approval/private-socket.js';
import type { ExchangeConfig, GatewayConfig } from '../config/gateway-config.js';
import { configProblem, readNamedFile } from '../config/named-file.js';
import { FileStamps } from '../login/file-stamps.js';
import { closeServer, readBody, sendJson } from '../transport/plain-http.js';
import { MAX_FORM_BYTES, type TokenAnswer, type TokenRequest } from './token-endpoint.js';

export interface ExchangeServerOptions {
  readonly gateway: Pick<GatewayConfig, 'file'>;
  readonly config: ExchangeConfig;
  readonly answer: (request: TokenRequest) => Promise<TokenAnswer>;
  readonly onTrouble: (error: Error) => void;
}

export interface ExchangeServer {
  /** The port may have been chosen by the system. */
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string };
  /** Takes no more requests and cuts those under way. */
  close(): Promise<void>;
}

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 128;
const HEADERS_TIMEOUT_MS = 4_000;
const REQUEST_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 10_000;
const LOOK_MS = 2_000;

/** Serves the token exchange: HTTP/1.1 over a unix socket of mode 0600, loopback, or TLS. Rejects when it cannot listen. */
export async function serveExchange(options: ExchangeServerOptions): Promise<ExchangeServer> {
  const { config, onTrouble } = options;
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: 1000,
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => void respond(request, response, options);
  const { tls } = config;
  const server =
    tls === undefined
      ? createServer(limits, onRequest)
      : createTlsServer({ ...limits, ...tlsOf(options, tls), handshakeTimeout: HEADERS_TIMEOUT_MS }, onRequest);
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = IDLE_TIMEOUT_MS;
  const address = await listen(server, config.listen);
  // Errors of single connections are theirs; an error of the listener itself must not end the process.
  server.on('error', onTrouble);
  const renewal = tls === undefined || !(server instanceof TlsServer) ? undefined : renewCertificates(server, options, tls);
  return {
    address,
    close: () => {
      clearInterval(renewal);
      return closeServer(server);
    },
  };
}

/** Certificates are replaced while the gateway runs. Files that cannot be used leave it as it was. */
function renewCertificates(server: TlsServer, options: ExchangeServerOptions, tls: TlsFiles): NodeJS.Timeout {
  const stamps = new FileStamps([tls.certificate, tls.key], Date.now);
  return setInterval(() => {
    if (!stamps.changed()) return;
    try {
      server.setSecureContext(tlsOf(options, tls));
    } catch (error) {
      options.onTrouble(new Error(`TLS of the token exchange stays as it was: ${(error as Error).message}`, { cause: error }));
    }
  }, LOOK_MS).unref();
}

type TlsFiles = NonNullable<ExchangeConfig['tls']>;

function tlsOf({ gateway }: ExchangeServerOptions, tls: TlsFiles): SecureContextOptions {
  const cert = readNamedFile(gateway.file, tls.certificate, 'exchange.tls.certificate', 'give the PEM of the certificate that clients see');
  const key = readNamedFile(gateway.file, tls.key, 'exchange.tls.key', 'give the PEM of its key');
  if (!cert.includes('-----BEGIN CERTIFICATE-----') || !key.includes('PRIVATE KEY-----')) {
    throw configProblem('config-invalid', gateway.file, 'exchange.tls', 'the files are not PEM; give a certificate and its private key');
  }
  return { cert, key, minVersion: 'TLSv1.2' };
}

async function listen(server: Server, at: ExchangeConfig['listen']): Promise<ExchangeServer['address']> {
  if (at.kind === 'socket') {
    await listenPrivately(server, at.path);
    return { path: at.path };
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: at.host, port: at.port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address();
  return { host: at.host, port: bound !== null && typeof bound === 'object' ? bound.port : at.port };
}

async function respond(request: IncomingMessage, response: ServerResponse, { answer, onTrouble }: ExchangeServerOptions): Promise<void> {
  let plain: TokenRequest;
  try {
    plain = await plainRequest(request);
  } catch {
    // The client went away, or was too slow.
    response.destroy();
    return;
  }
  try {
    sendJson(response, forNobodyElse(await answer(plain)));
  } catch (error) {
    onTrouble(error as Error);
    sendJson(response, {
      status: 500,
      body: { error: 'server_error', error_description: 'see the log of the gateway', code: 'fault' },
    });
  }
}

async function plainRequest(request: IncomingMessage): Promise<TokenRequest> {
  const { method = '', url = '', headers, socket } = request;
  return {
    method,
    url,
    client: socket.remoteAddress === undefined ? 'unix socket' : `${socket.remoteAddress}:${socket.remotePort ?? 0}`,
    ...(headers['content-type'] === undefined ? {} : { contentType: headers['content-type'] }),
    ...(method === 'POST' ? { body: await readBody(request, MAX_FORM_BYTES) } : {}),
  };
}

/** RFC 6749 section 5.1: tokens are kept by nobody on the way. */
function forNobodyElse(answer: TokenAnswer): TokenAnswer {
  return { ...answer, headers: { pragma: 'no-cache', ...answer.headers } };
}
