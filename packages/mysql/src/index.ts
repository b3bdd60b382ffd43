export {
  catalogueFromDefinitions,
  createCatalogueReader,
  FINGERPRINT_SQL,
  type DefinitionOptions,
  type MysqlCatalogue,
} from './catalog/index.js';
export { mysqlDialect } from './dialect.js';
export { REFUSAL_ERRORS } from './refusal.js';
export { analyse, relationOutputs } from './sql/analyse.js';
export { parseUnit } from './sql/parse.js';
