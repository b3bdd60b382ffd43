import type { Finding } from './finding.js';
import { findMariadb, startMariadb } from './mariadb-server.js';
import { findMysqlAtUrl, startMysqlAtUrl } from './mysql-at-url.js';
import { findMysql, startMysql } from './mysql-server.js';
import type { MysqlServer, MysqlServerOptions } from './server-site.js';

/** A kind of server of MySQL's protocol that suites run on. */
export interface MysqlServerKind {
  /** As tests are named by it. */
  readonly name: string;
  readonly flavour: 'mariadb' | 'mysql';
  readonly finding: Finding;
  /** Whether it takes the option `tls`: a server that is not ours serves it or does not. */
  readonly servesTls: boolean;
  readonly start: (options?: MysqlServerOptions) => Promise<MysqlServer>;
}

/** MariaDB, MySQL, and the server of `SQLWARDEN_MYSQL_URL` where that is set: `describe.each(mysqlServerKinds())('… on $name', …)`. */
export function mysqlServerKinds(): readonly MysqlServerKind[] {
  const atUrl = findMysqlAtUrl();
  return [
    { name: 'MariaDB', flavour: 'mariadb', finding: findMariadb(), servesTls: true, start: startMariadb },
    { name: 'MySQL', flavour: 'mysql', finding: findMysql(), servesTls: true, start: startMysql },
    ...(atUrl === undefined ? [] : [{ name: atUrl.finding.name, ...atUrl, start: startMysqlAtUrl }]),
  ];
}
