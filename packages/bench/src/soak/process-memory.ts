import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { costOf } from '../postgres/process-cost.js';

/** The memory of a gateway with all its processes, in bytes. */
export interface GatewayMemory {
  readonly resident: number;
  readonly heapUsed: number;
  /** Buffers, outside of the heap. */
  readonly arrayBuffers: number;
}

/** Reads what `report-memory` of each process wrote last; nothing for those that are gone. */
export function memoryOf(pid: number, reports: string): GatewayMemory {
  let heapUsed = 0;
  let arrayBuffers = 0;
  for (const name of namesIn(reports)) {
    const report = readReport(join(reports, name));
    heapUsed += report?.heapUsed ?? 0;
    arrayBuffers += report?.arrayBuffers ?? 0;
  }
  return { resident: costOf(pid).residentBytes, heapUsed, arrayBuffers };
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function readReport(file: string): NodeJS.MemoryUsage | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as NodeJS.MemoryUsage;
  } catch {
    // It is being written.
    return undefined;
  }
}
