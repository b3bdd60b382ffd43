import { type Dialect, readState } from '@sqlwarden/core';
import { createCatalogueReader, FINGERPRINT_SQL } from './catalog/index.js';
import { cellType } from './masking/index.js';
import { readAccountFacts } from './session/account-facts.js';
import { createServerClient, createWireSession, STATE_PROBE, stateFromRow } from './session/index.js';
import { readMemberships } from './session/memberships.js';
import { analyse, relationOutputs } from './sql/analyse.js';
import { assertedInComment, howToAssert } from './sql/asserted-comment.js';
import { shapeOf } from './sql/shape.js';

/** MySQL 8.0 and later, and MariaDB 10.6 and later, as the pipeline sees them. */
export const mysqlDialect: Dialect = {
  name: 'mysql',
  parserEntry: new URL('./sql/parser-worker.js', import.meta.url),
  cancelNeedsLogin: true,
  carriesSessionObjects: true,
  commitsSchemaChanges: true,
  createCatalogueReader,
  readState: (query) => readState(query, STATE_PROBE, stateFromRow),
  catalogueFingerprintSql: FINGERPRINT_SQL,
  readMemberships,
  readAccountFacts,
  roleSettings: ['role'],
  shape: shapeOf,
  assertedIn: assertedInComment,
  howToAssert,
  analyse,
  relationOutputs,
  // No statement copies rows to the client beside result sets.
  copyToClient: () => undefined,
  cellType,
  createSession: createWireSession,
  createServerClient,
};
