import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Dialect } from '@sqlwarden/core';
import { type AdminSocket, ConfigError, Gateway, type UpstreamConfig, openAdminSocket } from '@sqlwarden/runtime';
import { Listener, type ListenAddress } from './listener.js';

export interface SidecarOptions {
  /** Path of `sqlwarden.yaml`. */
  readonly configFile: string;
  readonly dialects: readonly Dialect[];
  /** What an operator must hear of; never a statement, a value or a token. */
  readonly onTrouble: (error: Error) => void;
}

/** An upstream's listener as it came up. */
export interface Listening {
  readonly upstream: string;
  readonly address: ListenAddress;
  readonly tls: boolean;
}

export interface Announcement {
  readonly listening: readonly Listening[];
  /** Parts of the policy that do nothing, by upstream; and upstreams whose schema could not be read. */
  readonly policy: Awaited<ReturnType<Gateway['announcePolicy']>>;
  readonly adminSocket: string | undefined;
}

/** The gateway as a process of its own: a listener for each upstream, and the socket of the approvers' command. */
export class Sidecar {
  readonly gateway: Gateway;
  readonly announcement: Announcement;
  readonly #listeners: readonly Listener[];
  readonly #admin: AdminSocket | undefined;

  /** Starts everything or nothing. Rejects with an error that says what to do. */
  static async start(options: SidecarOptions): Promise<Sidecar> {
    const gateway = await Gateway.open({ ...options, enforcement: 'gateway' });
    const listeners: Listener[] = [];
    let admin: AdminSocket | undefined;
    try {
      const prepared = gateway.upstreams.flatMap(({ name, config }) => prepare(gateway, name, config, options.onTrouble));
      const policy = await gateway.announcePolicy();
      const listening: Listening[] = [];
      for (const { upstream, tls, listener } of prepared) {
        listeners.push(listener);
        listening.push({ upstream, tls, address: await listener.listen() });
      }
      if (gateway.config.admin !== undefined) {
        admin = await openAdminSocket({
          path: gateway.config.admin.socket,
          approvals: gateway.approvals,
          verify: (token) => gateway.verifyToken(token),
          onTrouble: options.onTrouble,
        });
      }
      return new Sidecar(gateway, listeners, admin, { listening, policy, adminSocket: gateway.config.admin?.socket });
    } catch (error) {
      for (const listener of listeners) listener.stop();
      await admin?.close();
      await gateway.close();
      throw error;
    }
  }

  private constructor(gateway: Gateway, listeners: readonly Listener[], admin: AdminSocket | undefined, announcement: Announcement) {
    this.gateway = gateway;
    this.announcement = announcement;
    this.#listeners = listeners;
    this.#admin = admin;
  }

  /** Takes no new clients, lets those that are there finish for `drainMs`, and closes the ledger in order. */
  async stop(drainMs: number): Promise<void> {
    for (const listener of this.#listeners) listener.stop();
    try {
      await this.gateway.close(drainMs);
    } finally {
      await this.#admin?.close();
    }
  }
}

function prepare(
  gateway: Gateway,
  upstream: string,
  config: UpstreamConfig,
  onTrouble: (error: Error) => void,
): { upstream: string; tls: boolean; listener: Listener }[] {
  const { listen } = config;
  if (listen === undefined) return [];
  const tls = config.clientTls === undefined ? undefined : secureContext(gateway, config.clientTls);
  const listener = new Listener({
    gateway,
    upstream,
    tls,
    onTrouble,
    address: listen.kind === 'socket' ? { path: listen.path } : { host: listen.host, port: listen.port },
    requireTls: !listen.isPrivate,
    maxConnections: gateway.config.limits.maxSessions,
  });
  return [{ upstream, tls: tls !== undefined, listener }];
}

function secureContext(gateway: Gateway, files: { readonly certificate: string; readonly key: string }): SecureContext {
  try {
    return createSecureContext({ cert: readFileSync(files.certificate), key: readFileSync(files.key), minVersion: 'TLSv1.2' });
  } catch (error) {
    throw new ConfigError('file-unreadable', [
      {
        file: gateway.config.file,
        line: 0,
        column: 0,
        path: 'clientTls',
        message: `certificate or key cannot be used (${(error as Error).message}); give PEM files that belong together`,
      },
    ]);
  }
}
