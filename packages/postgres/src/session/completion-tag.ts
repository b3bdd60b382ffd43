/** Where the numbers of a completion tag begin: `INSERT 0 1` is `INSERT` and two of them. */
function numbersAt(tag: string): number {
  let at = tag.length;
  for (let i = tag.length - 1; i >= 0; i--) {
    const code = tag.charCodeAt(i);
    if (code === 0x20) at = i;
    else if (code < 0x30 || code > 0x39) break;
  }
  return at;
}

/** A completion tag ("CommandComplete") without its numbers. */
export function commandOf(tag: string): string {
  return tag.slice(0, numbersAt(tag));
}

/** The last number of a tag, which counts rows; `null` when it has none. */
export function countOf(tag: string): number | null {
  const at = numbersAt(tag);
  return at === tag.length ? null : Number(tag.slice(tag.lastIndexOf(' ') + 1));
}
