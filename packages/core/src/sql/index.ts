export * from './names.js';
export * from './facts.js';
export * from './model.js';
export * from './modification.js';
export * from './procedure.js';
export * from './statement.js';
export * from './knowledge.js';
export { analyse, relationOutputs } from './analyse.js';
export * from './dialect-analysis.js';
