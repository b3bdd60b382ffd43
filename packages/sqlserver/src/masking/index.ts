export { cellType } from './cell-types.js';
export { typeOf } from './column-type.js';
