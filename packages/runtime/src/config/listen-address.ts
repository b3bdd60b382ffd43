import { isIPv4, isIPv6 } from 'node:net';
import path from 'node:path';
import type { ListenConfig } from './gateway-config.js';

const HOST_AND_PORT = /^(?:\[([^\]]+)\]|([^:[\]/]+)):(\d{1,5})$/;

/** `host:port`, `[ipv6]:port` or the path of a unix socket; `undefined` when it is none of these. Port 0 means any free port. */
export function parseListen(text: string, directory: string): ListenConfig | undefined {
  if (text.startsWith('/') || text.startsWith('./') || text.startsWith('../')) {
    return { kind: 'socket', path: path.resolve(directory, text), isPrivate: true };
  }
  const match = HOST_AND_PORT.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535 || (match?.[1] !== undefined && !isIPv6(host))) return undefined;
  return { kind: 'tcp', host, port, isPrivate: isLoopback(host) };
}

/** True for addresses that never leave this machine. */
export function isLoopback(host: string): boolean {
  if (isIPv4(host)) return host.startsWith('127.');
  return host === 'localhost' || host === '::1' || host === '0:0:0:0:0:0:0:1';
}
