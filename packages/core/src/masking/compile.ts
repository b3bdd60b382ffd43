import { unreachable } from '../unreachable.js';
import { asciiPartial, type AsciiRewrite, maskAsciiEmail, maskAsciiLast4 } from './ascii-masks.js';
import { truncateDate } from './date-masks.js';
import { jsonStrategy } from './json-masks.js';
import { hashRewrite, tokenRewrite } from './keyed-masks.js';
import type { CellMask, CellStructure, CellType, MaskFunction, MaskKind, PartMask } from './mask.js';
import { bucketRewrite, noiseRewrite, roundRewrite } from './number-masks.js';
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
  redact: (fn, { type }) => redacted(fn.text, type),
  partial: (fn, { type }) =>
    onText('partial', type, (text) => maskPartial(text, fn.prefix, fn.suffix, fn.pad), asciiPartial(fn.prefix, fn.suffix, fn.pad)),
  email: (_fn, { type }) => onText('email', type, maskEmail, maskAsciiEmail),
  last4: (_fn, { type }) => onText('last4', type, maskLast4, maskAsciiLast4),
  hash: (_fn, context) => hashRewrite(context),
  token: (fn, context) => tokenRewrite(fn.domain, context),
  bucket: (fn, { type }) => bucketRewrite(fn.size, type),
  noise: (fn, context) => noiseRewrite(fn, context),
  round: (fn, { type }) => roundRewrite(fn.to, type),
  date_trunc: (fn, { type }) => dateTrunc(fn, type),
  regex: (fn, { type, tools }) => (type.family === 'text' ? regexStrategy(fn, tools) : textOnly('regex')),
  json: (fn, context) => jsonStrategy(fn, context, strategyOf),
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
  if (type.structure !== undefined && isPartwise(fn.kind)) return masksOfParts(fn, label, type.structure, zero, column, tools);
  return realise(strategyOf(fn, { label, type, tools }), zero, type, column);
}

/**
 * Masks that keep something of a value, and so of each part of it. The others say nothing of the value, not even of how many parts it is
 * made: they stand for what was computed, too.
 */
const PARTWISE: ReadonlySet<MaskKind> = new Set<MaskKind>([
  'partial',
  'email',
  'last4',
  'hash',
  'token',
  'bucket',
  'noise',
  'round',
  'date_trunc',
  'regex',
  'json',
]);
/** Masks that never turn a smaller value into a larger one than what a larger one turns into. */
const MONOTONE: ReadonlySet<MaskKind> = new Set<MaskKind>(['bucket', 'round', 'date_trunc']);

function isPartwise(kind: MaskKind): boolean {
  return PARTWISE.has(kind);
}

function masksOfParts(
  fn: MaskFunction,
  label: string,
  structure: CellStructure,
  zero: Uint8Array | null,
  column: MaskColumn,
  tools: CompileTools,
): CompiledMask {
  const isOrdered = structure.parts === 'ordered';
  const unfit = (reason: string): CompiledMask => ({ kind: 'default', mask: () => zero, reason });
  if (isOrdered && !MONOTONE.has(fn.kind)) return unfit(`"${fn.kind}" does not keep the order of the bounds of a range`);
  const parts = structure.types.map((part) => partMask(fn, label, part, column.format, tools));
  if (parts.every(({ fits }) => !fits)) return unfit(parts[0]?.reason ?? 'there is nothing in it');
  const masks = parts.map(({ exact, zero: partZero }): PartMask => (isOrdered ? exact : (part) => exact(part) ?? partZero));
  const mask: CellMask = (cell) => {
    try {
      return structure.rewrite(cell, column.format, masks) ?? zero;
    } catch {
      return zero;
    }
  };
  return { kind: 'mask', mask };
}

interface PartMasking {
  readonly fits: boolean;
  readonly reason: string;
  /** `undefined` for what it cannot read. */
  readonly exact: PartMask;
  readonly zero: Uint8Array | null;
}

function partMask(fn: MaskFunction, label: string, type: CellType, format: MaskColumn['format'], tools: CompileTools): PartMasking {
  const zero = type.zero(format);
  const none = (reason: string): PartMasking => ({ fits: false, reason, exact: () => undefined, zero });
  if (type.structure !== undefined) {
    const whole = masksOfParts(fn, label, type.structure, zero, { format }, tools);
    return whole.kind === 'mask' ? { fits: true, reason: '', exact: whole.mask, zero } : none(whole.reason);
  }
  const strategy = strategyOf(fn, { label, type, tools });
  if (strategy.kind !== 'rewrite') return none('reason' in strategy ? strategy.reason : 'it is not masked part by part');
  return { fits: true, reason: '', exact: exactly(strategy.rewrite, type, { format }), zero };
}

function redacted(text: string, type: CellType): Strategy {
  if (type.family === 'text') return { kind: 'constant', text };
  return type.members?.includes(text) === true ? { kind: 'constant', text } : textOnly('redact');
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
      return { kind: 'mask', mask: rewriting(strategy, zero, type, column) };
    case 'unfit':
      return { kind: 'default', mask: () => zero, reason: strategy.reason };
    case 'refuse':
      return { kind: 'impossible', reason: strategy.reason };
    default:
      return unreachable(strategy);
  }
}

/** Longer cells are decoded: that is quicker then than byte by byte. */
const LONGEST_ASCII = 256;

type Rewriting = Extract<Strategy, { kind: 'rewrite' }>;

function rewriting({ rewrite, ascii }: Rewriting, zero: Uint8Array | null, type: CellType, column: MaskColumn): CellMask {
  const exact = exactly(rewrite, type, column);
  if (ascii === undefined || type.isPlainText !== true) return (cell) => exact(cell) ?? zero;
  const { maxLength = Number.POSITIVE_INFINITY } = type;
  const over = (buffer: Uint8Array, start: number, end: number): Uint8Array | null => {
    const masked = end - start > LONGEST_ASCII ? undefined : ascii(buffer, start, end);
    return masked !== undefined && masked.length <= maxLength ? masked : (exact(buffer.subarray(start, end)) ?? zero);
  };
  return Object.assign((cell: Uint8Array) => over(cell, 0, cell.length), { over });
}

function exactly(rewrite: Rewrite, type: CellType, column: MaskColumn): (cell: Uint8Array) => Uint8Array | undefined {
  return (cell) => {
    try {
      const text = type.toText(cell, column.format);
      if (text === undefined) return undefined;
      const masked = rewrite(text);
      return masked === undefined ? undefined : fitted(masked, type, column);
    } catch {
      // A string longer than the engine holds, or bytes that an adapter's type did not foresee: nothing of the cell may pass.
      return undefined;
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

function onText(kind: MaskKind, type: CellType, rewrite: Rewrite, ascii?: AsciiRewrite): Strategy {
  return type.family === 'text' ? { kind: 'rewrite', rewrite, ascii } : textOnly(kind);
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
