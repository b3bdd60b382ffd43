import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is lost or doubled in the finished files of a file sink; each log has files of its own. */
export function problemsOfFiles(directory: string): string[] {
  const next = new Map<string, number>();
  return readdirSync(directory)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) => {
      const [, log = '', first = '', last = ''] = /^(.*)-(\d+)-(\d+)\.jsonl$/.exec(name) ?? [];
      const lines = readFileSync(join(directory, name), 'utf8').trimEnd().split('\n');
      const wanted = next.get(log) ?? 0;
      next.set(log, Number(last) + 1);
      if (Number(first) !== wanted) return [`${name} begins where entry ${wanted} belongs`];
      const count = Number(last) - wanted + 1;
      return lines.length === count ? [] : [`${name} has ${lines.length} entries in place of ${count}`];
    });
}
