import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type SecureVersion, type TLSSocket } from 'node:tls';
import type { ServerAddress, TlsFacts, TlsFraming } from '@sqlwarden/core';
import { endPointOf } from './end-point.js';
import { FramedStream } from './framed-stream.js';

/** Where an upstream's server listens and how its leg is protected. */
export interface ServerTarget {
  readonly host: string;
  readonly port: number;
  /** A unix socket instead of host and port. */
  readonly socketPath: string | undefined;
  /** `verify-full`: certificate and name are checked. `require`: encrypted, the other end is not checked. */
  readonly tls: 'verify-full' | 'require' | 'disable';
  /** PEM of the authorities to trust; the system's when absent. */
  readonly ca: string | undefined;
  /** PEM: who the gateway is, for servers that ask for a certificate. */
  readonly certificate?: { readonly certificate: string; readonly key: string };
  readonly connectTimeoutMs: number;
}

export function dialServer(target: ServerTarget): Socket {
  const socket =
    target.socketPath !== undefined ? connectTcp({ path: target.socketPath }) : connectTcp({ host: target.host, port: target.port });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 60_000);
  const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${target.connectTimeoutMs} ms`)), target.connectTimeoutMs);
  timer.unref();
  socket.once('connect', () => clearTimeout(timer));
  socket.once('close', () => clearTimeout(timer));
  return socket;
}

/** Where a server has sent the gateway, reached as that server is. */
export function routedTarget(target: ServerTarget, to: ServerAddress): ServerTarget {
  return { ...target, host: to.host, port: to.port, socketPath: undefined };
}

/** TLS over a connected socket, as its client. `alpn`: what the protocol inside is called there, where it has a name. The result emits `secureConnect` or `error`. */
export function encryptServerSocket(socket: Socket, target: ServerTarget, alpn: string | undefined, framing?: TlsFraming): TLSSocket {
  return framing === undefined
    ? serverTlsSocket(socket, target, 'TLSv1.3', alpn)
    : serverTlsSocket(new FramedStream(socket, framing), target, 'TLSv1.2', undefined);
}

function serverTlsSocket(socket: Duplex, target: ServerTarget, maxVersion: SecureVersion, alpn: string | undefined): TLSSocket {
  const { certificate } = target;
  return connectTls({
    socket,
    ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
    host: target.host,
    ...(target.ca === undefined ? {} : { ca: target.ca }),
    ...(certificate === undefined ? {} : { cert: certificate.certificate, key: certificate.key }),
    rejectUnauthorized: target.tls === 'verify-full',
    minVersion: 'TLSv1.2',
    maxVersion,
    ...(alpn === undefined ? {} : { ALPNProtocols: [alpn] }),
  });
}

/** What TLS with a server came to, once its handshake is done. */
export function serverTlsFacts(socket: TLSSocket): TlsFacts {
  const certificate = socket.getPeerX509Certificate();
  const endPoint = certificate === undefined ? undefined : endPointOf(certificate.raw);
  return {
    ...(endPoint === undefined ? {} : { endPoint }),
    ...(typeof socket.alpnProtocol === 'string' ? { protocol: socket.alpnProtocol } : {}),
  };
}
