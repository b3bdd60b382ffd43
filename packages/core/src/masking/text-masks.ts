/** Masks of text. All count in code points, take linear time, and depend on nothing of the text but what they keep and its length. */

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** The UTF-16 offset after `count` code points from the start, or the text's length when it has fewer. */
function offsetFromStart(text: string, count: number): number {
  let at = 0;
  for (let left = count; left > 0 && at < text.length; left--) at += codePointUnits(text, at);
  return at;
}

/** The UTF-16 offset before the last `count` code points. */
function offsetFromEnd(text: string, count: number): number {
  let at = text.length;
  for (let left = count; left > 0 && at > 0; left--)
    at -= at > 1 && isLowSurrogate(text.charCodeAt(at - 1)) && isHighSurrogate(text.charCodeAt(at - 2)) ? 2 : 1;
  return at;
}

function codePointUnits(text: string, at: number): 1 | 2 {
  return at + 1 < text.length && isHighSurrogate(text.charCodeAt(at)) && isLowSurrogate(text.charCodeAt(at + 1)) ? 2 : 1;
}

/** The number of code points. */
export function codePointLength(text: string): number {
  let length = 0;
  for (let at = 0; at < text.length; at += codePointUnits(text, at)) length++;
  return length;
}

/** The first `length` code points of a text. */
export function cutToLength(text: string, length: number): string {
  // Code points are never more than UTF-16 units: the common case costs nothing.
  return text.length <= length ? text : text.slice(0, offsetFromStart(text, length));
}

/** Keeps `prefix` and `suffix` code points and puts `pad` for each other one. A text that has no other one is padded whole. */
export function maskPartial(text: string, prefix: number, suffix: number, pad: string): string {
  const length = codePointLength(text);
  const keepStart = whole(prefix);
  const keepEnd = whole(suffix);
  if (length <= keepStart + keepEnd) return pad.repeat(length);
  return (
    text.slice(0, offsetFromStart(text, keepStart)) + pad.repeat(length - keepStart - keepEnd) + text.slice(offsetFromEnd(text, keepEnd))
  );
}

function whole(count: number): number {
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

const LAST4_SHORTEST = 8;

/** Keeps the last four code points of texts of eight and more; shorter ones are padded whole. */
export function maskLast4(text: string): string {
  const length = codePointLength(text);
  return length < LAST4_SHORTEST ? '*'.repeat(length) : '*'.repeat(length - 4) + text.slice(offsetFromEnd(text, 4));
}

const TOP_LEVEL = /^[A-Za-z]{2,10}$/;
const HIDDEN = '****';

/**
 * `a****@****.com`: the first code point of the local part and the top-level domain. A local part of one code point is hidden whole, and
 * so is what does not look like a top-level domain. `undefined` for what is no address.
 */
export function maskEmail(text: string): string | undefined {
  const at = text.lastIndexOf('@');
  if (at <= 0 || at === text.length - 1) return undefined;
  const first = text.slice(0, codePointUnits(text, 0));
  const local = first.length < at ? first + HIDDEN : HIDDEN;
  const dot = text.lastIndexOf('.');
  const top = dot > at + 1 ? text.slice(dot + 1) : '';
  return TOP_LEVEL.test(top) ? `${local}@${HIDDEN}.${top}` : `${local}@${HIDDEN}`;
}
