import { findBabelfish, type SqlserverServer, type SqlserverServerOptions, startBabelfish } from './babelfish-server.js';
import type { Finding } from './finding.js';
import { connectSqlserver } from './sqlserver-connection.js';

const VARIABLE = 'SQLWARDEN_SQLSERVER_URL';

/** A kind of server of TDS that suites run on. */
export interface SqlserverServerKind {
  /** As tests are named by it. */
  readonly name: string;
  readonly flavour: 'babelfish' | 'sqlserver';
  readonly finding: Finding;
  readonly start: (options?: SqlserverServerOptions) => Promise<SqlserverServer>;
}

/**
 * A Babelfish, and the SQL Server that `SQLWARDEN_SQLSERVER_URL` names where that is set (`mssql://user:password@host:port`, an administrator of a
 * server that is for nothing else): `describe.each(sqlserverServerKinds())('… on $name', …)`.
 */
export function sqlserverServerKinds(): readonly SqlserverServerKind[] {
  const babelfish: SqlserverServerKind = { name: 'Babelfish', flavour: 'babelfish', finding: findBabelfish(), start: startBabelfish };
  const text = process.env[VARIABLE];
  if (text === undefined || text === '') return [babelfish];
  const name = `the server of ${VARIABLE}`;
  const place = placeOf(text);
  const finding: Finding =
    place === undefined
      ? { found: false, name, reason: `${VARIABLE} is not mssql://user:password@host:port` }
      : { found: true, name, path: `${place.host}:${place.port}`, version: '' };
  return [babelfish, { name, flavour: 'sqlserver', finding, start: () => useServer(text) }];
}

function placeOf(text: string): Pick<SqlserverServer, 'host' | 'port' | 'user' | 'password'> | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, port, username, password } = new URL(text);
  if (protocol !== 'mssql:' || hostname === '' || username === '') return undefined;
  return {
    host: hostname.replaceAll(/[[\]]/g, ''),
    port: Number(port || 1433),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}

/** @throws Error when nobody can log in there. What suites make they drop themselves. */
async function useServer(text: string): Promise<SqlserverServer> {
  const place = placeOf(text);
  if (place === undefined) throw new Error(`${VARIABLE} is not mssql://user:password@host:port`);
  const connection = await connectSqlserver(place);
  const [[version] = []] = await connection.query("select convert(nvarchar(128), serverproperty('ProductVersion'))");
  await connection.end();
  return { ...place, version: String(version), log: () => '', stop: () => Promise.resolve() };
}
