import { CommandKeys, type Erasure, type Ledger, type LedgerOptions, type RetentionRule } from '@sqlwarden/ledger';
import type { GatewayConfig } from './config/gateway-config.js';

/** What the configuration says of the keys of a log. */
export function keyOptionsOf(
  { keys }: Pick<GatewayConfig['ledger'], 'keys'>,
  { directory, origin }: Pick<LedgerOptions, 'directory' | 'origin'>,
): Pick<LedgerOptions, 'keys' | 'rotateAfterMs'> {
  const { command, rotateAfterMs } = keys;
  return {
    ...(command === undefined ? {} : { keys: new CommandKeys(directory, origin, command) }),
    ...(rotateAfterMs === undefined ? {} : { rotateAfterMs }),
  };
}

/** What the configuration lets go by now; `undefined`: nothing. */
export function retentionRuleOf(
  { retention, sinks }: Pick<GatewayConfig['ledger'], 'retention' | 'sinks'>,
  now: number,
): RetentionRule | undefined {
  const { entriesMs, valuesMs } = retention;
  if (entriesMs === undefined && valuesMs === undefined) return undefined;
  return {
    sinks: sinks.map(({ name }) => name),
    ...(entriesMs === undefined ? {} : { entriesBefore: now - entriesMs }),
    ...(valuesMs === undefined ? {} : { valuesBefore: now - valuesMs }),
  };
}

const EVERY_MS = 3_600_000;

/** Applies retention now and every hour; returns what ends that. */
export function keepRetention(
  ledger: Pick<Ledger, 'retain'>,
  config: GatewayConfig['ledger'],
  onTrouble: (error: Error) => void,
): () => void {
  const apply = (): void => {
    const rule = retentionRuleOf(config, Date.now());
    if (rule !== undefined) ledger.retain(rule).catch(onTrouble);
  };
  if (retentionRuleOf(config, Date.now()) === undefined) return () => undefined;
  apply();
  const timer = setInterval(apply, EVERY_MS).unref();
  return () => clearInterval(timer);
}

/** What an operator may have done to the log of a gateway. */
export type UpkeepOrder =
  | { readonly do: 'rotate-key' }
  | { readonly do: 'retain' }
  | { readonly do: 'erase'; readonly entries: Erasure['entries']; readonly names: readonly string[]; readonly reason: string };

/** What was done. */
export interface UpkeepResult {
  /** The worker whose log it is, where there are several. */
  readonly worker?: string;
  /** The key that signs now, as a verifier key. */
  readonly key?: string;
  readonly entriesBefore?: number;
  readonly valuesBefore?: number;
}

/** Does what an operator orders. Rejects with a `LedgerError`. */
export async function upkeep(
  ledger: Ledger,
  config: GatewayConfig['ledger'],
  order: UpkeepOrder,
  by: RetentionRule['by'],
): Promise<UpkeepResult> {
  const who = by === undefined ? {} : { by };
  switch (order.do) {
    case 'rotate-key':
      await ledger.rotateKey(by);
      return { key: ledger.key };
    case 'retain':
      return ledger.retain({ ...retentionRuleOf(config, Date.now()), ...who });
    case 'erase': {
      const { entries, names, reason } = order;
      await ledger.erase({ entries, names, reason, ...who });
      return {};
    }
  }
}
