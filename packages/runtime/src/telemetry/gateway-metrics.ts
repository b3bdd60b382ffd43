import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { METRIC_DB_CLIENT_OPERATION_DURATION } from '@opentelemetry/semantic-conventions';
import type { EventLoopDelay } from './event-loop-delay.js';
import {
  type Counter,
  type Histogram,
  type HistogramListener,
  type MetricKind,
  MetricRegistry,
  type NumberPoint,
  type Series,
} from './metric-series.js';

/** "Semantic conventions for database client metrics", `db.client.operation.duration`; seconds. */
export const OPERATION_BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] as const;
/** What a gateway adds is far less than what a database takes; seconds. */
const ADDED_BOUNDS = [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5] as const;
const HELD_BOUNDS = [1, 5, 15, 60, 300, 900, 3_600, 14_400] as const;

/** Where what others count can be read. */
export interface MetricSources {
  readonly sessions: () => number;
  readonly upstreams: () => readonly {
    readonly name: string;
    readonly decisionsFound: number;
    readonly decisionsMade: number;
    readonly catalogueLooks: number;
    readonly catalogueReads: number;
  }[];
  readonly parsers: () => readonly {
    readonly dialect: string;
    readonly waiting: number;
    readonly timeOuts: number;
    readonly deaths: number;
  }[];
  readonly ledger: () => { readonly entries: number; readonly unsigned: number };
  /** Entries that are not with a sink yet, by its name. */
  readonly sinks: () => readonly { readonly name: string; readonly behind: number }[];
}

/** The metrics of one process: what the engine counts here, and what is read elsewhere when somebody asks. */
export class GatewayMetrics {
  readonly registry: MetricRegistry;
  readonly statements: Series<Counter>;
  readonly refusals: Series<Counter>;
  readonly maskedCells: Series<Counter>;
  readonly maskedColumns: Series<Counter>;
  readonly rowsReturned: Series<Counter>;
  readonly rowsAffected: Series<Counter>;
  readonly bytesReturned: Series<Counter>;
  readonly added: Series<Histogram>;
  readonly operations: Series<Histogram>;
  readonly holds: Series<Histogram>;
  readonly logins: Series<Counter>;
  readonly ledgerFailures: Counter;
  readonly dropped: Series<Counter>;
  holdsPending = 0;

  constructor(sources: MetricSources, eventLoop: EventLoopDelay, onValue?: HistogramListener) {
    const registry = new MetricRegistry(onValue);
    this.registry = registry;
    const counters = (name: string, unit: string, help: string): Series<Counter> => registry.counters({ name, unit, help });
    this.statements = counters('sqlwarden.statements', '{statement}', 'Units of statements by what policy said of them.');
    this.refusals = counters('sqlwarden.refusals', '{statement}', 'Refused units by the code of the refusal.');
    this.maskedCells = counters('sqlwarden.masked.cells', '{cell}', 'Cells that were masked.');
    this.maskedColumns = counters('sqlwarden.masked.columns', '{column}', 'Columns of results that were masked.');
    this.rowsReturned = counters('sqlwarden.rows.returned', '{row}', 'Rows that were given to clients.');
    this.rowsAffected = counters('sqlwarden.rows.affected', '{row}', 'Rows that statements changed, as servers say.');
    this.bytesReturned = counters('sqlwarden.returned', 'By', 'Bytes of results that were given to clients.');
    this.logins = counters('sqlwarden.logins', '{login}', 'Logins by their outcome: accepted, or the code of the refusal.');
    this.dropped = counters('sqlwarden.telemetry.dropped', '{item}', 'Spans and readings that could not be delivered.');
    this.ledgerFailures = counters('sqlwarden.ledger.failures', '{failure}', 'Failures of the ledger.').at({});
    this.added = registry.histograms(
      {
        name: 'sqlwarden.gateway.duration',
        unit: 's',
        help: 'Time from the request of a unit to its forwarding, without the time that it was held for approval.',
      },
      ADDED_BOUNDS,
    );
    this.operations = registry.histograms(
      { name: METRIC_DB_CLIENT_OPERATION_DURATION, unit: 's', help: 'Time from the forwarding of a unit to the end of its reply.' },
      OPERATION_BOUNDS,
    );
    this.holds = registry.histograms(
      { name: 'sqlwarden.hold.duration', unit: 's', help: 'Time that units were held for approval, by how that ended.' },
      HELD_BOUNDS,
    );
    this.#observe(sources, eventLoop);
  }

  #observe(sources: MetricSources, eventLoop: EventLoopDelay): void {
    const observe = (
      name: string,
      [kind, unit, merge]: readonly [kind: Exclude<MetricKind, 'histogram'>, unit: string, merge?: 'max'],
      help: string,
      read: () => readonly NumberPoint[],
    ): void => this.registry.observe({ name, kind, unit, help, ...(merge === undefined ? {} : { merge }) }, read);
    observe('sqlwarden.holds.pending', ['gauge', '{statement}'], 'Units that are held for approval now.', () => one(this.holdsPending));
    observe('sqlwarden.sessions', ['gauge', '{session}'], 'Clients that are connected.', () => one(sources.sessions()));
    observe('sqlwarden.decision.lookups', ['counter', '{decision}'], 'Units by whether their decision was known or had to be made.', () =>
      sources.upstreams().flatMap(({ name, decisionsFound, decisionsMade }) => [
        { labels: { upstream: name, decision: 'found' }, value: decisionsFound },
        { labels: { upstream: name, decision: 'made' }, value: decisionsMade },
      ]),
    );
    observe('sqlwarden.catalogue.refreshes', ['counter', '{refresh}'], 'Looks at a schema, and readings of all of it.', () =>
      sources.upstreams().flatMap(({ name, catalogueLooks, catalogueReads }) => [
        { labels: { upstream: name, kind: 'look' }, value: catalogueLooks },
        { labels: { upstream: name, kind: 'reading' }, value: catalogueReads },
      ]),
    );
    observe('sqlwarden.parser.waiting', ['gauge', '{text}'], 'Texts that wait for the parser, or are with it.', () =>
      sources.parsers().map(({ dialect, waiting }) => ({ labels: { dialect }, value: waiting })),
    );
    observe('sqlwarden.parser.failures', ['counter', '{text}'], 'Texts that took the parser too long, or ended it.', () =>
      sources.parsers().flatMap(({ dialect, timeOuts, deaths }) => [
        { labels: { dialect, kind: 'timeout' }, value: timeOuts },
        { labels: { dialect, kind: 'death' }, value: deaths },
      ]),
    );
    observe('sqlwarden.ledger.entries', ['counter', '{entry}'], 'Entries of the ledger.', () => one(sources.ledger().entries));
    observe('sqlwarden.ledger.unsigned', ['gauge', '{entry}'], 'Entries that no checkpoint covers yet.', () =>
      one(sources.ledger().unsigned),
    );
    observe('sqlwarden.ledger.sink.behind', ['gauge', '{entry}'], 'Entries that a sink does not have yet.', () =>
      sources.sinks().map(({ name, behind }) => ({ labels: { sink: name }, value: behind })),
    );
    observe('nodejs.eventloop.delay', ['gauge', 's', 'max'], 'How late the event loop was, over the last 15 seconds.', () =>
      eventLoop.points(),
    );
    observe('nodejs.eventloop.time', ['counter', 's'], 'Time that the event loop was active and idle.', eventLoopTime);
  }
}

function one(value: number): NumberPoint[] {
  return [{ labels: {}, value }];
}

function eventLoopTime(): NumberPoint[] {
  const { active, idle }: EventLoopUtilization = performance.eventLoopUtilization();
  return [
    { labels: { 'nodejs.eventloop.state': 'active' }, value: active / 1000 },
    { labels: { 'nodejs.eventloop.state': 'idle' }, value: idle / 1000 },
  ];
}
