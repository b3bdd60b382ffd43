export {
  catalogueFromDefinitions,
  createCatalogueReader,
  FINGERPRINT_SQL,
  type DefinitionOptions,
  type MysqlCatalogue,
} from './catalog/index.js';
export { analyse, relationOutputs } from './sql/analyse.js';
export { parseUnit } from './sql/parse.js';
