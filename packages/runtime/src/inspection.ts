import {
  type Dialect,
  evaluate,
  keepingPinned,
  type InactiveRule,
  inactiveRules,
  type ParseFailure,
  type Principal,
  type SqlState,
  type UnitFacts,
  unknownUpstreams,
  type Verdict,
} from '@sqlwarden/core';
import type { IssuerDescription, Verifier } from '@sqlwarden/identity';
import type { GatewayConfig, UpstreamConfig } from './config/gateway-config.js';
import { loadConfig } from './config/load-config.js';
import { crossChecked } from './engine/decide.js';
import { Upstream } from './engine/upstream.js';
import { dialectFor, loadMaskKey, openCrossCheck, openVerifier } from './gateway-parts.js';
import { accountWarnings, configuredRoles } from './login/account-warnings.js';
import { accessWarnings } from './login/access-warnings.js';
import { openConfiguredClientTls } from './login/client-tls-config.js';
import { openServerAccess } from './login/server-access.js';
import { loadUsers } from './login/users-file.js';
import { loadRevocations } from './revocation/revocations-file.js';
import { ParsePool } from './parse-pool.js';
import { nodeHash } from './node-hash.js';
import { compilePattern } from './policy/compile-pattern.js';
import { type LoadedPolicies, loadPolicies } from './policy/load-policies.js';
import { unfitMasks } from './policy/unfit-masks.js';
import { runPolicyTests, type TestReport, type TestUpstream } from './policy/run-tests.js';
import { ControlConnection } from './transport/control-connection.js';

export interface InspectionOptions {
  /** Path of `sqlwarden.yaml`. */
  readonly configFile: string;
  readonly dialects: readonly Dialect[];
  /** What an operator must hear of; never a statement, a value or a token. */
  readonly onTrouble: (error: Error) => void;
}

/** What a statement would mean and what policy says of it. */
export interface Explanation {
  readonly upstream: string;
  readonly environment: string;
  /** The session state that it was judged in: that of a new session. */
  readonly state: SqlState;
  readonly result:
    | { readonly understood: true; readonly facts: UnitFacts; readonly verdict: Verdict }
    | { readonly understood: false; readonly failure: ParseFailure };
}

const PARSE_DEADLINE_MS = 3_000;
const MAX_WAITING_PARSES = 10_000;

/**
 * The same configuration, policy and understanding of statements as a gateway's, without a ledger and without clients: for `check`, `test` and
 * `explain`. Works beside a running gateway; forwards nothing.
 */
export class Inspection {
  readonly config: GatewayConfig;
  readonly policies: LoadedPolicies;
  readonly #verifier: Verifier;
  readonly #maskKey: Uint8Array;
  readonly #options: InspectionOptions;
  readonly #upstreams = new Map<string, InspectedUpstream>();

  /** Loads and checks everything that a gateway would, secrets included. Throws what `Gateway.open` rejects with. */
  constructor(options: InspectionOptions) {
    this.#options = options;
    this.config = loadConfig(options.configFile);
    this.policies = loadPolicies(this.config.policy, this.config.directory);
    this.#verifier = openVerifier(this.config, options.onTrouble);
    const maskKey = loadMaskKey(this.config, this.policies.policy);
    this.#maskKey = maskKey;
    if (this.config.identity.users !== undefined) loadUsers(this.config.identity.users, maskKey);
    if (this.config.identity.revocations !== undefined) loadRevocations(this.config.identity.revocations);
    for (const { clientTls } of this.config.upstreams)
      if (clientTls !== undefined) openConfiguredClientTls(this.config, clientTls, Date.now, options.onTrouble);
    for (const upstream of this.config.upstreams) this.#upstreams.set(upstream.name, this.#open(upstream));
  }

  issuers(): readonly IssuerDescription[] {
    return this.#verifier.describe();
  }

  /** What is allowed and weak in how clients and the gateway log in. */
  accessWarnings(): readonly string[] {
    return accessWarnings(this.config);
  }

  /** What is weak in the roles that sessions of an upstream run as. Rejects with a `ControlConnectionError` when it cannot be reached. */
  async accountWarnings(upstream: string): Promise<readonly string[]> {
    const config = this.config.upstreams.find(({ name }) => name === upstream);
    if (config === undefined) return [];
    const { dialect, target } = this.#upstream(upstream).upstream.options;
    const connection = new ControlConnection(dialect, target, this.#upstream(upstream).upstream.serverLogin());
    const roles = [...new Set([config.credentials.user, ...configuredRoles(config)])];
    try {
      return accountWarnings(
        config,
        await dialect.readAccountFacts((sql) => connection.query(sql), roles, Object.values(config.propagate)),
      );
    } finally {
      connection.close();
    }
  }

  verifyToken(token: string): ReturnType<Verifier['verify']> {
    return this.#verifier.verify(token);
  }

  /** Parts of the policy that speak of upstreams that are not configured. */
  unknownUpstreams(): readonly { readonly rule: string; readonly reason: string }[] {
    return unknownUpstreams(this.policies.policy, [...this.#upstreams.keys()]);
  }

  /** What of the policy does nothing on an upstream as it is now, and masks that its types cannot carry. Rejects with a `ControlConnectionError` when it cannot be reached. */
  async inactive(upstream: string): Promise<readonly InactiveRule[]> {
    const { policy } = this.policies;
    const { resolved, protection } = await this.#upstream(upstream).upstream.fresh();
    const { dialect } = this.#upstream(upstream).upstream.options;
    const tools = { hash: nodeHash, maskKey: this.#maskKey, compilePattern };
    return [...inactiveRules(policy, upstream, resolved.catalogue), ...unfitMasks({ policy, protection, resolved, dialect, tools })];
  }

  /** Rejects with a `ControlConnectionError` when the upstream cannot be reached. */
  async explain(upstream: string, sql: string, principal: Principal): Promise<Explanation> {
    const inspected = this.#upstream(upstream);
    const { environment } = this.config;
    const { protection } = await inspected.upstream.fresh();
    const state = await inspected.state();
    const parsed = await this.#analyse(inspected, sql);
    if (!parsed.ok) return { upstream, environment, state, result: { understood: false, failure: parsed.failure } };
    const { facts } = parsed;
    const judged = evaluate({ policy: this.policies.policy, principal, facts, upstream, environment, protection });
    const { resolved } = await inspected.upstream.fresh();
    const checked = await crossChecked(judged, sql, facts, resolved.catalogue, inspected.upstream.options.crossCheck);
    const verdict = keepingPinned(checked, facts, inspected.upstream.pinned);
    return { upstream, environment, state, result: { understood: true, facts, verdict } };
  }

  /** Runs the tests of the policy files. Rejects with a `ControlConnectionError` when an upstream cannot be reached. */
  async runTests(): Promise<readonly TestReport[]> {
    const upstreams = await Promise.all(
      [...this.#upstreams.values()].map(async (inspected): Promise<TestUpstream> => {
        const { protection } = await inspected.upstream.fresh();
        return {
          name: inspected.upstream.name,
          protection,
          analyse: async (sql) => {
            const parsed = await this.#analyse(inspected, sql);
            return parsed.ok ? parsed : { ok: false, message: parsed.failure.message };
          },
        };
      }),
    );
    return runPolicyTests({ tests: this.policies.tests, policy: this.policies.policy, environment: this.config.environment, upstreams });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#upstreams.values()].map((upstream) => upstream.close()));
  }

  #upstream(name: string): InspectedUpstream {
    const found = this.#upstreams.get(name);
    if (found === undefined)
      throw new Error(`there is no upstream "${name}" in the configuration; there are: ${[...this.#upstreams.keys()].join(', ')}`);
    return found;
  }

  #open(config: UpstreamConfig): InspectedUpstream {
    const dialect = dialectFor(config, this.#options.dialects);
    const parser = new ParsePool({ entry: dialect.parserEntry, deadlineMs: PARSE_DEADLINE_MS, maxWaiting: MAX_WAITING_PARSES });
    const crossCheck = openCrossCheck(this.config, config);
    const upstream = new Upstream({
      name: config.name,
      dialect,
      parser,
      ...(crossCheck === undefined ? {} : { crossCheck }),
      ...openServerAccess(this.config, config, dialect),
      policy: this.policies.policy,
      // One look is enough for a command that ends soon.
      maxAgeMs: Number.MAX_SAFE_INTEGER,
      now: Date.now,
      onSchemaChange: () => undefined,
    });
    return new InspectedUpstream(upstream);
  }

  async #analyse(
    inspected: InspectedUpstream,
    sql: string,
  ): Promise<{ readonly ok: true; readonly facts: UnitFacts } | { readonly ok: false; readonly failure: ParseFailure }> {
    const { dialect, parser } = inspected.upstream.options;
    const { resolved, protection } = await inspected.upstream.fresh();
    const state = await inspected.state();
    const parsed = await parser.parse(sql, { serverVersion: resolved.catalogue.serverVersion, lexical: state.lexical });
    if (!parsed.ok) return parsed;
    const facts = dialect.analyse(parsed.unit, {
      catalogue: resolved,
      state,
      stateChangedInTransaction: false,
      schemaChangedInTransaction: false,
      documents: protection.documents,
      // A new session has none of these.
      ...(dialect.carriesSessionObjects === true ? { variables: new Map(), temporary: [] } : {}),
    });
    return { ok: true, facts };
  }
}

/** An upstream and the state that sessions begin with there. */
class InspectedUpstream {
  readonly upstream: Upstream;
  #state: Promise<SqlState> | undefined;

  constructor(upstream: Upstream) {
    this.upstream = upstream;
  }

  state(): Promise<SqlState> {
    this.#state ??= this.#readState();
    return this.#state;
  }

  async close(): Promise<void> {
    this.upstream.close();
    await Promise.all([this.upstream.options.parser.close(), this.upstream.options.crossCheck?.close()]);
  }

  async #readState(): Promise<SqlState> {
    const { dialect, target } = this.upstream.options;
    const connection = new ControlConnection(dialect, target, this.upstream.serverLogin());
    try {
      return await dialect.readState((sql) => connection.query(sql));
    } finally {
      connection.close();
    }
  }
}
