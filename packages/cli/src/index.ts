export { run } from './run.js';
export { type Style, terminal, type Terminal, wrapped } from './terminal.js';
