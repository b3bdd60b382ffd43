import { existsSync } from 'node:fs';
import { percentile } from './percentile.js';

/** What the runtime's cache of decisions has, as far as it is used here. */
interface DecisionCache {
  get(text: string, key: string): unknown;
  set(text: string, key: string, decision: unknown): void;
}

interface DecisionModule {
  readonly DecisionCache: new (limits: { readonly maxTexts: number; readonly maxCharacters: number }) => DecisionCache;
}

const TEXTS_AT_ONCE = 100;
const ROUNDS = 20;

export interface CachedCost {
  /** Of one statement, in microseconds, the text already at hand. */
  readonly lookup: number;
  /** The same with the text decoded from its bytes first, as it comes from the wire; the median, and the 99th percentile over {@link TEXTS_AT_ONCE} texts each. */
  readonly decodedP50: number;
  readonly decodedP99: number;
}

/**
 * The cost of a statement whose decision is known. The cache is no part of the runtime's surface, so that it is taken from what was built;
 * `undefined` when the runtime was not built.
 */
export async function measureCached(texts: readonly string[]): Promise<CachedCost | undefined> {
  const file = new URL('../../../runtime/dist/engine/decision.js', import.meta.url);
  if (!existsSync(file)) return undefined;
  const { DecisionCache } = (await import(file.href)) as DecisionModule;
  const cache = new DecisionCache({ maxTexts: 10_000, maxCharacters: 64 * 1024 * 1024 });
  const key = '1|1|1';
  for (const text of texts) cache.set(text, key, { text });
  const bytes = texts.map((text) => Buffer.from(text));
  const decoded: number[] = [];
  const lookups: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    decoded.push(...batches(bytes, (raw) => cache.get(raw.toString('utf8'), key)));
    lookups.push(...batches(texts, (text) => cache.get(text, key)));
  }
  return { lookup: percentile(lookups, 0.5), decodedP50: percentile(decoded, 0.5), decodedP99: percentile(decoded, 0.99) };
}

/** Microseconds for one item, for every batch of items: one alone is too short for the clock. */
function batches<T>(items: readonly T[], work: (item: T) => unknown): readonly number[] {
  const costs: number[] = [];
  for (let at = 0; at + TEXTS_AT_ONCE <= items.length; at += TEXTS_AT_ONCE) {
    const started = performance.now();
    for (const item of items.slice(at, at + TEXTS_AT_ONCE)) if (work(item) === undefined) throw new Error('a decision is not in the cache');
    costs.push(((performance.now() - started) * 1_000) / TEXTS_AT_ONCE);
  }
  return costs;
}
