/** `size` of the items in their order, the same ones for the same seed; all where there are not more. */
export function sample<T>(items: readonly T[], size: number, seed: number): readonly T[] {
  if (items.length <= size) return items;
  const random = generator(seed);
  const chosen = new Set<number>();
  while (chosen.size < size) chosen.add(Math.floor(random() * items.length));
  return items.filter((_, at) => chosen.has(at));
}

/** A linear congruential generator of [0, 1) with the constants of Numerical Recipes; good enough to choose by. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
