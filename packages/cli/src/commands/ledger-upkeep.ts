import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ledger, LedgerError, type Range, selectEntries } from '@sqlwarden/ledger';
import {
  createAdminClient,
  type GatewayConfig,
  keyOptionsOf,
  loadConfig,
  softwareVersion,
  upkeep,
  type UpkeepOrder,
  type UpkeepResult,
} from '@sqlwarden/runtime';
import { CONFIG_OPTION, DEFAULT_CONFIG, defineCommand } from '../command.js';
import { plural } from '../duration.js';
import { CommandFailure, EXIT, UsageError } from '../failure.js';
import { entryPlace, type LedgerLog, logsOf } from '../ledger-logs.js';
import { oneLine, type Terminal } from '../terminal.js';
import { approverToken, TOKEN_OPTIONS } from './admin.js';
import { momentOf } from './time-option.js';

const OPTIONS = { ...CONFIG_OPTION, ...TOKEN_OPTIONS } as const;
const RUNNING = [
  'Asks the gateway that has the ledger open, by its admin socket: you must be in one of the groups of admin.operators, and who did it stands in the',
  'ledger. Where no gateway runs, opens the ledger itself.',
];

export const ledgerRotateKey = defineCommand({
  name: 'ledger rotate-key',
  summary: 'have the key that signs the ledger name its successor, and drop it',
  details: ['The key that the ledger is known by (keys/verifier) stays the first one: later ones follow from it.', ...RUNNING],
  options: OPTIONS,
  async run({ options, out }) {
    const place = placeOf(options.config);
    for (const log of place.logs) {
      const result = await keepUp(place, log, { do: 'rotate-key' }, options['token-file']);
      say(out, log, `signed by ${oneLine(result.key ?? '', 200)} from now on`);
    }
    return EXIT.ok;
  },
});

export const ledgerRetain = defineCommand({
  name: 'ledger retain',
  summary: 'remove what is older than ledger.retention says; what is left can still be proven',
  details: ['Goes in steps of 32,768 entries, and never beyond what every sink has got. A running gateway does it every hour.', ...RUNNING],
  options: OPTIONS,
  async run({ options, out }) {
    const place = placeOf(options.config);
    const { entriesMs, valuesMs } = place.config.ledger.retention;
    if (entriesMs === undefined && valuesMs === undefined)
      throw new CommandFailure(
        `${place.config.file} keeps everything for good; write ledger: { retention: { entries: 400d, values: 30d } }`,
      );
    for (const log of place.logs) {
      const { entriesBefore = 0, valuesBefore = 0 } = await keepUp(place, log, { do: 'retain' }, options['token-file']);
      say(out, log, `without entries before ${entriesBefore}, and values of entries before ${valuesBefore}`);
    }
    return EXIT.ok;
  },
});

export const ledgerErase = defineCommand({
  name: 'ledger erase',
  summary: 'erase values from the ledger: texts, bound values, tokens; every proof still holds',
  details: [
    'Which entries: --entry, or --subject and --before together or alone. They stay as they are, and say what was done; only the values behind their',
    'commitments go. A text that was decided on once for several people is erased only when all who ran it are meant.',
    ...RUNNING,
  ],
  options: {
    ...OPTIONS,
    entry: { type: 'text', multiple: true, value: '<seq>', help: 'an entry; with workers such as worker-1:42' },
    subject: { type: 'text', value: '<id>', help: 'entries of whoever has this id, as the subject or acting for it' },
    before: { type: 'text', value: '<moment>', help: 'entries from before: 2026-11-23T02:00:00Z, or 30d for that long ago' },
    name: { type: 'text', multiple: true, value: '<name>', help: 'text, parameter, token or comment (default: all)' },
    reason: { type: 'text', value: '<text>', help: 'why; kept in the ledger' },
  },
  async run({ options, out }) {
    const { subject, reason, name } = options;
    if (reason === undefined || reason === '') throw new UsageError('--reason is needed');
    const before = momentOf(options.before, 'before', Date.now());
    const isSelection = subject !== undefined || before !== undefined;
    if (isSelection === options.entry.length > 0) throw new UsageError('write --entry, or --subject or --before');
    const place = placeOf(options.config);
    const selection = { ...(subject === undefined ? {} : { subject }), ...(before === undefined ? {} : { before }) };
    const places = options.entry.map((text) => entryPlace(text, place.logs));
    for (const log of place.logs) {
      const seqs = places.filter((one) => one.log === log).map(({ seq }) => seq);
      const ranges = isSelection ? await selectEntries(log.directory, selection) : rangesOf(seqs);
      for (let at = 0; at < ranges.length; at += MAX_RANGES) {
        const order = { do: 'erase', entries: ranges.slice(at, at + MAX_RANGES), names: name, reason } as const;
        await keepUp(place, log, order, options['token-file']);
      }
      const entries = ranges.reduce((count, [first, last]) => count + last - first + 1, 0);
      if (isSelection || entries > 0) say(out, log, `values erased of ${plural(entries, 'entry').replace('entrys', 'entries')}`);
    }
    return EXIT.ok;
  },
});

/** Fit in a request to the admin socket. */
const MAX_RANGES = 300;
/** Erasing and removing takes as long as the disk does. */
const TIMEOUT_MS = 600_000;

interface Place {
  readonly config: GatewayConfig;
  readonly logs: readonly LedgerLog[];
}

function placeOf(file: string | undefined): Place {
  const config = loadConfig(file ?? DEFAULT_CONFIG);
  return { config, logs: logsOf(config.ledger.directory) };
}

function rangesOf(seqs: readonly number[]): readonly Range[] {
  return [...new Set(seqs)].sort((a, b) => a - b).map((seq) => [seq, seq] as const);
}

/** Has the gateway do it that has the log open; else does it here. */
async function keepUp({ config }: Place, log: LedgerLog, order: UpkeepOrder, tokenFile: string | undefined): Promise<UpkeepResult> {
  const place = { directory: log.directory, origin: originOf(log) };
  let ledger: Ledger;
  try {
    ledger = await Ledger.open({
      ...place,
      ...keyOptionsOf({ keys: { ...config.ledger.keys, rotateAfterMs: undefined } }, place),
      software: softwareVersion,
    });
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== 'locked') throw error;
    return askGateway(config, log, order, tokenFile);
  }
  try {
    return await upkeep(ledger, config.ledger, order, undefined);
  } finally {
    await ledger.close();
  }
}

async function askGateway(
  { admin, file }: GatewayConfig,
  { name }: LedgerLog,
  order: UpkeepOrder,
  tokenFile: string | undefined,
): Promise<UpkeepResult> {
  if (admin === undefined)
    throw new CommandFailure(
      `a gateway has the ledger open, and ${file} has no admin socket to ask it by: stop the gateway, or add: admin: { socket: ./run/sqlwarden.sock, operators: [<group>] }`,
    );
  const client = createAdminClient({ socket: admin.socket, timeoutMs: TIMEOUT_MS });
  const [result] = await client.upkeep({ ...order, ...(name === undefined ? {} : { log: name }) }, approverToken(tokenFile));
  if (result === undefined) throw new CommandFailure('the gateway has no such log');
  return result;
}

/** The name of a log, which its first key has. A log that is not there is not made. */
function originOf({ directory }: LedgerLog): string {
  try {
    return readFileSync(join(directory, 'keys', 'verifier'), 'utf8').split('+', 1)[0] ?? '';
  } catch (error) {
    throw new CommandFailure(`there is no ledger in ${directory}`, { cause: error });
  }
}

function say(out: Terminal, { name }: LedgerLog, text: string): void {
  out.line(name === undefined ? text : `${name}  ${text}`);
}
