export { catalogueFromDefinitions, type DefinitionOptions, type PostgresCatalogue } from './catalog/index.js';
export { postgresDialect } from './dialect.js';
export { REFUSAL_SQLSTATES } from './refusal.js';
export { analyse, createParser } from './sql/index.js';
