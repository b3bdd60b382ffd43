// Loaded before the gateway's own modules (node --import): counts intents and syncs of write-ahead files, and keeps both in a file.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const file = process.env['SQLWARDEN_BENCH_SYNCS'];
if (isMainThread && file !== undefined) {
  const counts = { intents: 0, syncs: 0 };
  const { fdatasync } = fs;
  fs.fdatasync = Object.assign((fd: number, done: fs.NoParamCallback) => {
    counts.syncs += 1;
    fdatasync(fd, done);
  }, fdatasync);
  syncBuiltinESMExports();
  const { Ledger } = await import('@sqlwarden/ledger');
  const { append } = Object.getOwnPropertyDescriptors(Ledger.prototype);
  const original = append.value;
  if (original === undefined) throw new Error('the ledger appends in another way now');
  Ledger.prototype.append = function (event, disclosures) {
    if (event.type === 'statement.intent') counts.intents += 1;
    return original.call(this, event, disclosures);
  };
  setInterval(() => {
    // Whoever reads it sees the old counts or the new ones.
    fs.writeFileSync(`${file}.next`, JSON.stringify(counts));
    fs.renameSync(`${file}.next`, file);
  }, 50).unref();
}
