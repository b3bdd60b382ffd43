import { runWorker } from '@sqlwarden/sidecar';
import { DIALECTS } from './dialects.js';

// A worker process of `sqlwarden up`: started by the primary, never by hand.
process.title = `sqlwarden ${process.argv[2] ?? 'worker'}`;
runWorker(DIALECTS);
