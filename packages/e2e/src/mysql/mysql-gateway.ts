import { type GatewayRequest, type RunningGateway, startGateway, type TokenOptions } from '../harness/gateway.js';
import { mysqlCorpus } from './mysql-case.js';
import { MysqlClient } from './mysql-client.js';
import type { MysqlCorpusServer } from './mysql-database.js';

/** A gateway in front of a MySQL or MariaDB, in this process. */
export interface MysqlGateway extends Omit<RunningGateway, 'connect'> {
  /** A connection with a token of somebody in these groups. */
  connect(upstream: string, groups: readonly string[], options?: MysqlConnectOptions): Promise<MysqlClient>;
  /** Has it read a schema again that was changed around it. */
  refresh(upstream: string): Promise<void>;
}

export interface MysqlConnectOptions extends TokenOptions {
  readonly deprecateEof?: boolean;
  /** Default: the upstream's own. */
  readonly database?: string;
}

export type MysqlGatewayRequest = Omit<GatewayRequest, 'server'> & { readonly server: MysqlCorpusServer };

export async function startMysqlGateway(request: MysqlGatewayRequest): Promise<MysqlGateway> {
  // Not summed up again and again while cases run: what is changed is changed through the gateway here, or told of by `refresh`.
  const config = { catalogue: { maxAgeMs: 600_000 }, ...request.config };
  const gateway = await startGateway({ ...request, config, upstream: { database: 'mysql', ...request.upstream } });
  const connect: MysqlGateway['connect'] = (
    upstream,
    groups,
    { deprecateEof = true, database = request.upstreams[upstream], ...token } = {},
  ) =>
    MysqlClient.connect({
      port: gateway.ports[upstream] ?? 0,
      user: 'ada',
      password: gateway.token(groups, token),
      deprecateEof,
      ...(database === undefined ? {} : { database }),
    });
  return {
    ...gateway,
    connect,
    async refresh(upstream) {
      const client = await connect(upstream, ['app', 'privacy']);
      const [result] = await client.query('drop table if exists there_is_none');
      if (result?.kind !== 'ok') throw new Error(`the schema is not read again: ${JSON.stringify(result)}`);
      await client.close();
    },
  };
}

export const mysqlPolicies = (): readonly string[] => ['masks.yaml', 'constant.yaml'].map((file) => mysqlCorpus('policy', file));
