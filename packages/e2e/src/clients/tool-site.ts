import { corpusPolicy } from '../harness/corpus-case.js';
import { type CorpusServer, GATEWAY_ROLE, startCorpusServer } from '../harness/database.js';
import { type RunningGateway, startGateway } from '../harness/gateway.js';
import { SECRETS, WORLD_A } from '../harness/worlds.js';
import { LeakOracle } from '../harness/leak-oracle.js';
import type { PostgresMajor } from '@sqlwarden/testkit';

/** Where a client connects, as libpq's environment says it. */
export type Place = Readonly<Record<string, string>>;

/** The corpora's database under the names `crm` and `twin`, and a gateway in front of `crm` with the corpora's masks. */
export interface ToolSite {
  readonly server: CorpusServer;
  readonly gateway: RunningGateway;
  /** As somebody who reads protected columns masked. */
  readonly masked: Place;
  /** As somebody who reads them as they are. */
  readonly unmasked: Place;
  /** Without the gateway, as the same role. */
  readonly direct: Place;
  /** What of the protected values is in a text, however it is written. */
  leaksIn(text: string): readonly unknown[];
  stop(): Promise<void>;
}

export async function startToolSite(major: PostgresMajor): Promise<ToolSite> {
  const server = await startCorpusServer({ major });
  for (const database of ['crm', 'twin']) await server.create(database, WORLD_A);
  const gateway = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')] });
  const oracle = new LeakOracle(SECRETS);
  const place = (port: number, password: string): Place => ({
    PGHOST: 'localhost',
    PGHOSTADDR: '127.0.0.1',
    PGPORT: String(port),
    PGUSER: GATEWAY_ROLE,
    PGDATABASE: 'crm',
    PGPASSWORD: password,
    PGSSLMODE: 'disable',
    PGTZ: 'UTC',
    // Of the tools that open an editor or a pager.
    EDITOR: 'true',
    PAGER: 'cat',
  });
  const port = gateway.ports['crm'] ?? 0;
  return {
    server,
    gateway,
    masked: place(port, gateway.token(['app'])),
    unmasked: place(port, gateway.token(['app', 'privacy'])),
    direct: place(server.server.port, server.password),
    leaksIn: (text) => oracle.findIn(Buffer.from(text), []),
    async stop() {
      await gateway.stop();
      await server.stop();
    },
  };
}
