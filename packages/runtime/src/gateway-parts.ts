import { readFileSync } from 'node:fs';
import type { CompiledPolicy, Dialect, ServerLogin } from '@sqlwarden/core';
import { type Verifier, createVerifier, openDevIssuer } from '@sqlwarden/identity';
import { Ledger } from '@sqlwarden/ledger';
import { ApprovalStore } from './approval/store.js';
import { ConfigError } from './config/config-error.js';
import type { GatewayConfig, UpstreamConfig } from './config/gateway-config.js';
import { loadConfig } from './config/load-config.js';
import { CrossCheck } from './cross-check/cross-check.js';
import { approvalRecorder } from './engine/approval-record.js';
import { Engine } from './engine/engine.js';
import { Recorder } from './engine/recorder.js';
import { Upstream } from './engine/upstream.js';
import type { GatewayOptions } from './gateway.js';
import { ParsePool } from './parse-pool.js';
import { type LoadedPolicies, loadPolicies } from './policy/load-policies.js';
import type { ServerTarget } from './transport/server-socket.js';
import { softwareVersion } from './version.js';

/** What a gateway is made of. */
export interface GatewayParts {
  readonly config: GatewayConfig;
  readonly policies: LoadedPolicies;
  readonly engine: Engine;
  readonly ledger: Ledger;
  readonly recorder: Recorder;
  readonly approvals: ApprovalStore;
  readonly verifier: Verifier;
  readonly maskKey: Uint8Array;
  readonly parsers: readonly ParsePool[];
  readonly crossChecks: readonly CrossCheck[];
  readonly upstreams: readonly { readonly upstream: Upstream; readonly config: UpstreamConfig }[];
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
  const config = loadConfig(options.configFile);
  const policies = loadPolicies(config.policy, config.directory);
  const onTrouble = options.onTrouble ?? defaultTrouble;
  const verifier = openVerifier(config, onTrouble);
  const maskKey = loadMaskKey(config, policies.policy);
  const secrets = config.upstreams.map((upstream) => ({ target: targetOf(config, upstream), login: loginOf(config, upstream) }));
  const dialects = config.upstreams.map((upstream) => dialectFor(upstream, options.dialects));
  const crossChecks = config.upstreams.map((upstream) => openCrossCheck(config, upstream));
  const count = { of: (): number => 0 };
  const ledger = await Ledger.open({
    directory: config.ledger.directory,
    origin: config.ledger.origin,
    software: softwareVersion,
    sessions: () => count.of(),
    onError: onTrouble,
  });
  const recorder = new Recorder(ledger, onTrouble);
  const approvals = new ApprovalStore({
    now: Date.now,
    recorder: approvalRecorder(recorder),
    onTrouble,
    maxPending: MAX_PENDING_APPROVALS,
    maxPendingPerRequester: MAX_PENDING_PER_REQUESTER,
  });
  const engine = new Engine({
    environment: config.environment,
    maxTextLength: config.limits.maxTextLength,
    policy: policies.policy,
    policyDigest: policies.digest,
    recorder,
    approvals,
    now: Date.now,
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
        ...(secrets[index] as Secrets),
      }),
    };
  });
  return {
    config,
    policies,
    engine,
    ledger,
    recorder,
    approvals,
    verifier,
    maskKey,
    parsers: [...parsers.values()],
    crossChecks: crossChecks.filter((crossCheck) => crossCheck !== undefined),
    upstreams,
    get sessionCount() {
      return count.of;
    },
    set sessionCount(value) {
      count.of = value;
    },
  };
}

interface Secrets {
  readonly target: ServerTarget;
  readonly login: ServerLogin;
}

function makeUpstream(
  config: GatewayConfig,
  upstream: UpstreamConfig,
  engine: Engine,
  dialect: Dialect,
  { target, login, parser, crossCheck }: Secrets & { readonly parser: ParsePool; readonly crossCheck: CrossCheck | undefined },
): Upstream {
  return new Upstream({
    name: upstream.name,
    dialect,
    target,
    login,
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
  return createVerifier(config.identity.issuers, { environment: config.environment, report });
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
    throw problem('config-invalid', config.file, `upstreams.${upstream.name}.crossCheck`, (error as Error).message);
  }
}

export function loadMaskKey(config: GatewayConfig, policy: CompiledPolicy): Uint8Array {
  const { keyFile } = config.masking;
  if (keyFile === undefined) {
    const keyed = [...policy.masks.values()].flat().find((mask) => KEYED_MASKS.has(mask.function.kind));
    if (keyed === undefined) return new Uint8Array(MIN_MASK_KEY_BYTES);
    throw problem(
      'config-invalid',
      config.file,
      'masking',
      `the mask ${keyed.function.kind} of label ${keyed.label} needs a key; write masking: { keyFile: <file> }`,
    );
  }
  const key = readFile(config, keyFile, 'masking.keyFile', 'make one with: head -c 32 /dev/urandom > FILE; chmod 600 FILE');
  if (key.length >= MIN_MASK_KEY_BYTES) return key;
  throw problem('config-invalid', keyFile, '', `the key of masks has ${key.length} bytes; it needs ${MIN_MASK_KEY_BYTES} random ones`);
}

export function targetOf(config: GatewayConfig, { server }: UpstreamConfig): ServerTarget {
  return {
    host: server.host,
    port: server.port,
    socketPath: server.socket,
    tls: server.tls,
    connectTimeoutMs: server.connectTimeoutMs,
    ca:
      server.ca === undefined
        ? undefined
        : readFile(config, server.ca, 'server.ca', 'give the PEM of the authority that signed the server certificate').toString('utf8'),
  };
}

export function loginOf(config: GatewayConfig, { server, credentials }: UpstreamConfig): ServerLogin {
  return {
    user: credentials.user,
    database: server.database,
    password: passwordOf(config, credentials),
    tls: server.tls === 'disable' ? 'disable' : 'require',
  };
}

function passwordOf(config: GatewayConfig, { password }: UpstreamConfig['credentials']): string | undefined {
  switch (password.kind) {
    case 'none':
      return undefined;
    case 'file':
      return readFile(config, password.path, 'credentials.passwordFile', 'write the password into it')
        .toString('utf8')
        .replace(/\r?\n$/, '');
    case 'environment': {
      const value = process.env[password.name];
      if (value !== undefined && value !== '') return value;
      throw problem(
        'config-invalid',
        config.file,
        'credentials.passwordEnvironment',
        `the environment variable ${password.name} is not set; set it to the password`,
      );
    }
  }
}

function readFile(config: GatewayConfig, file: string, path: string, advice: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw problem(
      'file-unreadable',
      config.file,
      path,
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}); ${advice}`,
    );
  }
}

function problem(code: 'config-invalid' | 'file-unreadable', file: string, path: string, message: string): ConfigError {
  return new ConfigError(code, [{ file, line: 0, column: 0, path, message }]);
}

function defaultTrouble(error: Error): void {
  process.stderr.write(`sqlwarden: ${error.name}: ${error.message}\n`);
}
