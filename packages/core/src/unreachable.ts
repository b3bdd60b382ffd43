/** Ends a switch over a discriminated union: a case that was forgotten does not compile, and one that slips past the types throws. */
export function unreachable(value: never): never {
  throw new TypeError(`unreachable case: ${typeof value === 'object' ? Object.prototype.toString.call(value) : String(value)}`);
}
