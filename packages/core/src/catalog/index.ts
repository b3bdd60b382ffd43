export * from './catalogue.js';
export * from './diff.js';
