/** One element of DER (ITU-T X.690). */
export interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly end: number;
}

/** The element that begins at `at`, of a length of up to four bytes; `undefined` when it does not fit. */
export function elementAt(bytes: Uint8Array, at: number): Element | undefined {
  const tag = bytes[at];
  const short = bytes[at + 1];
  if (tag === undefined || short === undefined) return undefined;
  const lengthBytes = short < 0x80 ? 0 : short & 0x7f;
  if (lengthBytes > 4 || short === 0x80) return undefined;
  let length = lengthBytes === 0 ? short : 0;
  for (let i = 0; i < lengthBytes; i++) length = length * 256 + (bytes[at + 2 + i] ?? Number.POSITIVE_INFINITY);
  const start = at + 2 + lengthBytes;
  if (start + length > bytes.length) return undefined;
  return { tag, content: bytes.subarray(start, start + length), end: start + length };
}

/** The elements inside of one, up to the first that does not fit. */
export function children(element: Element | undefined): readonly Element[] {
  const found: Element[] = [];
  for (let at = 0; element !== undefined && at < element.content.length; ) {
    const child = elementAt(element.content, at);
    if (child === undefined) return found;
    found.push(child);
    at = child.end;
  }
  return found;
}
