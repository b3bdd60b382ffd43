export { cellType } from './cell-types.js';
export type { CopyFormat } from './copy-format.js';
export { createCopyMasker } from './copy-masker.js';
export type { CopyMasked, CopyMasker, CopyMaskerAnswer, CopyRoom } from './copy-masker.js';
