// A process of its own for the load, so that it does not wait behind what the benchmark does: one request by message, one answer.
import { mysqlLoad } from '../mysql/mysql-load.js';
import { sqlserverLoad } from '../sqlserver/sqlserver-load.js';
import { type LoadRequest, runLoad } from './load.js';

const CLIENTS = { mysql: mysqlLoad, sqlserver: sqlserverLoad } as const;

process.once('message', (request: LoadRequest) => {
  runLoad(request, CLIENTS[request.database])
    .then(
      (result) => ({ result }),
      (error: unknown) => ({ failed: (error as Error).message }),
    )
    .then((answer) => process.send?.(answer, undefined, undefined, () => process.exit(0)))
    .catch(() => process.exit(1));
});
