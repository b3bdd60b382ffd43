export { catalogueFromDefinitions, createCatalogueReader, FINGERPRINT_SQL } from './catalog/index.js';
export { sqlserverDialect } from './dialect.js';
export { REFUSAL_ERRORS } from './refusal.js';
export { analyse, relationOutputs } from './sql/analyse.js';
export { parseUnit } from './sql/parse.js';
