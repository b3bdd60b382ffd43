/** The scene did not go as it should have. The message says what was seen. */
export class SceneError extends Error {
  override readonly name = 'SceneError';
}

/** Nothing is told that was not seen: what `told` says must hold. */
export function claim(holds: boolean, told: string): asserts holds {
  if (!holds) throw new SceneError(`this did not happen: ${told}`);
}

/** The value, which must be there. */
export function seen<T>(value: T | undefined | null, told: string): T {
  if (value === undefined || value === null) throw new SceneError(`this was not seen: ${told}`);
  return value;
}
