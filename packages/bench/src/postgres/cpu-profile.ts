import { basename } from 'node:path';

/** Chrome DevTools Protocol, `Profiler.Profile`, as `node --cpu-prof` writes it: what is read of it here. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  /** Microseconds of the monotonic clock. */
  readonly startTime: number;
  /** Node that was running, by its id, at each sample. */
  readonly samples?: readonly number[];
  /** Microseconds since the sample before, or the start. */
  readonly timeDeltas?: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

export interface SelfTime {
  /** Name, file and line; of the machine itself `(garbage collector)`, `(program)` (native code outside calls) and so on. */
  readonly place: string;
  readonly micros: number;
}

export interface ProfileSummary {
  /** Time in which the thread did something, in the window that was asked for. */
  readonly busyMicros: number;
  readonly wholeMicros: number;
  /** The longest first. */
  readonly selfTimes: readonly SelfTime[];
}

/**
 * Adds up the samples of a profile by function. Only those between the two times count, in microseconds of the monotonic clock
 * (`process.hrtime`), so that start and end of a program are not in it.
 *
 * @throws SyntaxError when the text is no JSON
 */
export function summariseProfile(text: string, from: number, to: number): ProfileSummary {
  const profile = JSON.parse(text) as CpuProfile;
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const micros = new Map<string, number>();
  let at = profile.startTime;
  let whole = 0;
  for (const [index, node] of (profile.samples ?? []).entries()) {
    const delta = profile.timeDeltas?.[index] ?? 0;
    at += delta;
    if (at < from || at > to) continue;
    const place = places.get(node) ?? '(unknown)';
    whole += delta;
    micros.set(place, (micros.get(place) ?? 0) + delta);
  }
  const selfTimes = [...micros].filter(([place]) => place !== '(idle)').map(([place, time]) => ({ place, micros: time }));
  return {
    busyMicros: selfTimes.reduce((sum, one) => sum + one.micros, 0),
    wholeMicros: whole,
    selfTimes: selfTimes.sort((a, b) => b.micros - a.micros),
  };
}

function placeOf({ functionName, url, lineNumber }: CallFrame): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const file = url.startsWith('node:') ? url : shortPath(url);
  return `${name} ${file}:${lineNumber + 1}`;
}

/** The last folders of a file of ours say enough. */
function shortPath(url: string): string {
  const parts = url.split('/');
  const dist = parts.lastIndexOf('dist');
  return dist > 0 ? [parts[dist - 1], ...parts.slice(dist + 1)].join('/') : basename(url);
}
