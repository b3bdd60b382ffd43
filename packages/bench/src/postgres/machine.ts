import { cpus, loadavg, release, totalmem } from 'node:os';

/** Where and when something was measured. */
export interface Machine {
  readonly date: string;
  readonly node: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Load averages of 1, 5 and 15 minutes: whether something else was running. */
  readonly load: readonly number[];
}

export function machine(): Machine {
  const cores = cpus();
  return {
    date: new Date().toISOString(),
    node: process.version,
    kernel: release(),
    cpu: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    memoryBytes: totalmem(),
    load: loadavg(),
  };
}
