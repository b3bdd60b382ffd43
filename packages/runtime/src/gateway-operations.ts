import type { ApprovalStore } from './approval/store.js';
import type { TokenVerification } from './approval/admin-answers.js';
import type { Operations, Reloaded } from './approval/operator-answers.js';
import type { GatewayConnection } from './gateway-connection.js';
import type { GatewayParts } from './gateway-parts.js';
import { upkeep } from './ledger-upkeep.js';
import { Revocations } from './revocation/revocations.js';
import { revocationStoreOf } from './revocation/revocation-store.js';

/** What a running gateway gives to whoever operates it. */
export interface OperatedGateway {
  readonly parts: GatewayParts;
  readonly approvals: ApprovalStore;
  readonly connections: () => Iterable<GatewayConnection>;
  readonly reload: () => Promise<Reloaded>;
}

/** Opens the revocations of a gateway: whoever is revoked has to leave at once, and what they have approved and nobody used is void. */
export function openRevocations({ parts, approvals, connections }: OperatedGateway): Revocations {
  const { config, recorder, engine } = parts;
  const revocations = new Revocations({
    file: config.identity.revocations,
    store: revocationStoreOf(config),
    now: () => engine.now(),
    record: (event) => {
      // What a file says holds whether or not it can be recorded now.
      if (event.source === 'file') recorder.after(event);
      else recorder.before(event, []);
    },
    onChange: () => {
      for (const connection of connections()) {
        const refusal = connection.principal === undefined ? undefined : revocations.refusal(connection.principal);
        if (refusal !== undefined) connection.terminate(refusal);
      }
      approvals.revoke((principal) => revocations.refusal(principal) !== undefined);
    },
    onTrouble: (error) => engine.trouble(error),
  });
  return revocations;
}

/** What operators may do to a gateway. */
export function operationsOn(gateway: OperatedGateway, revocations: Revocations): Operations {
  const { parts, connections } = gateway;
  return {
    groups: parts.config.admin?.operators ?? [],
    revocations: () => revocations.inForce,
    revoke: (order, by) => revocations.revoke(order, by),
    lift: (id, by) => revocations.lift(id, by),
    kill: (session, by, reason) => {
      const connection = [...connections()].find(({ id }) => id === session);
      if (connection === undefined) return false;
      parts.recorder.before({ type: 'session.killed', session, by, ...(reason === undefined ? {} : { reason }) }, []);
      connection.terminate({ code: 'session-killed', message: 'an operator has ended this session' });
      return true;
    },
    reload: () => gateway.reload(),
    upkeep: (order, by) => upkeep(parts.ledger, parts.config.ledger, order, by),
  };
}

/** Who a token of the admin interface is of; nobody who is revoked. */
export async function verifyForAdmin(parts: GatewayParts, revocations: Revocations, token: string): Promise<TokenVerification> {
  const verified = await parts.verifier.verify(token);
  const revoked = verified.ok ? revocations.refusal(verified.principal) : undefined;
  return revoked === undefined ? verified : { ok: false, code: revoked.code, message: revoked.message };
}
