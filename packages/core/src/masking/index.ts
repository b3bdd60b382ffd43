export * from './mask.js';
export { bindPlan } from './bind.js';
export type { BoundPlan, MaskDisagreement, MaskTools } from './bind.js';
export { compileMask } from './compile.js';
export type { CompiledMask, MaskColumn } from './compile.js';
export { compareStrictness } from './strictness.js';
export type { CompileTools } from './strategy.js';
