import { type Dialect, readState } from '@sqlwarden/core';
import { createCatalogueReader, FINGERPRINT_SQL } from './catalog/index.js';
import { cellType } from './masking/index.js';
import { readAccountFacts } from './session/account-facts.js';
import { createServerClient, createWireSession } from './session/index.js';
import { readMemberships } from './session/memberships.js';
import { STATE_PROBE, stateFromRow } from './session/sql-state.js';
import { analyse, relationOutputs } from './sql/analyse.js';
import { assertedInComment, howToAssert } from './sql/asserted-comment.js';
import { shapeOf } from './sql/shape.js';

/** SQL Server 2016 and later, and Azure SQL, as the pipeline sees them. */
export const sqlserverDialect: Dialect = {
  name: 'sqlserver',
  parserEntry: new URL('./sql/parser-worker.js', import.meta.url),
  alpn: 'tds/8.0',
  framesTls: true,
  carriesSessionObjects: true,
  createCatalogueReader,
  readState: (query) => readState(query, STATE_PROBE, stateFromRow),
  catalogueFingerprintSql: FINGERPRINT_SQL,
  readMemberships,
  readAccountFacts,
  roleSettings: [],
  shape: shapeOf,
  assertedIn: assertedInComment,
  howToAssert,
  analyse,
  relationOutputs,
  // Bulk load goes to the server only.
  copyToClient: () => undefined,
  cellType,
  createSession: createWireSession,
  createServerClient,
};
