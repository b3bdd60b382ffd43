export * from './describe.js';
export * from './principal.js';
export * from './renewal.js';
export * from './revocation.js';
export * from './rights.js';
export * from './saslprep.js';
