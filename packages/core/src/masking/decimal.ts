/** Exact decimal numbers: `units / 10^scale`. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/** Longer numbers are not read: arithmetic on them is not linear in their length. */
const MAX_DIGITS = 1000;
const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?$/;

/** Reads a plain decimal without an exponent; `undefined` for anything else (`NaN`, `Infinity`, too long). */
export function parseDecimal(text: string): Decimal | undefined {
  if (text.length > MAX_DIGITS) return undefined;
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = ''] = match;
  const units = BigInt(whole + fraction);
  return { units: sign === '-' ? -units : units, scale: fraction.length };
}

/** The decimal that a JavaScript number prints as; `undefined` when it is not finite. */
export function decimalOfNumber(value: number): Decimal | undefined {
  if (!Number.isFinite(value)) return undefined;
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  const parsed = parseDecimal(mantissa);
  return parsed === undefined ? undefined : rescaled({ units: parsed.units, scale: parsed.scale - Number(exponent) });
}

function rescaled(value: Decimal): Decimal {
  return value.scale >= 0 ? value : { units: value.units * 10n ** BigInt(-value.scale), scale: 0 };
}

/** The same value at a larger scale. */
export function atScale(value: Decimal, scale: number): bigint {
  return value.units * 10n ** BigInt(scale - value.scale);
}

/** All `scale` digits after the point are written. */
export function formatDecimal({ units, scale }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return units < 0n ? `-${text}` : text;
}

/** The shortest text of the value: equal values have equal texts. */
export function canonicalDecimal(value: Decimal): string {
  const text = formatDecimal(value);
  return value.scale === 0 ? text : trimFraction(text);
}

function trimFraction(text: string): string {
  let end = text.length;
  while (text[end - 1] === '0') end--;
  if (text[end - 1] === '.') end--;
  const trimmed = text.slice(0, end);
  return trimmed === '-0' ? '0' : trimmed;
}
