import { findBabelfish, startBabelfish, type SqlserverServer, type SqlserverServerOptions } from './babelfish-server.js';
import type { Finding } from './finding.js';
import { findSqlserverAtUrl, startSqlserverAtUrl } from './sqlserver-at-url.js';

/** A kind of server of TDS that suites run on. */
export interface SqlserverServerKind {
  /** As tests are named by it. */
  readonly name: string;
  readonly flavour: 'babelfish' | 'given';
  readonly finding: Finding;
  readonly start: (options?: SqlserverServerOptions) => Promise<SqlserverServer>;
}

/** Babelfish, and the server of `SQLWARDEN_SQLSERVER_URL` where that is set: `describe.each(sqlserverServerKinds())('… on $name', …)`. */
export function sqlserverServerKinds(): readonly SqlserverServerKind[] {
  const atUrl = findSqlserverAtUrl();
  return [
    { name: 'Babelfish', flavour: 'babelfish', finding: findBabelfish(), start: startBabelfish },
    ...(atUrl === undefined ? [] : [{ name: atUrl.name, flavour: 'given', finding: atUrl, start: startSqlserverAtUrl } as const]),
  ];
}
