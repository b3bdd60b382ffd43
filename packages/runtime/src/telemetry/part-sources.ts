import type { Ledger } from '@sqlwarden/ledger';
import type { Dialect } from '@sqlwarden/core';
import type { Upstream } from '../engine/upstream.js';
import type { ParsePool } from '../parse-pool.js';
import type { MetricSources } from './gateway-metrics.js';

/** What a gateway is made of, as far as metrics are read from it. */
export interface CountedParts {
  readonly ledger: Pick<Ledger, 'size' | 'unsigned'>;
  readonly upstreams: readonly Upstream[];
  readonly parsers: ReadonlyMap<Dialect, ParsePool>;
  /** Entries that a sink does not have yet, by its name. */
  readonly sinks?: () => readonly { readonly name: string; readonly behind: number }[];
}

/** Where metrics are read; the parts are opened later than what counts. */
export class PartSources implements MetricSources {
  readonly sessions: () => number;
  parts: CountedParts | undefined;

  constructor(sessions: () => number) {
    this.sessions = sessions;
  }

  upstreams(): ReturnType<MetricSources['upstreams']> {
    return (this.parts?.upstreams ?? []).map(({ name, decisionCounts, catalogueCounts }) => ({
      name,
      decisionsFound: decisionCounts.found,
      decisionsMade: decisionCounts.made,
      catalogueLooks: catalogueCounts.looks,
      catalogueReads: catalogueCounts.readings,
    }));
  }

  parsers(): ReturnType<MetricSources['parsers']> {
    return [...(this.parts?.parsers ?? [])].map(([{ name: dialect }, { waiting, timeOuts, deaths }]) => ({
      dialect,
      waiting,
      timeOuts,
      deaths,
    }));
  }

  ledger(): ReturnType<MetricSources['ledger']> {
    const { size = 0, unsigned = 0 } = this.parts?.ledger ?? {};
    return { entries: size, unsigned };
  }

  sinks(): ReturnType<MetricSources['sinks']> {
    // A sink may take what is written before it is signed.
    return (this.parts?.sinks?.() ?? []).map(({ name, behind }) => ({ name, behind: Math.max(0, behind) }));
  }
}
