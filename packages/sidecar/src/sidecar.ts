import type { Socket } from 'node:net';
import { partyKey, type Dialect, type Principal } from '@sqlwarden/core';
import {
  type AdminSocket,
  type ClientGuard,
  type ExchangeServer,
  Gateway,
  type GatewayConfig,
  openAdminSocket,
  serveExchange,
} from '@sqlwarden/runtime';
import { type ClientDoor, openDoors } from './client-door.js';
import { ConnectionLimits, type Entered } from './connection-limits.js';
import type { HealthState } from './health.js';
import { Listener, type ListenAddress } from './listener.js';
import type { PolicyAnnouncement } from './worker-messages.js';

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
  readonly policy: PolicyAnnouncement;
  readonly adminSocket: string | undefined;
  /** Where the token exchange answers. */
  readonly exchange: ListenAddress | undefined;
  /** Processes that serve clients. */
  readonly workers: number;
}

/** A gateway that listens, in one process or several. */
export interface RunningGateway {
  readonly config: GatewayConfig;
  readonly announcement: Announcement;
  /** Clients that are connected. */
  readonly connectionCount: number;
  /** For {@link openHealth}. Never rejects. */
  health(): Promise<HealthState>;
  /** Reads the files again that may change while it runs. Rejects with an error that says what is wrong; nothing has changed then. */
  reload(): Promise<void>;
  /**
   * Is not ready from now on, goes on for the configured `drain.delayMs`, then takes no new clients, ends those that do nothing, lets open
   * transactions go on for `drainMs`, and closes the ledger in order. Called again with 0 it waits for nothing any more. Rejects when the
   * ledger could not be closed.
   */
  stop(drainMs: number): Promise<void>;
}

interface Doors {
  readonly listeners: readonly Listener[];
  readonly admin: AdminSocket | undefined;
  readonly exchange: ExchangeServer | undefined;
}

/** The gateway as a process of its own: a listener for each upstream, and the socket of the approvers' command. */
export class Sidecar implements RunningGateway {
  readonly gateway: Gateway;
  readonly announcement: Announcement;
  readonly #limits: ConnectionLimits;
  readonly #listeners: readonly Listener[];
  readonly #admin: AdminSocket | undefined;
  readonly #exchange: ExchangeServer | undefined;
  readonly #hurry = new AbortController();
  #stopping: Promise<void> | undefined;

  /** Starts everything or nothing. Rejects with an error that says what to do. */
  static async start(options: SidecarOptions): Promise<Sidecar> {
    const gateway = await Gateway.open({ ...options, enforcement: 'gateway' });
    const limits = new ConnectionLimits(gateway.config.limits);
    const listeners: Listener[] = [];
    let admin: AdminSocket | undefined;
    let exchange: ExchangeServer | undefined;
    try {
      const doors = openDoors(gateway, options.onTrouble);
      const policy = await gateway.announcePolicy();
      const listening: Listening[] = [];
      for (const door of doors) {
        const onClient = (socket: Socket): void => admit(socket, door, limits);
        const listener = new Listener({ address: door.address, paused: false, onClient, onTrouble: options.onTrouble });
        listeners.push(listener);
        listening.push({ upstream: door.upstream, tls: door.tls !== undefined, address: await listener.listen() });
      }
      if (gateway.config.admin !== undefined) admin = await openAdmin(gateway, gateway.config.admin.socket, options.onTrouble);
      exchange = await openExchange(gateway, options.onTrouble);
      const announcement = { listening, policy, adminSocket: gateway.config.admin?.socket, exchange: exchange?.address, workers: 1 };
      return new Sidecar(gateway, limits, { listeners, admin, exchange }, announcement);
    } catch (error) {
      for (const listener of listeners) listener.stop();
      await admin?.close();
      await exchange?.close();
      await gateway.close();
      throw error;
    }
  }

  private constructor(gateway: Gateway, limits: ConnectionLimits, { listeners, admin, exchange }: Doors, announcement: Announcement) {
    this.gateway = gateway;
    this.announcement = announcement;
    this.#limits = limits;
    this.#listeners = listeners;
    this.#admin = admin;
    this.#exchange = exchange;
  }

  get config(): GatewayConfig {
    return this.gateway.config;
  }

  get connectionCount(): number {
    return this.gateway.connectionCount;
  }

  async health(): Promise<HealthState> {
    const { ready, reasons } =
      this.#stopping === undefined ? await this.gateway.health() : { ready: false, reasons: ['the gateway is shutting down'] };
    const { perListener, turnedAway } = this.#limits;
    return {
      ready,
      reasons,
      connections: this.gateway.connectionCount,
      decisions: this.gateway.decisionCounts,
      listeners: perListener,
      turnedAway,
      workers: { configured: 1, serving: 1, restarts: 0 },
      metrics: this.gateway.metrics,
    };
  }

  async reload(): Promise<void> {
    await this.gateway.reload();
  }

  stop(drainMs: number): Promise<void> {
    if (drainMs === 0) {
      this.#hurry.abort();
      if (this.#stopping !== undefined) void this.gateway.close(0).catch(() => undefined);
    }
    this.#stopping ??= this.#stop(drainMs);
    return this.#stopping;
  }

  async #stop(drainMs: number): Promise<void> {
    await pause(this.config.drain.delayMs, this.#hurry.signal);
    for (const listener of this.#listeners) listener.stop();
    await this.#exchange?.close();
    try {
      await this.gateway.close(this.#hurry.signal.aborted ? 0 : drainMs);
    } finally {
      await this.#admin?.close();
    }
  }
}

/** Resolves after `ms`, or as soon as the signal says so. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Whom the limits count: all that one subject does, itself or through others. */
export function identityOf(principal: Principal): string {
  return partyKey(principal.subject);
}

function admit(socket: Socket, door: ClientDoor, limits: ConnectionLimits): void {
  const entered: Entered = limits.enter(door.upstream);
  if (entered.kind === 'drop') {
    socket.destroy();
    return;
  }
  const guard: ClientGuard = {
    refusal: entered.refusal,
    identified: (principal) => limits.identified(entered.client, identityOf(principal)),
    closed: () => limits.left(entered.client),
  };
  door.take(socket, guard);
}

function openAdmin(gateway: Gateway, path: string, onTrouble: (error: Error) => void): Promise<AdminSocket> {
  return openAdminSocket({
    path,
    approvals: gateway.approvals,
    sessions: () => gateway.sessions(),
    verify: (token) => gateway.verifyAdmin(token),
    operations: gateway.operations,
    onTrouble,
  });
}

async function openExchange({ config, tokenEndpoint }: Gateway, onTrouble: (error: Error) => void): Promise<ExchangeServer | undefined> {
  if (config.exchange === undefined || tokenEndpoint === undefined) return undefined;
  return serveExchange({ gateway: config, config: config.exchange, onTrouble, answer: (request) => tokenEndpoint.answer(request) });
}
