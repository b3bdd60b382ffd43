import { readdirSync } from 'node:fs';
import path from 'node:path';

/**
 * The files that an absolute pattern means, sorted by their path. `*` stands for any run of characters inside one name, and for none that
 * begins with a dot. A pattern without `*` means the file of that name, whether it is there or not. Directories that cannot be read are empty.
 */
export function expandGlob(pattern: string): readonly string[] {
  if (!pattern.includes('*')) return [pattern];
  const { root } = path.parse(pattern);
  let found: readonly string[] = [root];
  const names = pattern.slice(root.length).split(/[\\/]/);
  for (const [at, name] of names.entries()) {
    const last = at === names.length - 1;
    found = found.flatMap((directory) => (name.includes('*') ? entriesOf(directory, name, last) : [path.join(directory, name)]));
  }
  return found.toSorted();
}

function entriesOf(directory: string, name: string, files: boolean): string[] {
  const wanted = new RegExp(`^(?!\\.)${name.split('*').map(escapeRegExp).join('[^/]*')}$`, 's');
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => wanted.test(entry.name) && (entry.isSymbolicLink() || entry.isDirectory() !== files))
      .map((entry) => path.join(directory, entry.name));
  } catch {
    return [];
  }
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
