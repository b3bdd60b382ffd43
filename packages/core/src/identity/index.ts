export * from './describe.js';
export * from './principal.js';
export * from './rights.js';
