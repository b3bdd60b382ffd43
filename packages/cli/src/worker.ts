import { postgresDialect } from '@sqlwarden/postgres';
import { runWorker } from '@sqlwarden/sidecar';

// A worker process of `sqlwarden up`: started by the primary, never by hand.
process.title = `sqlwarden ${process.argv[2] ?? 'worker'}`;
runWorker([postgresDialect]);
