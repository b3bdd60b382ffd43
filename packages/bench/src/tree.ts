/** Walks trees that parsers give as plain data of unknown shape. */

export type Tree = Readonly<Record<string, unknown>>;

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of a key where there is a tree, else `undefined`. */
export function child(value: unknown, ...path: readonly string[]): unknown {
  let at: unknown = value;
  for (const key of path) at = isTree(at) ? at[key] : undefined;
  return at;
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** Calls `visit` with every tree inside, outermost first, and the key that it stands under; without recursion, so that depth does not matter. */
export function walk(root: unknown, visit: (tree: Tree, key: string) => void): void {
  const stack: { readonly value: unknown; readonly key: string }[] = [{ value: root, key: '' }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { value, key } = next;
    if (Array.isArray(value)) for (const item of value) stack.push({ value: item, key });
    else if (isTree(value)) {
      visit(value, key);
      for (const [name, inner] of Object.entries(value)) if (typeof inner === 'object') stack.push({ value: inner, key: name });
    }
  }
}
