export { STATE_PROBE, stateFromRow } from './sql-state.js';
export { createServerClient } from './server-client.js';
export { createWireSession } from './wire-session.js';
