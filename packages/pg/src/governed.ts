import { resolve } from 'node:path';
import { postgresDialect } from '@sqlwarden/postgres';
import { Gateway, runAsNobody } from '@sqlwarden/runtime';
import { SqlwardenPgError } from './errors.js';

/** One gateway per configuration file and process, open while somebody uses it. */
interface Shared {
  readonly gateway: Promise<Gateway>;
  users: number;
}

const shared = new Map<string, Shared>();
/** Gateways that are being closed: the next one for the same file waits, because two cannot have one ledger. */
const closing = new Map<string, Promise<void>>();

/** A user's hold on the process's gateway for one configuration file; taken when the gateway is first asked for. */
export class GatewayLease {
  readonly #path: string;
  #shared: Shared | undefined;
  #released = false;

  constructor(configFile: string) {
    this.#path = resolve(configFile);
  }

  /** The gateway once it is open; rejects when its configuration or ledger cannot be used, or the hold was given back. */
  async gateway(): Promise<Gateway> {
    if (this.#released) throw new Error('the connection was ended before it was made');
    this.#shared ??= enter(this.#path);
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

function enter(path: string): Shared {
  let entry = shared.get(path);
  if (entry === undefined) {
    // It outlives the request that happens to be the first to need it.
    const opened: Shared = { gateway: runAsNobody(() => openAfterOthers(path)), users: 0 };
    opened.gateway.catch(() => {
      if (shared.get(path) === opened) shared.delete(path);
    });
    entry = opened;
    shared.set(path, entry);
  }
  entry.users++;
  return entry;
}

async function openAfterOthers(configFile: string): Promise<Gateway> {
  await closing.get(configFile);
  return Gateway.open({ configFile, dialects: [postgresDialect], enforcement: 'library' });
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

/** The upstream that an application means: by name, by address, or the only one. */
export function chooseUpstream(gateway: Gateway, name: string | undefined, wanted: WantedServer): string {
  const candidates = gateway.upstreams.filter((upstream) => upstream.dialect === 'postgres');
  const chosen = candidates.filter(
    (upstream) =>
      (name === undefined || upstream.name === name) &&
      (wanted.host === undefined || wanted.host === upstream.host) &&
      (wanted.port === undefined || wanted.port === upstream.port) &&
      (wanted.database === undefined || wanted.database === upstream.database || wanted.database === upstream.name),
  );
  const [only] = chosen;
  if (chosen.length === 1 && only !== undefined) return only.name;
  const names = candidates.map((upstream) => upstream.name).join(', ') || 'none';
  throw new SqlwardenPgError(
    'unknown-upstream',
    chosen.length === 0
      ? `no upstream of the configuration is the database that was asked for; its PostgreSQL upstreams are: ${names}`
      : `several upstreams fit (${names}); say which with the option "upstream"`,
  );
}
