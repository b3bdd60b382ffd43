import { readEntries } from '@sqlwarden/ledger';
import { gatewayLeases } from '@sqlwarden/runtime';
import { sqlserverDialect } from '@sqlwarden/sqlserver';
import { Connection, type ConnectionConfig, Request, type RequestError } from '@sqlwarden/tedious';
import type tedious from 'tedious';
import { type Site, writeSite } from '../harness/gateway.js';
import { shopGateway } from './shop-gateway.js';
import type { ShopKind, ShopServer } from './shop-server.js';

/** A server with a shop, and a configuration file for wrappers of drivers. The gateway of this process is open until it stops. */
export interface WrapperSite extends Pick<Site, 'configFile' | 'token'> {
  readonly server: ShopServer;
  /** Who `session.opened` names, with how and in which dialect. */
  sessions(): Promise<readonly { readonly enforcement: string; readonly dialect: string; readonly subject: string }[]>;
  stop(): Promise<void>;
}

export async function startWrapperSite(kind: ShopKind): Promise<WrapperSite> {
  const server = await kind.start();
  const site = await writeSite(shopGateway(server));
  // Nobody can wait for the gateway of a connection that has ended; for that of a hold one can.
  const hold = gatewayLeases(sqlserverDialect)(site.configFile);
  await hold.gateway();
  return {
    configFile: site.configFile,
    token: (groups, options) => site.token(groups, options),
    server,
    async sessions() {
      const opened = [];
      for await (const { event } of readEntries(site.ledgerDirectory))
        if (event.type === 'session.opened')
          opened.push({ enforcement: event.enforcement, dialect: event.dialect, subject: event.principal.subject.id });
      return opened;
    },
    async stop() {
      // Connections that were closed just now say so in the next turn; the last hold is this one.
      await new Promise((resolve) => setImmediate(resolve));
      await hold.release();
      await server.stop();
      site.remove();
    },
  };
}

export function connected(config: ConnectionConfig): Promise<Connection> {
  const connection = new Connection({ ...config, options: { connectTimeout: 60_000, ...config.options } });
  connection.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    connection.connect((error) => (error === undefined ? resolve(connection) : reject(error)));
  });
}

export function closed(connection: tedious.Connection): Promise<void> {
  return new Promise((resolve) => {
    connection.once('end', () => resolve());
    connection.close();
  });
}

/** What came of a request: its rows, and what else the driver told of it. */
export interface Outcome {
  readonly rows: readonly (readonly unknown[])[];
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly status: number | undefined;
  readonly rowCount: number | undefined;
}

/** Makes a request of the driver and sends it by `send`. Rejects with the driver's error. */
export function outcomeOf(sql: string, send: (request: Request) => void): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const rows: unknown[][] = [];
    const outputs: Record<string, unknown> = {};
    let status: number | undefined;
    const request = new Request(sql, (error, rowCount) =>
      (error ?? undefined) === undefined ? resolve({ rows, outputs, status, rowCount }) : reject(error),
    );
    request.on('row', (columns: readonly { readonly value: unknown }[]) => void rows.push(columns.map(({ value }) => value)));
    request.on('returnValue', (name: string, value: unknown) => void (outputs[name] = value));
    request.on('doneProc', (_count: number | undefined, _more: boolean, returned: number) => void (status = returned));
    send(request);
  });
}

/** The rows of one batch. */
export async function batch(connection: tedious.Connection, sql: string): Promise<Outcome['rows']> {
  return (await outcomeOf(sql, (request) => connection.execSqlBatch(request))).rows;
}

export async function errorOf(work: Promise<unknown>): Promise<RequestError> {
  try {
    await work;
  } catch (error) {
    return error as RequestError;
  }
  throw new Error('it did not fail');
}
