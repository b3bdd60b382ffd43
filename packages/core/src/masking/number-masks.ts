import type { Strategy, StrategyContext } from './strategy.js';
import { atScale, canonicalDecimal, type Decimal, decimalOfNumber, formatDecimal, parseDecimal } from './decimal.js';
import { keyedBits } from './keyed-masks.js';
import type { CellType } from './mask.js';

/** Rounds numbers down to a multiple of `size`, exactly for integers and decimals. */
export function bucketRewrite(size: number, type: CellType): Strategy {
  const step = decimalOfNumber(size);
  if (step === undefined || step.units <= 0n) return { kind: 'unfit', reason: 'the size of "bucket" must be greater than 0' };
  switch (type.family) {
    case 'integer':
      if (!Number.isInteger(size)) return { kind: 'unfit', reason: 'the size of "bucket" must be a whole number for integer columns' };
      if (size < 2) return { kind: 'unfit', reason: 'a "bucket" of 1 would hide nothing of an integer' };
      return { kind: 'rewrite', rewrite: (text) => bucketDecimal(text, step) };
    case 'numeric':
      return { kind: 'rewrite', rewrite: (text) => bucketDecimal(text, step) };
    case 'float':
      return { kind: 'rewrite', rewrite: (text) => bucketFloat(text, size, type) };
    default:
      return { kind: 'unfit', reason: '"bucket" is for numbers only' };
  }
}

function bucketDecimal(text: string, step: Decimal): string | undefined {
  const value = parseDecimal(text);
  if (value === undefined) return undefined;
  const scale = Math.max(value.scale, step.scale);
  const size = atScale(step, scale);
  const units = atScale(value, scale);
  const below = units % size;
  return formatDecimal({ units: units - (below < 0n ? below + size : below), scale });
}

function bucketFloat(text: string, size: number, type: CellType): string | undefined {
  const value = parseFloatText(text, type);
  return value === undefined ? undefined : floatText(Math.floor(value / size) * size, type);
}

const NOISE_BITS = 48;
const NOISE_RANGE = 2n ** BigInt(NOISE_BITS);
/** The ratio is taken in millionths. */
const RATIO_UNIT = 1_000_000;

/**
 * Moves numbers by up to `ratio` of themselves, always by one unit of their last digit at least, never across zero, and the same every
 * time for the same value under the same key and label.
 */
export function noiseRewrite(ratio: number, context: StrategyContext): Strategy {
  if (!(ratio > 0 && ratio <= 1)) return { kind: 'unfit', reason: 'the ratio of "noise" must be greater than 0 and at most 1' };
  switch (context.type.family) {
    case 'integer':
    case 'numeric':
      return { kind: 'rewrite', rewrite: (text) => noiseDecimal(text, ratio, context) };
    case 'float':
      return { kind: 'rewrite', rewrite: (text) => noiseFloat(text, ratio, context) };
    default:
      return { kind: 'unfit', reason: '"noise" is for numbers only' };
  }
}

function noiseDecimal(text: string, ratio: number, context: StrategyContext): string | undefined {
  const value = parseDecimal(text);
  if (value === undefined) return undefined;
  // From -NOISE_RANGE (inclusive) to NOISE_RANGE (exclusive).
  const moved = BigInt(keyedBits(context, 'noise', canonicalDecimal(value), NOISE_BITS)) * 2n - NOISE_RANGE;
  const size = value.units < 0n ? -value.units : value.units;
  const share = (size * BigInt(Math.round(ratio * RATIO_UNIT)) * moved) / (NOISE_RANGE * BigInt(RATIO_UNIT));
  const away = share === 0n ? (moved < 0n && size > 1n ? -1n : 1n) : share;
  const units = size + away;
  return formatDecimal({ units: value.units < 0n ? -units : units, scale: value.scale });
}

function noiseFloat(text: string, ratio: number, context: StrategyContext): string | undefined {
  const value = parseFloatText(text, context.type);
  if (value === undefined) return undefined;
  const share = (keyedBits(context, 'noise', String(value), NOISE_BITS) / Number(NOISE_RANGE)) * 2 - 1;
  const masked = floatText(value * (1 + ratio * share), context.type);
  if (masked !== undefined && Number(masked) !== value) return masked;
  // Zero has no ratio, and a share near zero may round away. What cannot be moved by so little becomes the default.
  const far = floatText(value === 0 ? ratio * share : value * (1 + ratio), context.type);
  return far === undefined || Number(far) === value ? undefined : far;
}

const FLOAT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const MAX_FLOAT_TEXT = 400;

/** The value of the type's size: one text of a single-precision number and its digits as a double are the same value. */
function parseFloatText(text: string, type: CellType): number | undefined {
  if (text.length > MAX_FLOAT_TEXT || !FLOAT.test(text)) return undefined;
  const value = type.binaryBytes === 4 ? Math.fround(Number(text)) : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** The shortest text that reads back as the same value of the type's size. */
function floatText(value: number, type: CellType): string | undefined {
  if (type.binaryBytes !== 4) return Number.isFinite(value) ? plain(value) : undefined;
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return undefined;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return plain(short);
  }
  return plain(Number(single.toPrecision(9)));
}

function plain(value: number): string {
  return Object.is(value, -0) ? '0' : String(value);
}
