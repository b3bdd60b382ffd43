import { type CompiledPolicy, type InactiveRule, inactiveRules } from '@sqlwarden/core';
import type { Reloaded } from './approval/operator-answers.js';
import { type GatewayParts, loadMaskKey } from './gateway-parts.js';
import { type LoadedPolicies, loadPolicies } from './policy/load-policies.js';

/** What of a policy does nothing on an upstream; `unreachable`: its schema could not be read. */
export interface InactiveParts {
  readonly upstream: string;
  readonly inactive: readonly InactiveRule[];
  readonly unreachable?: string;
}

/** The policies of a gateway: what of them does nothing, and others in their place while it runs. */
export class GatewayPolicies {
  readonly #parts: GatewayParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** Reads the schema of an upstream now and says what of the policy in force does nothing there. Rejects when it cannot be reached. */
  inactiveOn(upstream: string): Promise<readonly InactiveRule[]> {
    return this.#inactiveOn(upstream, this.#parts.engine.policy);
  }

  /** Records the policy that the gateway was opened with. Rejects with a `LedgerError`. */
  async announce(): Promise<readonly InactiveParts[]> {
    const { policies } = this.#parts;
    const found = await this.#inactive(policies.policy);
    this.#record(policies, found);
    return found;
  }

  /** Reads the files again; what they say holds from then on. Rejects with an error that says what is wrong, and nothing has changed. */
  reload(): Promise<Reloaded> {
    // One after another: the files are those of the last one to ask.
    const reloaded = this.#last.then(() => this.#reload());
    this.#last = reloaded.catch(() => undefined);
    return reloaded;
  }

  async #reload(): Promise<Reloaded> {
    const { config, engine, upstreams } = this.#parts;
    const policies = loadPolicies(config.policy, config.directory);
    // It may use masks that need a key.
    loadMaskKey(config, policies.policy);
    const { policy, digest } = policies;
    if (digest === engine.inForce.digest) return { digest, changed: false };
    this.#record(policies, await this.#inactive(policy));
    engine.enforce(
      { policy, digest },
      upstreams.map(({ upstream }) => upstream),
    );
    return { digest, changed: true };
  }

  #inactive(policy: CompiledPolicy): Promise<readonly InactiveParts[]> {
    return Promise.all(
      this.#parts.upstreams.map(async ({ upstream: { name } }) => {
        try {
          return { upstream: name, inactive: await this.#inactiveOn(name, policy) };
        } catch (error) {
          return { upstream: name, inactive: [], unreachable: (error as Error).message };
        }
      }),
    );
  }

  async #inactiveOn(upstream: string, policy: CompiledPolicy): Promise<readonly InactiveRule[]> {
    const found = this.#parts.upstreams.find((candidate) => candidate.upstream.name === upstream);
    if (found === undefined) throw new Error(`there is no upstream "${upstream}" in the configuration`);
    const snapshot = await found.upstream.fresh();
    return inactiveRules(policy, upstream, snapshot.resolved.catalogue);
  }

  #record({ digest, policy, files }: LoadedPolicies, found: readonly InactiveParts[]): void {
    const inactive = found.flatMap(({ upstream, inactive: rules, unreachable }) => [
      ...rules.map(({ rule, reason }) => ({ upstream, rule, reason })),
      ...(unreachable === undefined ? [] : [{ upstream, rule: '*', reason: `the schema could not be read: ${unreachable}` }]),
    ]);
    this.#parts.recorder.before({ type: 'policy.loaded', digest, mode: policy.mode, files, inactive }, []);
  }
}
