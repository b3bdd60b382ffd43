import { Session } from 'node:inspector';

interface FunctionCoverage {
  readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
}
interface ScriptCoverage {
  readonly scriptId: string;
  readonly url: string;
  readonly functions: readonly FunctionCoverage[];
}

/** Per script, a byte for each byte of its source: 1 when it ran. */
export type Ran = ReadonlyMap<number, Uint8Array>;

const OFFSETS = 1 << 24;

/**
 * Which bytes of the source of some scripts have run: V8's precise block coverage ("Profiler domain" of the Chrome DevTools Protocol), read
 * through the inspector of this process.
 */
export class Coverage {
  readonly #session = new Session();
  readonly #isWatched: (url: string) => boolean;
  readonly #seen = new Set<number>();

  constructor(isWatched: (url: string) => boolean) {
    this.#isWatched = isWatched;
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
  }

  /** Bytes of source that were seen to run. */
  get covered(): number {
    return this.#seen.size;
  }

  /** What has run since the last call. */
  take(): Ran {
    let scripts: readonly ScriptCoverage[] = [];
    // Answers before it returns, because the session is one of this thread.
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw error;
      scripts = answer.result;
    });
    return new Map(scripts.filter(({ url }) => this.#isWatched(url)).map((script) => [Number(script.scriptId), painted(script)]));
  }

  /** The bytes that ran for the first time, as numbers for {@link didRun}; they count as seen from then on. */
  newIn(ran: Ran): Set<number> {
    const found = new Set<number>();
    for (const [script, bytes] of ran) {
      for (let at = bytes.indexOf(1); at >= 0; at = bytes.indexOf(1, at + 1)) {
        const place = script * OFFSETS + at;
        if (this.#seen.has(place)) continue;
        this.#seen.add(place);
        found.add(place);
      }
    }
    return found;
  }

  stop(): void {
    this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }
}

export function didRun(ran: Ran, place: number): boolean {
  return ran.get(Math.floor(place / OFFSETS))?.[place % OFFSETS] === 1;
}

function painted({ functions }: ScriptCoverage): Uint8Array {
  const end = functions.reduce((most, { ranges }) => Math.max(most, ranges[0]?.endOffset ?? 0), 0);
  const ran = new Uint8Array(end);
  // Outer functions and blocks come first; what is inside them paints over them.
  for (const { ranges } of functions)
    for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return ran;
}
