/** How deep objects and arrays stand in one another. Does not recurse: it is asked before anything that does. */
export function modelDepth(model: object): number {
  const waiting: object[] = [model];
  const depths: number[] = [1];
  let deepest = 0;
  for (;;) {
    const node = waiting.pop();
    const depth = depths.pop();
    if (node === undefined || depth === undefined) return deepest;
    if (depth > deepest) deepest = depth;
    const children: readonly unknown[] = Array.isArray(node) ? node : Object.values(node);
    for (const child of children) {
      if (typeof child !== 'object' || child === null) continue;
      waiting.push(child);
      depths.push(depth + 1);
    }
  }
}
