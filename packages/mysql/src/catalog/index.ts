export { catalogueFromDefinitions, type DefinitionOptions } from './from-definitions.js';
export { FINGERPRINT_SQL } from './queries.js';
export { createCatalogueReader } from './read.js';
export { isMysqlCatalogue, type MysqlCatalogue } from './resolved-catalogue.js';
