import { type LoadSetting, rowsCase, statementCase } from '../load/measured.js';
import type { BenchCase } from '../postgres/cases.js';
import { ACCOUNTS } from './bench-database.js';

const POINT = { sql: 'select abalance from accounts where aid = {}', upTo: ACCOUNTS } as const;

/** In the order in which they run. */
export const MYSQL_CASES: readonly BenchCase<LoadSetting>[] = [
  statementCase('mysql', 'point-text', [8], { kind: 'text', ...POINT }),
  statementCase('mysql', 'point-prepared', [1, 8, 64], { kind: 'prepared', ...POINT }),
  statementCase('mysql', 'connect', [8], { kind: 'connect', sql: 'select 1', upTo: 1 }, 'connections'),
  ...([0, 1, 5] as const).flatMap((masked) => [
    rowsCase('mysql', 'rows-text', 'text', masked),
    rowsCase('mysql', 'rows-binary', 'prepared', masked),
  ]),
];
