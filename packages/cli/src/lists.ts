/** `a,b` and repeated options as one list, without repetitions and empty items. */
export function listOf(values: readonly string[]): readonly string[] {
  const items = values.flatMap((value) => value.split(',')).map((item) => item.trim());
  return [...new Set(items.filter((item) => item !== ''))];
}
