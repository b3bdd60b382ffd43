import type { Strategy, StrategyContext } from './strategy.js';
import { atScale, canonicalDecimal, type Decimal, decimalOfNumber, formatDecimal, parseDecimal } from './decimal.js';
import { keyedBits } from './keyed-masks.js';
import type { CellType, MaskFunction } from './mask.js';

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

/** Rounds numbers to the nearest multiple of `to`, halves away from zero, exactly for integers and decimals. */
export function roundRewrite(to: number, type: CellType): Strategy {
  const step = decimalOfNumber(to);
  if (step === undefined || step.units <= 0n) return { kind: 'unfit', reason: 'what "round" rounds to must be greater than 0' };
  switch (type.family) {
    case 'integer':
      if (!Number.isInteger(to)) return { kind: 'unfit', reason: '"round" must be to a whole number for integer columns' };
      if (to < 2) return { kind: 'unfit', reason: 'to "round" to 1 would hide nothing of an integer' };
      return { kind: 'rewrite', rewrite: (text) => roundDecimal(text, step) };
    case 'numeric':
      return { kind: 'rewrite', rewrite: (text) => roundDecimal(text, step) };
    case 'float':
      return { kind: 'rewrite', rewrite: (text) => roundFloat(text, to, type) };
    default:
      return { kind: 'unfit', reason: '"round" is for numbers only' };
  }
}

function roundDecimal(text: string, step: Decimal): string | undefined {
  const value = parseDecimal(text);
  if (value === undefined) return undefined;
  const scale = Math.max(value.scale, step.scale);
  const size = atScale(step, scale);
  const units = atScale(value, scale);
  const positive = units < 0n ? -units : units;
  const steps = (2n * positive + size) / (2n * size);
  return formatDecimal({ units: (units < 0n ? -1n : 1n) * steps * size, scale });
}

function roundFloat(text: string, to: number, type: CellType): string | undefined {
  const value = parseFloatText(text, type);
  if (value === undefined) return undefined;
  return floatText(Math.sign(value) * Math.floor(Math.abs(value) / to + 0.5) * to, type);
}

type NoiseFunction = Extract<MaskFunction, { kind: 'noise' }>;

const NOISE_BITS = 48;
const NOISE_RANGE = 2n ** BigInt(NOISE_BITS);
/** The ratio is taken in millionths. */
const RATIO_UNIT = 1_000_000;

/**
 * Moves numbers by up to `ratio` of themselves, always by one unit of their last digit at least, never across zero, and the same every
 * time for the same value under the same key, label and seed. What is then outside of `min` and `max` becomes the nearer of them.
 */
export function noiseRewrite(fn: NoiseFunction, context: StrategyContext): Strategy {
  const { ratio, min, max } = fn;
  if (!(ratio > 0 && ratio <= 1)) return { kind: 'unfit', reason: 'the ratio of "noise" must be greater than 0 and at most 1' };
  if (min !== undefined && max !== undefined && min > max) return { kind: 'unfit', reason: 'the min of "noise" is greater than its max' };
  const noise = noiseOf(fn, context);
  switch (context.type.family) {
    case 'integer':
      if (![min, max].every((bound) => bound === undefined || Number.isInteger(bound)))
        return { kind: 'unfit', reason: 'the bounds of "noise" must be whole numbers for integer columns' };
      return { kind: 'rewrite', rewrite: (text) => noiseDecimal(text, fn, noise) };
    case 'numeric':
      return { kind: 'rewrite', rewrite: (text) => noiseDecimal(text, fn, noise) };
    case 'float':
      return { kind: 'rewrite', rewrite: (text) => noiseFloat(text, fn, context.type, noise) };
    default:
      return { kind: 'unfit', reason: '"noise" is for numbers only' };
  }
}

/** Of a value's text: a share from -1 (inclusive) to 1 (exclusive), in units of {@link NOISE_RANGE}. */
type Noise = (value: string) => bigint;

function noiseOf({ seed }: NoiseFunction, context: StrategyContext): Noise {
  const bitsOf = keyedBits(context, 'noise', NOISE_BITS);
  return (value) => BigInt(bitsOf(seed === undefined ? value : `${seed}\0${value}`)) * 2n - NOISE_RANGE;
}

function noiseDecimal(text: string, fn: NoiseFunction, noise: Noise): string | undefined {
  const value = parseDecimal(text);
  if (value === undefined) return undefined;
  const moved = noise(canonicalDecimal(value));
  const size = value.units < 0n ? -value.units : value.units;
  const share = (size * BigInt(Math.round(fn.ratio * RATIO_UNIT)) * moved) / (NOISE_RANGE * BigInt(RATIO_UNIT));
  const away = share === 0n ? (moved < 0n && size > 1n ? -1n : 1n) : share;
  const units = size + away;
  return formatDecimal(clampDecimal({ units: value.units < 0n ? -units : units, scale: value.scale }, fn));
}

function clampDecimal(value: Decimal, { min, max }: NoiseFunction): Decimal {
  const low = min === undefined ? undefined : decimalOfNumber(min);
  const high = max === undefined ? undefined : decimalOfNumber(max);
  if (low !== undefined && compareDecimals(value, low) < 0) return low;
  return high !== undefined && compareDecimals(value, high) > 0 ? high : value;
}

function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const difference = atScale(a, scale) - atScale(b, scale);
  return difference < 0n ? -1 : Number(difference > 0n);
}

function noiseFloat(text: string, fn: NoiseFunction, type: CellType, noise: Noise): string | undefined {
  const value = parseFloatText(text, type);
  if (value === undefined) return undefined;
  const share = Number(noise(String(value))) / Number(NOISE_RANGE);
  const clamped = (number: number): string | undefined =>
    floatText(Math.min(Math.max(number, fn.min ?? Number.NEGATIVE_INFINITY), fn.max ?? Number.POSITIVE_INFINITY), type);
  const masked = clamped(value * (1 + fn.ratio * share));
  if (masked !== undefined && Number(masked) !== value) return masked;
  // Zero has no ratio, and a share near zero may round away. What cannot be moved by so little becomes the default.
  const far = clamped(value === 0 ? fn.ratio * share : value * (1 + fn.ratio));
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
