export { FINGERPRINT_SQL } from './queries.js';
export { createCatalogueReader } from './read.js';
export { isPostgresCatalogue, type PostgresCatalogue } from './resolved-catalogue.js';
