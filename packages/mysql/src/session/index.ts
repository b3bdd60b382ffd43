export { readState } from './read-state.js';
export { createServerClient } from './server-client.js';
export { createWireSession } from './wire-session.js';
