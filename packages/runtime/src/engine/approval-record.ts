import type { Disclosure } from '@sqlwarden/core';
import type { ApprovalRecorder } from '../approval/store.js';
import type { Recorder } from './recorder.js';

/** Writes what happens to approval requests into the ledger, each before it takes effect. */
export function approvalRecorder(recorder: Recorder): ApprovalRecorder {
  return {
    requested(request, context) {
      const disclosures: Disclosure[] = [];
      const { subject, requirement } = request;
      recorder.before(
        {
          type: 'approval.requested',
          request: request.id,
          digest: request.digest,
          session: context.session,
          upstream: subject.upstream,
          requester: subject.requester,
          text: recorder.commit('text', subject.text, disclosures),
          parameters: subject.parameters.map((parameter) =>
            recorder.commit('parameter', parameter.value === null ? 'null' : Buffer.from(parameter.value, 'base64'), disclosures),
          ),
          facts: context.facts,
          labels: context.labels,
          rule: requirement.rule,
          groups: requirement.groups,
          people: requirement.people,
          expiresAt: request.expiresAt,
        },
        disclosures,
      );
    },
    decided(request, decision) {
      const disclosures: Disclosure[] = [];
      recorder.before(
        {
          type: 'approval.decided',
          request: request.id,
          digest: request.digest,
          decision: decision.decision,
          approver: decision.approver,
          token: recorder.commit('token', decision.token, disclosures),
          ...(decision.comment === undefined ? {} : { comment: recorder.commit('comment', decision.comment, disclosures) }),
        },
        disclosures,
      );
    },
    ended(request, end) {
      const event = { type: 'approval.ended', request: request.id, digest: request.digest, end } as const;
      // An approval that is used lets something run; the other ends only keep something from running.
      if (end === 'used') recorder.before(event, []);
      else recorder.after(event);
    },
  };
}
