export * from './asserted-comment.js';
export * from './asserted-intent.js';
export * from './contract.js';
export * from './dialect.js';
export * from './parser-port.js';
export * from './row-allowance.js';
export * from './pinned-settings.js';
