const SHORT_COPY = 24;

/** Copies `source[from, end)` to `target` at `to`. A copy of a few bytes costs less than the view that `set` wants. */
export function copyBytes(source: Uint8Array, from: number, end: number, target: Uint8Array, to: number): void {
  if (end - from > SHORT_COPY) target.set(source.subarray(from, end), to);
  else for (let at = from; at < end; at++) target[to + at - from] = source[at] as number;
}

/** Writes a number of 32 bits in network byte order. */
export function put32(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}
