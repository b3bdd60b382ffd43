import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type LedgerEntry, readEntries, search } from '@sqlwarden/ledger';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { KEY } from './load.js';

const schemaFile = createRequire(import.meta.url).resolve('@sqlwarden/ledger/schema/entry.schema.json');
const validate = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(schemaFile, 'utf8')) as object);

/** What the ledger says of one value that a client used. */
export interface KeyRecord {
  /** Entries that say that it was forwarded: intents, or whole reads. */
  readonly entries: { readonly log: string; readonly seq: number; readonly time: number; readonly type: string }[];
  readonly states: string[];
  readonly ends: string[];
}

export interface LedgerReading {
  readonly entries: number;
  readonly keys: ReadonlyMap<string, KeyRecord>;
  /** Logs that do not go on where they were, and entries that are not as the published schema describes them. */
  readonly problems: readonly string[];
}

/** The logs in a ledger's directory, one for each worker. */
export function logsIn(directory: string): string[] {
  const workers = readdirSync(directory).filter((name) => /^worker-\d+$/.test(name));
  const logs = workers.length > 0 ? workers.map((name) => join(directory, name)) : [directory];
  return logs.filter((log) => existsSync(join(log, 'wal')));
}

/** Reads all entries of all logs, and the units that they make. */
export async function readLogs(directory: string): Promise<LedgerReading> {
  const keys = new Map<string, KeyRecord>();
  const problems: string[] = [];
  let entries = 0;
  for (const log of logsIn(directory)) {
    const ofSeq = new Map<number, readonly string[]>();
    let next = 0;
    for await (const entry of readEntries(log)) {
      if (entry.seq !== next || entry.event.seq !== next) problems.push(`${log}: entry ${entry.event.seq} stands where ${next} belongs`);
      next += 1;
      const { event } = entry;
      problems.push(...schemaProblems(log, event));
      if (event.type === 'log.opened' && event.previous.size !== event.seq)
        problems.push(`${log}: entry ${event.seq} was opened on ${event.previous.size} entries`);
      if (event.type !== 'statement.intent' && event.type !== 'statement.completed') continue;
      const named = keysOf(entry);
      ofSeq.set(entry.seq, named);
      for (const key of named) recordOf(keys, key).entries.push({ log, seq: entry.seq, time: timeOf(entry), type: event.type });
    }
    entries += next;
    for await (const { seq, outcome, transaction } of search(log, {})) {
      for (const key of ofSeq.get(seq) ?? []) {
        const record = recordOf(keys, key);
        record.states.push(outcome.kind === 'done' ? outcome.status : outcome.kind);
        record.ends.push(transaction.end);
      }
    }
  }
  return { entries, keys, problems };
}

function schemaProblems(log: string, event: LedgerEntry['event']): string[] {
  if (validate(event)) return [];
  return [`${log}: an entry is not as the published schema describes it: ${JSON.stringify(validate.errors)}`];
}

/** When it was known that it would be forwarded. */
function timeOf({ event }: LedgerEntry): number {
  return event.type === 'statement.completed' ? event.startedAt : event.time;
}

function recordOf(keys: Map<string, KeyRecord>, key: string): KeyRecord {
  const record = keys.get(key) ?? { entries: [], states: [], ends: [] };
  keys.set(key, record);
  return record;
}

/** The values in the text and the parameters of a unit. */
function keysOf({ disclosures }: LedgerEntry): string[] {
  const found = disclosures.flatMap(({ value }) => {
    const text = value.startsWith('base64:') ? Buffer.from(value.slice('base64:'.length), 'base64').toString('utf8') : value;
    return text.match(KEY) ?? [];
  });
  return [...new Set(found)];
}
