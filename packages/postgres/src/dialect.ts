import { type Dialect, readState } from '@sqlwarden/core';
import { createCatalogueReader } from './catalog/index.js';
import { cellType } from './masking/cell-types.js';
import { readAccountFacts } from './session/account-facts.js';
import { readMemberships } from './session/memberships.js';
import { createServerClient, createWireSession, STATE_PROBE, stateFromRow } from './session/index.js';
import { analyse, relationOutputs } from './sql/analyse.js';
import { assertedInComment, howToAssert } from './sql/asserted-comment.js';
import { copyToClient } from './sql/copy-to-client.js';
import { shapeOf } from './sql/shape.js';

/** PostgreSQL, majors 15 to 18, as the pipeline sees it. */
export const postgresDialect: Dialect = {
  name: 'postgres',
  alpn: 'postgresql',
  parserEntry: new URL('./sql/parser-worker.js', import.meta.url),
  createCatalogueReader,
  readState: (query) => readState(query, STATE_PROBE, stateFromRow),
  readMemberships,
  readAccountFacts,
  roleSettings: ['role', 'session_authorization'],
  shape: shapeOf,
  assertedIn: assertedInComment,
  howToAssert,
  analyse,
  relationOutputs,
  copyToClient,
  cellType,
  createSession: createWireSession,
  createServerClient,
};
