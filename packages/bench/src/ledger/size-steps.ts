import { unreachable } from '@sqlwarden/core';
import { indexFullSegments, Ledger, ledgerSize, search, verifyLedger, why } from '@sqlwarden/ledger';
import { GrowingLog, RARE_SUBJECT } from './growing-log.js';

/** The last step reads every entry, as searching does where there are no index files. */
export const STEPS = ['append', 'verify', 'index', 'search', 'why', 'search all'] as const;
export type StepName = (typeof STEPS)[number];

export interface StepReport {
  readonly step: StepName;
  readonly seconds: number;
  /** What came of it, in words. */
  readonly what: string;
  /** Entries, or what was found. */
  readonly count: number;
  /** Bytes that the process held after each quarter of its time. */
  readonly resident: readonly number[];
  readonly most: number;
}

const SAMPLE_MS = 200;

export async function runStep(step: StepName, directory: string, entries: number): Promise<StepReport> {
  const samples: number[] = [process.memoryUsage.rss()];
  const timer = setInterval(() => samples.push(process.memoryUsage.rss()), SAMPLE_MS);
  const began = performance.now();
  const { what, count } = await doStep(step, directory, entries);
  const seconds = (performance.now() - began) / 1000;
  clearInterval(timer);
  samples.push(process.memoryUsage.rss());
  const resident = [1, 2, 3, 4].map((quarter) => samples[Math.floor(((samples.length - 1) * quarter) / 4)] ?? 0);
  return { step, seconds, what, count, resident, most: samples.reduce((most, rss) => Math.max(most, rss), 0) };
}

async function doStep(step: StepName, directory: string, entries: number): Promise<{ readonly what: string; readonly count: number }> {
  switch (step) {
    case 'append': {
      const ledger = await Ledger.open({ directory, origin: 'gateway.example/measured', software: 'sqlwarden bench' });
      await new GrowingLog(ledger).grow(entries);
      await ledger.close();
      const count = await ledgerSize(directory);
      return { what: `${count} entries`, count };
    }
    case 'verify': {
      const { exitCode, entries: count } = await verifyLedger(directory);
      if (exitCode !== 0) throw new Error(`verification ends with ${exitCode}`);
      return { what: `${count} entries in order`, count };
    }
    case 'index': {
      const count = (await indexFullSegments(directory)).built.length;
      return { what: `${count} segments`, count };
    }
    case 'search':
      return unitsFound(directory, true);
    case 'search all':
      return unitsFound(directory, false);
    case 'why': {
      const { totals } = await why(directory, { about: 'relation', name: 'public.accounts' });
      return { what: `${totals.reads} reads of one table`, count: totals.reads };
    }
    default:
      return unreachable(step);
  }
}

async function unitsFound(directory: string, index: boolean): Promise<{ readonly what: string; readonly count: number }> {
  let count = 0;
  for await (const _unit of search(directory, { identity: RARE_SUBJECT }, { index })) count += 1;
  return { what: `${count} units of one identity`, count };
}
