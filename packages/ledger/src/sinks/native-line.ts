import type { SinkEntry } from './sink-entry.js';

const NEWLINE = Buffer.from('}\n');

/**
 * An entry on a line of its own: `{"origin":…,"event":…}`, where `event` is its canonical bytes as they stand in the log. Whoever gets it can
 * hash them and prove by a `.tlog-proof` that they are in the log.
 */
export function nativeLine({ origin, bytes }: Pick<SinkEntry, 'origin' | 'bytes'>): Buffer {
  return Buffer.concat([Buffer.from(`{"origin":${JSON.stringify(origin)},"event":`), bytes, NEWLINE]);
}
