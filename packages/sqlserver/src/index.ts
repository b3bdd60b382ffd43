export { catalogueFromDefinitions, createCatalogueReader, FINGERPRINT_SQL } from './catalog/index.js';
export { analyse, relationOutputs } from './sql/analyse.js';
export { parseUnit } from './sql/parse.js';
