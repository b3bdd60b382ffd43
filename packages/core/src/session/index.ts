export * from './contract.js';
export * from './dialect.js';
