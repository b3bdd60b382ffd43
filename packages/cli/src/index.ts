export { run } from './run.js';
export { type Style, terminal, type Terminal } from './terminal.js';
