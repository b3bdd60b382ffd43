import { parentPort, workerData } from 'node:worker_threads';
import { indexFullSegments, openSink, SEGMENT_ENTRIES, SinkFollower } from '@sqlwarden/ledger';
import type { FollowedLog, FromLedgerThread, ToLedgerThread } from './messages.js';
import { StatusTeller } from './status-teller.js';

/** The entry of the thread that a `LedgerThread` starts: brings the log to its sinks and indexes what is full. */

const port = parentPort;
if (port === null) throw new Error('a log is followed by a worker thread');

const { directory, sinks } = workerData as FollowedLog;
const say = (message: FromLedgerThread): void => port.postMessage(message);
const trouble = (error: unknown): void => say({ kind: 'trouble', message: error instanceof Error ? error.message : 'unknown' });

const tellers: StatusTeller[] = [];
const followers = sinks.map((options) => {
  const teller = new StatusTeller((status) => say({ kind: 'status', status }));
  tellers.push(teller);
  return new SinkFollower({ directory, options, sink: openSink(options, trouble), onStatus: (status) => teller.hear(status) });
});
for (const follower of followers) follower.start();

const stop = new AbortController();
let indexed = -1;
let indexing: Promise<void> = Promise.resolve();

function index(size: number): void {
  const segments = Math.floor(size / SEGMENT_ENTRIES);
  if (segments === indexed) return;
  indexed = segments;
  indexing = indexing
    .then(async () => {
      if (!stop.signal.aborted) await indexFullSegments(directory, { signal: stop.signal });
    })
    .catch(trouble);
}

port.on('message', (message: ToLedgerThread) => {
  if (message.kind === 'signed') {
    for (const follower of followers) follower.wake();
    index(message.size);
    return;
  }
  stop.abort();
  void Promise.all([indexing, ...followers.map((follower) => follower.close(message.drainMs))]).then(() => {
    for (const teller of tellers) teller.flush();
    say({ kind: 'closed' });
  });
});
