import { resolve } from 'node:path';
import type { Dialect, DialectName } from '@sqlwarden/core';
import { Gateway } from '../gateway.js';
import { runAsNobody } from '../intent/identity-context.js';

/** One gateway per configuration file and process, open while somebody uses it. */
interface Shared {
  readonly gateway: Promise<Gateway>;
  readonly dialects: ReadonlySet<Dialect>;
  users: number;
}

/** Of the driver wrappers that this process has loaded: one gateway serves all of them, because its ledger can have one writer. */
const loaded = new Set<Dialect>();

const shared = new Map<string, Shared>();
/** Gateways that are being closed: the next one for the same file waits, because two cannot have one ledger. */
const closing = new Map<string, Promise<void>>();

/** For a driver wrapper, when it is loaded: how its connections get their hold on the gateway of this process. */
export function gatewayLeases(dialect: Dialect): (configFile: string) => GatewayLease {
  loaded.add(dialect);
  return (configFile) => new GatewayLease(configFile, dialect);
}

/** A user's hold on the process's gateway for one configuration file; taken when the gateway is first asked for. */
export class GatewayLease {
  readonly #path: string;
  readonly #dialect: Dialect;
  #shared: Shared | undefined;
  #released = false;

  constructor(configFile: string, dialect: Dialect) {
    this.#path = resolve(configFile);
    this.#dialect = dialect;
  }

  /** The gateway once it is open; rejects when its configuration or ledger cannot be used, or the hold was given back. */
  async gateway(): Promise<Gateway> {
    if (this.#released) throw new Error('the connection was ended before it was made');
    this.#shared ??= enter(this.#path, this.#dialect);
    return this.#shared.gateway;
  }

  /** Gives the hold back; the last one closes the gateway and its ledger. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    const entry = this.#shared;
    if (entry === undefined || --entry.users > 0) return;
    if (shared.get(this.#path) === entry) shared.delete(this.#path);
    const closed = close(entry.gateway);
    const settled = closed.catch(() => undefined);
    closing.set(this.#path, settled);
    try {
      await closed;
    } finally {
      if (closing.get(this.#path) === settled) closing.delete(this.#path);
    }
  }
}

function enter(path: string, dialect: Dialect): Shared {
  let entry = shared.get(path);
  if (entry !== undefined && !entry.dialects.has(dialect))
    throw new Error(`the gateway of this process is open without ${dialect.name}; load every driver wrapper before the first connection`);
  if (entry === undefined) {
    const dialects = new Set(loaded);
    // It outlives the request that happens to be the first to need it.
    const opened: Shared = { gateway: runAsNobody(() => openAfterOthers(path, dialects)), dialects, users: 0 };
    opened.gateway.catch(() => {
      if (shared.get(path) === opened) shared.delete(path);
    });
    entry = opened;
    shared.set(path, entry);
  }
  entry.users++;
  return entry;
}

async function openAfterOthers(configFile: string, dialects: ReadonlySet<Dialect>): Promise<Gateway> {
  await closing.get(configFile);
  return Gateway.open({ configFile, dialects: [...dialects], enforcement: 'library' });
}

async function close(opened: Promise<Gateway>): Promise<void> {
  const gateway = await opened.catch(() => undefined);
  await gateway?.close();
}

/** Where an application says that its database is. */
export interface WantedServer {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly database: string | undefined;
}

/** The upstream that an application means: by name, by address, or the only one; or what is wrong with what it says. */
export function chooseUpstream(
  gateway: Pick<Gateway, 'upstreams'>,
  dialect: DialectName,
  name: string | undefined,
  wanted: WantedServer,
): { readonly ok: true; readonly upstream: string } | { readonly ok: false; readonly problem: string } {
  const candidates = gateway.upstreams.filter((upstream) => upstream.dialect === dialect);
  const chosen = candidates.filter(
    (upstream) =>
      (name === undefined || upstream.name === name) &&
      (wanted.host === undefined || wanted.host === upstream.host) &&
      (wanted.port === undefined || wanted.port === upstream.port) &&
      (wanted.database === undefined || wanted.database === upstream.database || wanted.database === upstream.name),
  );
  const [only] = chosen;
  if (chosen.length === 1 && only !== undefined) return { ok: true, upstream: only.name };
  const names = candidates.map((upstream) => upstream.name).join(', ') || 'none';
  const problem =
    chosen.length === 0
      ? `no upstream of the configuration is the database that was asked for; its ${SYSTEMS[dialect]} upstreams are: ${names}`
      : `several upstreams fit (${names}); say which with the option "upstream"`;
  return { ok: false, problem };
}

const SYSTEMS = { postgres: 'PostgreSQL', mysql: 'MySQL', sqlserver: 'SQL Server' } as const satisfies Record<DialectName, string>;
