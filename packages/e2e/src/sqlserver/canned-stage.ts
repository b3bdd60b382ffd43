import { type CannedItem, type CannedRequest, type CannedSqlServer, startCannedSqlServer, cannedDatabase } from '@sqlwarden/testkit';
import type { World } from '../harness/canaries.js';
import { GUESSES, WORLD_A } from '../harness/worlds.js';
import { cannedAnswer, digestOf, readRecordings, type RecordedStep } from './recorded-answers.js';
import { cannedCorpusDatabase, type CatalogueChange } from './recorded-catalogue.js';
import { filled, type SqlserverCase, type SqlserverStep, stepMayChange, WAYS } from './sqlserver-case.js';
import { SqlserverClient } from './sqlserver-client.js';
import { type SqlserverGateway, startSqlserverGateway } from './sqlserver-gateway.js';
import { groupsOf, runSqlserverCase } from './sqlserver-run.js';
import type { SqlserverStageKind } from './sqlserver-stage.js';

const PASSWORD = 'of the gateway';
const REFRESHES = 'drop table if exists there_is_none';

/**
 * A server that executes nothing and answers each step with what was recorded of a real server, or with what the case says: where there is no other
 * server of TDS, the gateway is judged by what it lets through of that.
 */
export const CANNED_STAGE: SqlserverStageKind = {
  name: 'recorded answers',
  finding: { found: true, name: 'recorded answers', path: '', version: '' },
  takes: ({ needs }) => needs === undefined,
  ways: WAYS,
  start: async ({ worlds, governed, policies }) => {
    const places = new Map<string, CannedPlace>();
    for (const [database, world] of Object.entries(worlds)) places.set(database, await startPlace(database, world));
    const place = (database: string): CannedPlace => {
      const found = places.get(database);
      if (found === undefined) throw new Error(`there is no database ${database} here`);
      return found;
    };
    let gateway: SqlserverGateway | undefined;
    const [first] = governed;
    const govern = async (by: readonly string[]): Promise<void> => {
      await gateway?.stop();
      gateway = await startSqlserverGateway({
        server: { server: place(first ?? '').server, password: PASSWORD },
        upstreams: Object.fromEntries(governed.map((database) => [database, database])),
        policies: by,
        each: Object.fromEntries(governed.map((database) => [database, { server: place(database).address }])),
      });
    };
    if (first !== undefined) await govern(policies);
    return {
      async run(one, way, database) {
        const at = place(database);
        const isGoverned = governed.includes(database) && gateway !== undefined;
        at.begin(one);
        const result = await runSqlserverCase(one, way, {
          open: (as) => (isGoverned && gateway !== undefined ? gateway.connect(database, groupsOf(as)) : at.direct()),
          fill: { ...GUESSES, database },
          trusted: ['owner'],
          onStep: (step) => void at.expect(step),
          // What a server would answer that did not get a change is not recorded: the case is judged as far as that.
          onReply: (step) => (at.expect(undefined) || !stepMayChange(one, step) ? undefined : 'stop'),
        });
        if (at.end() && isGoverned) await gateway?.refresh(database);
        return result;
      },
      govern,
      async stop() {
        await gateway?.stop();
        for (const { server } of places.values()) await server.stop();
      },
    };
  },
};

interface CannedStep {
  readonly items: readonly CannedItem[];
  readonly catalogue: CatalogueChange | undefined;
}

interface CannedPlace {
  readonly server: CannedSqlServer;
  readonly address: object;
  direct(): Promise<SqlserverClient>;
  /** From now on this case is answered; which of its steps, `expect` says. */
  begin(one: SqlserverCase): void;
  /** Whether the step before has reached the server. */
  expect(step: number | undefined): boolean;
  /** Whether the catalogue was changed; it is as before again. Rejects when something was asked that no answer is known of. */
  end(): boolean;
}

async function startPlace(database: string, world: World): Promise<CannedPlace> {
  let running: { readonly one: SqlserverCase; readonly steps: readonly CannedStep[] } | undefined;
  let expected: number | undefined;
  let reached = false;
  let changes: CatalogueChange[] = [];
  let unknown: string[] = [];
  let catalogue = cannedCorpusDatabase(database);
  const fill = { ...GUESSES, ...valuesOf(world), database };

  const recordedAt = (request: CannedRequest): CannedStep | undefined => {
    const step = expected === undefined ? undefined : running?.one.steps[expected];
    if (expected === undefined || step === undefined || !isOf(request, step, fill)) return undefined;
    return running?.steps[expected];
  };
  const give = (request: CannedRequest): readonly CannedItem[] => {
    const step = recordedAt(request);
    reached = true;
    if (step?.catalogue !== undefined && !changes.includes(step.catalogue)) {
      changes.push(step.catalogue);
      catalogue = cannedCorpusDatabase(database, changes);
    }
    return step?.items ?? [];
  };
  const server = await startCannedSqlServer({
    accounts: { gateway: PASSWORD },
    databases: ['master', database],
    encryption: 'not-supported',
    answers: [
      ...cannedDatabase(() => catalogue),
      { when: REFRESHES, give: [] },
      { when: (request) => recordedAt(request) !== undefined, give },
    ],
    catalogue: (text) => void unknown.push(text),
  });
  return {
    server,
    address: { host: server.host, port: server.port, database, tls: 'disable' },
    direct: () => SqlserverClient.connect({ port: server.port, user: 'gateway', password: PASSWORD, database }),
    begin(one) {
      const steps = stepsOf(one, world).map(({ items, catalogue: change }) => ({ items: cannedAnswer(items, fill), catalogue: change }));
      running = { one, steps };
      expected = undefined;
    },
    expect(step) {
      const before = reached;
      expected = step;
      reached = false;
      return before;
    },
    end() {
      const [asked, isChanged] = [[...unknown, ...server.protocolErrors], changes.length > 0];
      server.forget();
      [unknown, changes, running, expected] = [[], [], undefined, undefined];
      if (isChanged) catalogue = cannedCorpusDatabase(database);
      if (asked.length > 0) throw new Error(`what was asked is not of the case: ${asked.join('\n')}`);
      return isChanged;
    },
  };
}

/** Requests of the step itself, not what comes before and after it: logins, resets, transactions, handles. */
function isOf(request: CannedRequest, step: SqlserverStep, fill: Readonly<Record<string, string>>): boolean {
  if (request.kind !== 'batch' && request.kind !== 'rpc') return false;
  if (step.call !== undefined) return request.kind === 'rpc' && request.procedure === filled(step.call, fill);
  return step.sql !== undefined && request.text === filled(step.sql, fill);
}

function stepsOf(one: SqlserverCase, world: World): readonly RecordedStep[] {
  if (one.answer !== undefined) return one.answer.map((step) => ('items' in step ? step : { items: step }));
  const folder = 'want' in one ? 'attacks' : 'legitimate';
  const recorded = readRecordings(folder, one.file)[one.note];
  if (recorded?.digest !== digestOf(one)) {
    const what = `"${one.file}: ${one.note}" is not recorded as it is now`;
    const how = 'node packages/e2e/dist/sqlserver/corpus-command.js record';
    throw new Error(`${what}: run ${how} with a Babelfish in SQLWARDEN_SQLSERVER_TREE, or give it an answer`);
  }
  return world === WORLD_A ? recorded.a : (recorded.b ?? recorded.a);
}

/** What answers that are written by hand have of the world: the first person's values. */
function valuesOf({ people: [person], diagnoses: [diagnosis], badges: [badge] }: World): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries({ ...person, diagnosis, badge }).map(([name, value]) => [`value.${name}`, String(value)]));
}
