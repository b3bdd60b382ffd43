import { unreachable } from '../unreachable.js';
import { truncateDate } from './date-masks.js';
import { hashRewrite, tokenRewrite } from './keyed-masks.js';
import type { CellMask, CellType, MaskFunction, MaskKind } from './mask.js';
import { bucketRewrite, noiseRewrite } from './number-masks.js';
import type { CompileTools, Rewrite, Strategy, StrategyContext } from './strategy.js';
import { cutToLength, maskEmail, maskLast4, maskPartial } from './text-masks.js';

/** What a mask must know of the column beside its type. */
export interface MaskColumn {
  readonly format: 'text' | 'binary';
  /** True when the wire form cannot carry NULL. */
  readonly notNull?: boolean;
}

/**
 * A compiled mask. `mask`: the function as policy named it. `default`: the type, its length or its nullability cannot carry that
 * function, and the type's default stands in (`reason` says why, for `sqlwarden check`). `impossible`: nothing may stand for a value of
 * this column, the statement has to be refused.
 */
export type CompiledMask =
  | { readonly kind: 'mask'; readonly mask: CellMask }
  | { readonly kind: 'default'; readonly mask: CellMask; readonly reason: string }
  | { readonly kind: 'impossible'; readonly reason: string };

type StrategyTable = {
  readonly [K in MaskKind]: (fn: Extract<MaskFunction, { kind: K }>, context: StrategyContext) => Strategy;
};

const STRATEGIES: StrategyTable = {
  null: () => ({ kind: 'null' }),
  default: () => ({ kind: 'zero' }),
  redact: (fn, { type }) => (type.family === 'text' ? { kind: 'constant', text: fn.text } : textOnly('redact')),
  partial: (fn, { type }) => onText('partial', type, (text) => maskPartial(text, fn.prefix, fn.suffix, fn.pad)),
  email: (_fn, { type }) => onText('email', type, maskEmail),
  last4: (_fn, { type }) => onText('last4', type, maskLast4),
  hash: (_fn, context) => hashRewrite(context),
  token: (fn, context) => tokenRewrite(fn.domain, context),
  bucket: (fn, { type }) => bucketRewrite(fn.size, type),
  noise: (fn, context) => noiseRewrite(fn.ratio, context),
  date_trunc: (fn, { type }) => dateTrunc(fn, type),
  regex: (fn, { type, tools }) => (type.family === 'text' ? regexStrategy(fn, tools) : textOnly('regex')),
  block: () => ({ kind: 'refuse', reason: 'its mask is "block"' }),
};

/**
 * Compiles a mask function against a column's type, length, nullability and format. The mask it returns never throws, takes time linear
 * in the cell, and yields a cell that is valid for the type; what it cannot read becomes the type's default. Constant masks return the
 * same bytes each time: the caller must not change them. Cells that are NULL are the caller's and stay NULL.
 */
export function compileMask(fn: MaskFunction, label: string, type: CellType, column: MaskColumn, tools: CompileTools): CompiledMask {
  const zero = type.zero(column.format);
  if (zero === null && column.notNull === true)
    return { kind: 'impossible', reason: 'its type has no default and its cells cannot be null' };
  return realise(strategyOf(fn, { label, type, tools }), zero, type, column);
}

function strategyOf<K extends MaskKind>(fn: Extract<MaskFunction, { kind: K }>, context: StrategyContext): Strategy {
  // A function that a newer policy format names and this build does not know hides everything.
  if (!Object.hasOwn(STRATEGIES, fn.kind)) return { kind: 'refuse', reason: 'its mask function is not known to this version' };
  return STRATEGIES[fn.kind](fn, context);
}

function realise(strategy: Strategy, zero: Uint8Array | null, type: CellType, column: MaskColumn): CompiledMask {
  switch (strategy.kind) {
    case 'zero':
      return { kind: 'mask', mask: () => zero };
    case 'null':
      if (column.notNull === true) return { kind: 'default', mask: () => zero, reason: 'the column cannot carry null' };
      return { kind: 'mask', mask: () => null };
    case 'constant': {
      const bytes = fitted(strategy.text, type, column);
      if (bytes === undefined) return { kind: 'default', mask: () => zero, reason: 'the constant text is not valid for the type' };
      return { kind: 'mask', mask: () => bytes };
    }
    case 'rewrite':
      return { kind: 'mask', mask: rewriting(strategy.rewrite, zero, type, column) };
    case 'unfit':
      return { kind: 'default', mask: () => zero, reason: strategy.reason };
    case 'refuse':
      return { kind: 'impossible', reason: strategy.reason };
    default:
      return unreachable(strategy);
  }
}

function rewriting(rewrite: Rewrite, zero: Uint8Array | null, type: CellType, column: MaskColumn): CellMask {
  return (cell) => {
    try {
      const text = type.toText(cell, column.format);
      if (text === undefined) return zero;
      const masked = rewrite(text);
      if (masked === undefined) return zero;
      return fitted(masked, type, column) ?? zero;
    } catch {
      // A string longer than the engine holds, or bytes that an adapter's type did not foresee: nothing of the cell may pass.
      return zero;
    }
  };
}

function fitted(text: string, type: CellType, column: MaskColumn): Uint8Array | undefined {
  const short = type.family === 'text' && type.maxLength !== undefined ? cutToLength(text, type.maxLength) : text;
  return type.fromText(short, column.format);
}

function textOnly(kind: MaskKind): Strategy {
  return { kind: 'unfit', reason: `"${kind}" is for text columns only` };
}

function onText(kind: MaskKind, type: CellType, rewrite: Rewrite): Strategy {
  return type.family === 'text' ? { kind: 'rewrite', rewrite } : textOnly(kind);
}

function dateTrunc(fn: Extract<MaskFunction, { kind: 'date_trunc' }>, type: CellType): Strategy {
  if (type.family === 'timestamp') return { kind: 'rewrite', rewrite: (text) => truncateDate(text, fn.unit) };
  if (type.family !== 'date') return { kind: 'unfit', reason: '"date_trunc" is for dates and timestamps only' };
  // A date cut to the day or finer is the date itself.
  if (fn.unit === 'day' || fn.unit === 'hour') return { kind: 'unfit', reason: `a date cut to the ${fn.unit} would hide nothing` };
  return { kind: 'rewrite', rewrite: (text) => truncateDate(text, fn.unit) };
}

function regexStrategy(fn: Extract<MaskFunction, { kind: 'regex' }>, tools: CompileTools): Strategy {
  try {
    const pattern = tools.compilePattern(fn.pattern, { ignoreCase: false });
    return { kind: 'rewrite', rewrite: (text) => pattern.replaceAll(text, fn.replacement) };
  } catch {
    return { kind: 'unfit', reason: 'the pattern of "regex" does not compile' };
  }
}
