export { catalogueFromDefinitions, type DefinitionOptions } from './from-definitions.js';
export { FINGERPRINT_SQL, READING_BRACKET } from './queries.js';
export { createCatalogueReader } from './read.js';
export { isPostgresCatalogue, type PostgresCatalogue } from './resolved-catalogue.js';
