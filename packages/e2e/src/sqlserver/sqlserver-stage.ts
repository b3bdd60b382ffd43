import type { Finding } from '@sqlwarden/testkit';
import type { World } from '../harness/canaries.js';
import { GUESSES } from '../harness/worlds.js';
import { mayChange, type SqlserverCase, type Way, WAYS } from './sqlserver-case.js';
import { type Fingerprint, SQLSERVER_KINDS, startSqlserverCorpusServer } from './sqlserver-database.js';
import { type SqlserverGateway, startSqlserverGateway } from './sqlserver-gateway.js';
import { groupsOf, runSqlserverCase, type SqlserverRun } from './sqlserver-run.js';

export interface StageRequest {
  /** The databases, and whose values are in each. */
  readonly worlds: Readonly<Record<string, World>>;
  /** Those that are behind the gateway; the others are asked directly. */
  readonly governed: readonly string[];
  readonly policies: readonly string[];
}

/** Databases of the corpora with a gateway in front of some of them. */
export interface SqlserverStage {
  /** Runs a case on one of the databases, which is afterwards as it was. */
  run(one: SqlserverCase, way: Way, database: string): Promise<SqlserverRun>;
  /** Puts a gateway with these policies in the place of the one that is there. */
  govern(policies: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** A server that the suites run on. */
export interface SqlserverStageKind {
  readonly name: string;
  readonly finding: Finding;
  /** Whether a case is for this server. */
  takes(one: SqlserverCase): boolean;
  readonly ways: readonly Way[];
  start(request: StageRequest): Promise<SqlserverStage>;
}

/** Babelfish where there is one, and the server of `SQLWARDEN_SQLSERVER_URL`. tedious cannot read what these answer to cursors (TABNAME, COLINFO). */
export const REAL_STAGES: readonly SqlserverStageKind[] = SQLSERVER_KINDS.map((kind) => ({
  name: kind.name,
  finding: kind.finding,
  takes: ({ on }) => on === undefined || (on === 'babelfish') === (kind.flavour === 'babelfish'),
  ways: WAYS.filter((way) => way !== 'cursor'),
  start: async ({ worlds, governed, policies }) => {
    const server = await startSqlserverCorpusServer(kind);
    const fingerprints = new Map<string, Fingerprint>();
    let gateway: SqlserverGateway | undefined;
    const restore = async (database: string): Promise<void> => {
      const world = worlds[database];
      if (world === undefined) throw new Error(`there is no database ${database} here`);
      await server.create(database, world);
      fingerprints.set(database, await server.fingerprint(database));
    };
    for (const database of Object.keys(worlds)) await restore(database);
    const upstreams = Object.fromEntries(governed.map((database) => [database, database]));
    const govern = async (by: readonly string[]): Promise<void> => {
      await gateway?.stop();
      gateway = await startSqlserverGateway({ server, upstreams, policies: by });
    };
    if (governed.length > 0) await govern(policies);

    /** Undoes what a case has changed. */
    async function putRight(database: string): Promise<void> {
      const [before, now] = [fingerprints.get(database), await server.fingerprint(database)];
      if (before?.schema === now.schema && before.data === now.data) return;
      await restore(database);
      if (before?.schema !== now.schema && governed.includes(database)) await gateway?.refresh(database);
    }
    return {
      async run(one, way, database) {
        const result = await runSqlserverCase(one, way, {
          open: (as) =>
            governed.includes(database) && gateway !== undefined ? gateway.connect(database, groupsOf(as)) : server.direct(database),
          fill: { ...GUESSES, database },
          trusted: ['owner'],
        });
        if (mayChange(one)) await putRight(database);
        return result;
      },
      govern,
      async stop() {
        await gateway?.stop();
        await server.stop();
      },
    };
  },
}));
