import { type GatewayRequest, type RunningGateway, startGateway, type TokenOptions } from '../harness/gateway.js';
import { sqlserverCorpus } from './sqlserver-case.js';
import { SqlserverClient } from './sqlserver-client.js';

/** A gateway in front of a SQL Server, in this process. */
export interface SqlserverGateway extends Omit<RunningGateway, 'connect'> {
  /** A connection with a token of somebody in these groups. */
  connect(upstream: string, groups: readonly string[], options?: TokenOptions): Promise<SqlserverClient>;
  /** Has it read a schema again that was changed around it. */
  refresh(upstream: string): Promise<void>;
}

export async function startSqlserverGateway(request: GatewayRequest): Promise<SqlserverGateway> {
  // Not summed up again and again while cases run: what is changed is changed through the gateway here, or told of by `refresh`.
  const config = { catalogue: { maxAgeMs: 600_000 }, ...request.config };
  const gateway = await startGateway({ ...request, config, upstream: { database: 'sqlserver', ...request.upstream } });
  const connect: SqlserverGateway['connect'] = (upstream, groups, token = {}) => {
    const database = request.upstreams[upstream];
    return SqlserverClient.connect({
      port: gateway.ports[upstream] ?? 0,
      user: 'ada',
      password: gateway.token(groups, token),
      ...(database === undefined ? {} : { database }),
    });
  };
  return {
    ...gateway,
    connect,
    async refresh(upstream) {
      const client = await connect(upstream, ['app', 'privacy']);
      const reply = await client.batch('drop table if exists there_is_none');
      if (reply.some(({ kind }) => kind === 'error')) throw new Error(`the schema is not read again: ${JSON.stringify(reply)}`);
      await client.close();
    },
  };
}

export const sqlserverPolicies = (): readonly string[] => ['masks.yaml', 'constant.yaml'].map((file) => sqlserverCorpus('policy', file));
