import { existsSync } from 'node:fs';

/** What the runtime has for counting and tracing, as far as it is used here. */
interface SessionWatch {
  begins(): void;
  answered(): void;
  runs(unit: object, decision: object, asserted: object | undefined, approval: undefined): object;
  sent(): void;
  settled(unit: object, outcome: object, seq: number): void;
}
interface Modules {
  readonly Telemetry: new (options: object) => { watch(session: object): SessionWatch };
  readonly GatewayMetrics: new (sources: object, eventLoop: object) => object;
  readonly PartSources: new (sessions: () => number) => object;
}

const STATEMENTS = 200_000;
const ROUNDS = 7;

const UPSTREAM = {
  name: 'crm',
  options: { dialect: { name: 'postgres', shape: (text: string) => text }, target: { host: 'db', port: 5432 } },
};
const DECISION = {
  fingerprint: '',
  facts: { statements: [{ action: 'select', class: 'read', reads: ['public.t'], writes: [] }] },
  verdict: { effect: 'allow', rules: ['all'], labels: [], masks: [] },
};
const UNIT = { text: 'select * from t where id = $1', state: { database: 'crm' } };
const OUTCOME = {
  status: 'ok',
  statements: [{ command: 'SELECT', rowsReturned: 1, rowsAffected: null }],
  bytesReturned: 100,
  maskedCells: 0,
  errorCode: undefined,
  suspended: false,
};

/**
 * Microseconds of processor time that counting takes for one execution of a prepared read: the median of {@link ROUNDS}. It is no part of the
 * runtime's surface, so that it is taken from what was built; `undefined` when the runtime was not built.
 */
export async function measureCounting(): Promise<number | undefined> {
  const files = ['telemetry', 'gateway-metrics', 'part-sources'].map(
    (name) => new URL(`../../../runtime/dist/telemetry/${name}.js`, import.meta.url),
  );
  if (!files.every((file) => existsSync(file))) return undefined;
  const loaded = await Promise.all(files.map((file) => import(file.href) as Promise<object>));
  const { Telemetry, GatewayMetrics, PartSources } = Object.assign({}, ...loaded) as Modules;
  const metrics = new GatewayMetrics(new PartSources(() => 0), { points: () => [] });
  const telemetry = new Telemetry({ metrics, spans: undefined, countTables: false, close: async () => undefined });
  const watch = telemetry.watch({ id: '', upstream: UPSTREAM, client: '', policyDigest: () => '', serverPeer: () => undefined });
  const rounds = Array.from({ length: ROUNDS }, () => round(watch)).sort((a, b) => a - b);
  return rounds[ROUNDS >> 1];
}

/** Bind and Execute, forwarded together, and the end of the reply. */
function round(watch: SessionWatch): number {
  const before = process.cpuUsage();
  for (let at = 0; at < STATEMENTS; at++) {
    watch.begins();
    watch.answered();
    watch.begins();
    const unit = watch.runs(UNIT, DECISION, undefined, undefined);
    watch.answered();
    watch.sent();
    watch.settled(unit, OUTCOME, at);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / STATEMENTS;
}
