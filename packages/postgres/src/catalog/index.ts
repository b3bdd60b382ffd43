export { catalogueFromDefinitions, type DefinitionOptions } from './from-definitions.js';
export { createCatalogueReader, type PostgresCatalogueReader } from './read.js';
export { isPostgresCatalogue, type PostgresCatalogue } from './resolved-catalogue.js';
