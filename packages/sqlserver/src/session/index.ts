export { createServerClient } from './server-client.js';
export { STATE_PROBE, stateFromRow } from './sql-state.js';
export { createWireSession } from './wire-session.js';
