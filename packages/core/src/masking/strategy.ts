import type { AsciiRewrite } from './ascii-masks.js';
import type { CompilePattern, HashPort } from '../ports.js';
import type { CellType } from './mask.js';

/** What compiling needs from the platform. */
export interface CompileTools {
  readonly hash: HashPort;
  readonly maskKey: Uint8Array;
  readonly compilePattern: CompilePattern;
}

/** The masked text of a cell's canonical text, or `undefined` when the function says nothing about it. */
export type Rewrite = (text: string) => string | undefined;

/** How a function is carried out on one type: constant bytes, SQL NULL, a rewriting of the text, or not at all. */
export type Strategy =
  | { readonly kind: 'zero' }
  | { readonly kind: 'null' }
  | { readonly kind: 'constant'; readonly text: string }
  /** `ascii`: the same over the bytes of ASCII text. */
  | { readonly kind: 'rewrite'; readonly rewrite: Rewrite; readonly ascii?: AsciiRewrite | undefined }
  | { readonly kind: 'unfit'; readonly reason: string }
  | { readonly kind: 'refuse'; readonly reason: string };

/** What the strategies read. `label` separates the keyed masks of different classes of data. */
export interface StrategyContext {
  readonly label: string;
  readonly type: CellType;
  readonly tools: CompileTools;
}
