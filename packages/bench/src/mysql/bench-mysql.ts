import { findMariadb } from '@sqlwarden/testkit';
import type { WireBench } from '../load/bench-wire.js';
import { createMariadb } from './bench-database.js';
import { MYSQL_CASES } from './mysql-cases.js';

/** `npm run bench -- mysql`, on MariaDB. */
export const mysqlBench: WireBench = {
  name: 'mysql',
  cases: MYSQL_CASES,
  open: async (rows) => {
    const found = findMariadb();
    return found.found ? createMariadb(rows, found.version) : `a ${found.name} is needed: ${found.reason}`;
  },
};
