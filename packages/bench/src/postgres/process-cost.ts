import { readdirSync, readFileSync } from 'node:fs';

/** What a process and all that it started have used so far, and hold now. proc(5), `stat` and `status`. */
export interface ProcessCost {
  /** Processor time in user and kernel mode, of all threads; processes that have ended are not in it. */
  readonly cpuMicros: number;
  /** Resident memory, added up: what processes share counts for each. */
  readonly residentBytes: number;
}

/** `USER_HZ` of Linux on every platform that Node runs on. */
const MICROS_PER_TICK = 10_000;

/** Zero where there is no process, and where the system has no `/proc`. */
export function costOf(pid: number | undefined): ProcessCost {
  let cpuMicros = 0;
  let residentBytes = 0;
  for (const one of pid === undefined ? [] : treeOf(pid)) {
    const stat = read(`/proc/${one}/stat`);
    // The name stands in parentheses and may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    cpuMicros += (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * MICROS_PER_TICK;
    residentBytes += Number(/VmRSS:\s+(\d+) kB/.exec(read(`/proc/${one}/status`))?.[1] ?? 0) * 1024;
  }
  return { cpuMicros, residentBytes };
}

function treeOf(pid: number): number[] {
  const children = threadsOf(pid).flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).split(' '));
  return [pid, ...children.filter((child) => /\d/.test(child)).flatMap((child) => treeOf(Number(child)))];
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Empty when the process has ended meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
