import { join } from 'node:path';
import type { ApprovalRequest, CompiledPolicy, Dialect } from '@sqlwarden/core';
import { type Verifier, createVerifier, exchangeIssuer, openDevIssuer, openSigningKeys } from '@sqlwarden/identity';
import { assertOtlpInstalled, Ledger } from '@sqlwarden/ledger';
import { ApprovalStore } from './approval/store.js';
import type { GatewayConfig, UpstreamConfig } from './config/gateway-config.js';
import { loadConfig } from './config/load-config.js';
import { configProblem, readNamedFile } from './config/named-file.js';
import { CrossCheck } from './cross-check/cross-check.js';
import { approvalRecorder } from './engine/approval-record.js';
import { Engine } from './engine/engine.js';
import { Recorder } from './engine/recorder.js';
import { Upstream } from './engine/upstream.js';
import type { GatewayOptions, OtherWorkers } from './gateway.js';
import { LedgerThread } from './ledger-thread/ledger-thread.js';
import { keepRetention, keyOptionsOf } from './ledger-upkeep.js';
import { ClientIdentity } from './login/client-identity.js';
import { openServerAccess, type ServerAccess } from './login/server-access.js';
import { TokenFile } from './login/token-file.js';
import { UsersFile } from './login/users-file.js';
import { ParsePool } from './parse-pool.js';
import { revocationStoreOf } from './revocation/revocation-store.js';
import { loadRevocations } from './revocation/revocations-file.js';
import { openTelemetry } from './telemetry/open-telemetry.js';
import { PartSources } from './telemetry/part-sources.js';
import type { Telemetry } from './telemetry/telemetry.js';
import { type LoadedPolicies, loadPolicies } from './policy/load-policies.js';
import { softwareVersion } from './version.js';

/** What a gateway is made of. */
export interface GatewayParts {
  readonly config: GatewayConfig;
  readonly policies: LoadedPolicies;
  readonly engine: Engine;
  readonly ledger: Ledger;
  readonly ledgerDirectory: string;
  readonly ledgerThread: LedgerThread;
  /** Ends the work that keeps the ledger as short as the configuration says. */
  readonly endRetention: () => void;
  readonly recorder: Recorder;
  readonly approvals: ApprovalStore;
  readonly verifier: Verifier;
  readonly identity: ClientIdentity;
  readonly maskKey: Uint8Array;
  readonly parsers: readonly ParsePool[];
  readonly crossChecks: readonly CrossCheck[];
  readonly upstreams: readonly { readonly upstream: Upstream; readonly config: UpstreamConfig }[];
  /** What is counted and traced; `undefined`: nothing. */
  readonly telemetry: Telemetry | undefined;
  /** How many sessions are open, for heartbeats; set by the gateway. */
  sessionCount: () => number;
}

const PARSE_DEADLINE_MS = 3_000;
const MAX_WAITING_PARSES = 2_000;
const MAX_PENDING_APPROVALS = 1_000;
const MAX_PENDING_PER_REQUESTER = 20;
const MIN_MASK_KEY_BYTES = 32;
/** Masks whose values depend on a key. */
const KEYED_MASKS = new Set(['hash', 'token', 'noise']);

/** Opens everything that a configuration file names, the ledger last: a gateway that cannot run leaves no entry. */
export async function openParts(options: GatewayOptions): Promise<GatewayParts> {
  const config = servedBy(options, loadConfig(options.configFile));
  const policies = loadPolicies(config.policy, config.directory);
  const onTrouble = options.onTrouble ?? defaultTrouble;
  const verifier = openVerifier(config, onTrouble);
  const maskKey = loadMaskKey(config, policies.policy);
  checkRevocations(config);
  const identity = openClientIdentity(config, verifier, maskKey, onTrouble);
  const dialects = config.upstreams.map((upstream) => dialectFor(upstream, options.dialects));
  const access = config.upstreams.map((upstream, index) => openServerAccess(config, upstream, dialects[index] as Dialect));
  const crossChecks = config.upstreams.map((upstream) => openCrossCheck(config, upstream));
  const count = { of: (): number => 0 };
  const follower: { of?: LedgerThread } = {};
  if (config.ledger.sinks.some(({ type }) => type === 'otlp')) await assertOtlpInstalled();
  const place = ledgerPlace(config.ledger, options.worker);
  const sources = new PartSources(() => count.of());
  const { enforcement } = options;
  const telemetry = await openTelemetry({ config, enforcement, origin: place.origin, sources, onTrouble });
  const ledger = await Ledger.open({
    ...place,
    ...keyOptionsOf(config.ledger, place),
    software: softwareVersion,
    sessions: () => count.of(),
    onError: (error) => {
      telemetry?.ledgerFailed();
      onTrouble(error);
    },
    onSigned: (size) => follower.of?.signed(size),
  });
  const recorder = new Recorder(ledger, onTrouble);
  const ledgerThread = (follower.of = followLedger(config, place.directory, recorder, onTrouble));
  const approvals = new ApprovalStore({
    now: Date.now,
    recorder: approvalRecorder(recorder),
    onTrouble,
    maxPending: MAX_PENDING_APPROVALS,
    maxPendingPerRequester: MAX_PENDING_PER_REQUESTER,
    ...(options.otherWorkers === undefined ? {} : { claimElsewhere: claimFrom(options.otherWorkers) }),
  });
  const engine = new Engine({
    environment: config.environment,
    maxTextLength: config.limits.maxTextLength,
    policy: policies.policy,
    policyDigest: policies.digest,
    recorder,
    durableReads: config.ledger.reads === 'durable',
    approvals,
    telemetry,
    now: Date.now,
    ...(options.otherWorkers === undefined ? {} : { tellUses: tellThrough(options.otherWorkers) }),
    onTrouble,
  });
  const parsers = new Map(
    dialects.map((dialect) => [
      dialect,
      new ParsePool({ entry: dialect.parserEntry, deadlineMs: PARSE_DEADLINE_MS, maxWaiting: MAX_WAITING_PARSES }),
    ]),
  );
  const upstreams = config.upstreams.map((upstream, index) => {
    const dialect = dialects[index] as Dialect;
    return {
      config: upstream,
      upstream: makeUpstream(config, upstream, engine, dialect, {
        parser: parsers.get(dialect) as ParsePool,
        crossCheck: crossChecks[index],
        ...(access[index] as ServerAccess),
      }),
    };
  });
  sources.parts = {
    ledger,
    upstreams: upstreams.map(({ upstream }) => upstream),
    parsers,
    sinks: () => ledgerThread.statuses.map(({ name, next, signed }) => ({ name, behind: signed - next })),
  };
  return {
    config,
    policies,
    engine,
    ledger,
    ledgerDirectory: place.directory,
    ledgerThread,
    endRetention: keepRetention(ledger, config.ledger, onTrouble),
    recorder,
    approvals,
    verifier,
    identity,
    maskKey,
    parsers: [...parsers.values()],
    crossChecks: crossChecks.filter((crossCheck) => crossCheck !== undefined),
    upstreams,
    telemetry,
    get sessionCount() {
      return count.of;
    },
    set sessionCount(value) {
      count.of = value;
    },
  };
}

/** A driver wrapper serves the upstreams of its own databases; those of others are for a sidecar with the same file. */
function servedBy({ enforcement, dialects }: GatewayOptions, config: GatewayConfig): GatewayConfig {
  if (enforcement === 'gateway') return config;
  return { ...config, upstreams: config.upstreams.filter(({ database }) => dialects.some(({ name }) => name === database)) };
}

function followLedger({ ledger }: GatewayConfig, directory: string, recorder: Recorder, onTrouble: (error: Error) => void): LedgerThread {
  const { sinks } = ledger;
  const thread = new LedgerThread({ directory, sinks, onTrouble, record: (event) => void recorder.after(event) });
  if (sinks.some(({ whenBehind }) => whenBehind === 'refuse-writes')) recorder.refuseIntents(() => thread.writesRefused());
  return thread;
}

/** Throws what says why revocations cannot be read: nobody is let in before it is known who may not be. */
function checkRevocations(config: GatewayConfig): void {
  if (config.identity.revocations !== undefined) loadRevocations(config.identity.revocations);
  revocationStoreOf(config).read();
}

function tellThrough(others: OtherWorkers): OtherWorkers['tellUses'] {
  return (uses) => others.tellUses(uses);
}

function claimFrom(others: OtherWorkers): (digest: string) => Promise<ApprovalRequest | undefined> {
  return (digest) => others.claimApproval(digest);
}

/** What a worker's log, its directory and its messages are called. */
export function workerName(worker: number): string {
  return `worker-${worker}`;
}

/** Every worker has a log of its own, whose name in checkpoints says which one it is. */
function ledgerPlace(
  { directory, origin }: GatewayConfig['ledger'],
  worker: number | undefined,
): Pick<GatewayConfig['ledger'], 'directory' | 'origin'> {
  if (worker === undefined) return { directory, origin };
  return { directory: join(directory, workerName(worker)), origin: `${origin}/${workerName(worker)}` };
}

function makeUpstream(
  config: GatewayConfig,
  upstream: UpstreamConfig,
  engine: Engine,
  dialect: Dialect,
  {
    target,
    login,
    password,
    sessions,
    parser,
    crossCheck,
  }: ServerAccess & { readonly parser: ParsePool; readonly crossCheck: CrossCheck | undefined },
): Upstream {
  return new Upstream({
    name: upstream.name,
    dialect,
    target,
    login,
    password,
    sessions,
    clients: {
      proofs: upstream.clients,
      requireCertificate: upstream.clientTls?.requireCertificate ?? false,
      certificates: config.identity.certificates.filter(({ upstreams }) => upstreams?.includes(upstream.name) !== false),
      discovery: upstream.oauth,
    },
    parser,
    ...(crossCheck === undefined ? {} : { crossCheck }),
    policy: engine.policy,
    maxAgeMs: config.catalogue.maxAgeMs,
    now: Date.now,
    onSchemaChange: (changed, { version, changes }) => {
      const intent = engine.takeLastIntent(changed);
      engine.recorder.after({
        type: 'schema.changed',
        upstream: changed.name,
        ...(intent === undefined ? {} : { intent }),
        catalogue: version,
        changes,
      });
    },
  });
}

export function openVerifier(config: GatewayConfig, report: (error: Error) => void): Verifier {
  for (const issuer of config.identity.issuers) {
    // A development issuer makes its key when it is first used; its public keys must be there before tokens are verified.
    if (issuer.devDirectory === undefined) continue;
    openDevIssuer({
      directory: issuer.devDirectory,
      issuer: issuer.issuer,
      environment: config.environment,
      ...(issuer.allowInProduction === undefined ? {} : { allowInProduction: issuer.allowInProduction }),
    });
  }
  const { exchange, identity } = config;
  const issuers = [...identity.issuers];
  if (exchange !== undefined) {
    const own = exchangeIssuer(exchange, identity.issuers);
    openSigningKeys(exchange, Date.now);
    issuers.push(own);
  }
  return createVerifier(issuers, { environment: config.environment, report });
}

/** `maskKey`: secret and the same in every process, as the verifiers of users that there are not must be; without a key file, it is neither. */
function openClientIdentity(
  config: GatewayConfig,
  verifier: Verifier,
  maskKey: Uint8Array,
  onTrouble: (error: Error) => void,
): ClientIdentity {
  const { users, workload } = config.identity;
  const secret = config.masking.keyFile === undefined ? undefined : maskKey;
  const file = users === undefined ? undefined : new UsersFile(users, secret, Date.now, onTrouble);
  return new ClientIdentity({
    verifier,
    users: file && (() => file.current()),
    workload: workload && new TokenFile(workload.tokenFile, verifier, onTrouble),
    onTrouble,
  });
}

export function dialectFor(upstream: UpstreamConfig, dialects: readonly Dialect[]): Dialect {
  const dialect = dialects.find((candidate) => candidate.name === upstream.database);
  if (dialect === undefined)
    throw new Error(`upstream "${upstream.name}" is a ${upstream.database} database, for which there is no adapter here`);
  return dialect;
}

/** The cross-check of an upstream that has one. Throws a `ConfigError` when what it needs is not installed. */
export function openCrossCheck(config: GatewayConfig, upstream: UpstreamConfig): CrossCheck | undefined {
  if (upstream.crossCheck === undefined) return undefined;
  try {
    return new CrossCheck(upstream.database);
  } catch (error) {
    throw configProblem('config-invalid', config.file, `upstreams.${upstream.name}.crossCheck`, (error as Error).message);
  }
}

export function loadMaskKey(config: GatewayConfig, policy: CompiledPolicy): Uint8Array {
  const { keyFile } = config.masking;
  if (keyFile === undefined) {
    const keyed = [...policy.masks.values()].flat().find((mask) => KEYED_MASKS.has(mask.function.kind));
    if (keyed === undefined) return new Uint8Array(MIN_MASK_KEY_BYTES);
    throw configProblem(
      'config-invalid',
      config.file,
      'masking',
      `the mask ${keyed.function.kind} of label ${keyed.label} needs a key; write masking: { keyFile: <file> }`,
    );
  }
  const key = readNamedFile(config.file, keyFile, 'masking.keyFile', 'make one with: head -c 32 /dev/urandom > FILE; chmod 600 FILE');
  if (key.length >= MIN_MASK_KEY_BYTES) return key;
  throw configProblem(
    'config-invalid',
    keyFile,
    '',
    `the key of masks has ${key.length} bytes; it needs ${MIN_MASK_KEY_BYTES} random ones`,
  );
}

function defaultTrouble(error: Error): void {
  process.stderr.write(`sqlwarden: ${error.name}: ${error.message}\n`);
}
