/** One measurement of one case on one path. */
export interface Sample {
  /** In the unit of the case, for one second. */
  readonly throughput: number;
  /** Of one operation as the client sees it: a statement, a pipeline of them, a transaction, a whole read. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the processes between client and server for one operation; `NaN` where there are none. */
  readonly cpuMicros: number;
  /** What they hold at the end. */
  readonly residentBytes: number;
}

/** A case that did not run to its end on a path: what the client was told. */
export interface Failure {
  readonly failed: string;
}

export function isFailure(result: Sample | Failure): result is Failure {
  return 'failed' in result;
}
