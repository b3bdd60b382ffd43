import { resolve } from 'node:path';
import { postgresDialect } from '@sqlwarden/postgres';
import { Gateway } from '@sqlwarden/runtime';
import { SqlwardenPgError } from './errors.js';

/** One gateway per configuration file and process, open while somebody uses it. */
interface Shared {
  readonly gateway: Promise<Gateway>;
  users: number;
}

const shared = new Map<string, Shared>();

/** A user's hold on the process's gateway for one configuration file. */
export class GatewayLease {
  readonly #path: string;
  readonly #shared: Shared;
  #released = false;

  constructor(configFile: string) {
    this.#path = resolve(configFile);
    let entry = shared.get(this.#path);
    if (entry === undefined) {
      const gateway = Gateway.open({ configFile: this.#path, dialects: [postgresDialect], enforcement: 'library' });
      gateway.catch(() => shared.delete(this.#path));
      entry = { gateway, users: 0 };
      shared.set(this.#path, entry);
    }
    entry.users++;
    this.#shared = entry;
  }

  /** The gateway once it is open; rejects when its configuration or ledger cannot be used. */
  gateway(): Promise<Gateway> {
    return this.#shared.gateway;
  }

  /** Gives the hold back; the last one closes the gateway and its ledger. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    if (--this.#shared.users > 0) return;
    if (shared.get(this.#path) === this.#shared) shared.delete(this.#path);
    const gateway = await this.#shared.gateway.catch(() => undefined);
    await gateway?.close();
  }
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
