export * from './catalogue.js';
export * from './defined-columns.js';
export * from './diff.js';
export * from './references.js';
