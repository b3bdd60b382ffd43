import { type LoadSetting, rowsCase, statementCase } from '../load/measured.js';
import type { BenchCase } from '../postgres/cases.js';
import { ACCOUNTS } from './bench-tables.js';

const POINT = { sql: 'select abalance from accounts where aid = {}', upTo: ACCOUNTS } as const;

/** In the order in which they run. */
export const SQLSERVER_CASES: readonly BenchCase<LoadSetting>[] = [
  statementCase('sqlserver', 'point-batch', [8], { kind: 'text', ...POINT }),
  statementCase('sqlserver', 'point-executesql', [8], { kind: 'parameter', ...POINT }),
  statementCase('sqlserver', 'point-prepared', [1, 8, 32], { kind: 'prepared', ...POINT }),
  statementCase('sqlserver', 'connect', [8], { kind: 'connect', sql: 'select 1', upTo: 1 }, 'connections'),
  ...([0, 1, 5] as const).map((masked) => rowsCase('sqlserver', 'rows', 'text', masked)),
];
