export { postgresDialect } from './dialect.js';
export { REFUSAL_SQLSTATES } from './refusal.js';
