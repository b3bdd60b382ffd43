import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Actor, Party, Principal } from '../identity/principal.js';
import { approvalsMissing, consume, decide, endRequest } from './decide.js';
import { approvalDigest } from './digest.js';
import type { ApprovalRequest, ApprovalState, ApprovalSubject } from './request.js';

const NOW = 1_000_000;

const party = (id: string, more: Partial<Party> = {}): Party => ({
  kind: 'person',
  issuer: 'https://issuer.example',
  id,
  groups: ['dba'],
  groupsComplete: true,
  ...more,
});

const principal = (subject: Party, more: Partial<Principal> = {}): Principal => ({
  subject,
  actors: [],
  proof: { subject: 'token', groups: 'token' },
  expiresAt: NOW + 60_000,
  ...more,
});

const agent: Actor = party('agent-7', { kind: 'agent', groups: [] });

const subject: ApprovalSubject = {
  upstream: 'crm',
  dialect: 'postgres',
  database: 'crm',
  text: 'alter table people add column risk int',
  parameters: [],
  state: { role: 'app', searchPath: ['public'], lexical: { standard_conforming_strings: 'on' } },
  requester: principal(party('ann', { groups: ['dba'] }), { actors: [agent] }),
  policyDigest: 'p',
  schemaDigest: 's',
};

const request = (more: Partial<ApprovalRequest> = {}): ApprovalRequest => ({
  id: 'abcd2345',
  digest: 'd',
  subject,
  requirement: { rule: 'r', groups: ['dba', 'sre'], people: 1, withinMs: 1000 },
  requestedAt: NOW,
  expiresAt: NOW + 1000,
  state: 'pending',
  decisions: [],
  ...more,
});

const decision = (approver: Principal, kind: 'approve' | 'reject' = 'approve', at = NOW) =>
  ({ decision: kind, approver, token: 'h.p.s', at }) as const;

/** The state after, or the code of the refusal. */
function outcome(step: ReturnType<typeof decide>): string {
  return step.kind === 'changed' ? step.request.state : step.problem.code;
}

describe('who may decide', () => {
  it('lets a person of the group approve and reject', () => {
    expect(outcome(decide(request(), decision(principal(party('bob')))))).toBe('approved');
    expect(outcome(decide(request(), decision(principal(party('bob')), 'reject')))).toBe('rejected');
  });
  it.each<[string, Principal, string]>([
    ['the requester', principal(party('ann')), 'approver-is-requester'],
    ['the requester under another name', principal(party('ann', { name: 'Somebody Else' })), 'approver-is-requester'],
    ['an actor of the requester, posing as a person', principal(party('agent-7')), 'approver-is-requester'],
    ['an agent', principal(party('agent-9', { kind: 'agent' })), 'approver-not-a-person'],
    ['a service', principal(party('ci', { kind: 'service' })), 'approver-not-a-person'],
    ['an agent that acts for a person of the group', principal(party('bob'), { actors: [agent] }), 'approver-delegated'],
    ['somebody outside the groups', principal(party('eve', { groups: ['app', 'DBA', 'dba '] })), 'approver-not-in-group'],
    [
      'groups that nobody vouched for',
      principal(party('bob'), { proof: { subject: 'token', groups: 'asserted' } }),
      'approver-not-in-group',
    ],
    ['groups without a proof', principal(party('bob'), { proof: { subject: 'token' } }), 'approver-not-in-group'],
    ['a subject that was asserted', principal(party('bob'), { proof: { subject: 'asserted', groups: 'token' } }), 'approver-unproven'],
    ['an expired token', principal(party('bob'), { expiresAt: NOW }), 'approver-expired'],
    ['a token without an expiry', principal(party('bob'), { expiresAt: Number.NaN }), 'approver-expired'],
  ])('refuses %s, for approval and rejection alike', (_note, approver, code) => {
    expect(outcome(decide(request(), decision(approver)))).toBe(code);
    expect(outcome(decide(request(), decision(approver, 'reject')))).toBe(code);
  });
  it('tells equal ids of two issuers apart', () => {
    const other = principal(party('ann', { issuer: 'https://other.example' }));
    expect(outcome(decide(request(), decision(other)))).toBe('approved');
  });
  it('lets nobody approve where the rule names no group', () => {
    const none = request({ requirement: { ...request().requirement, groups: [] } });
    expect(outcome(decide(none, decision(principal(party('bob')))))).toBe('approver-not-in-group');
  });
});

describe('how many have to approve', () => {
  const two = request({ requirement: { rule: 'r', groups: ['dba', 'sre'], people: 2, withinMs: 1000 } });
  it('waits for different people', () => {
    const first = decide(two, decision(principal(party('bob', { groups: ['dba', 'sre'] }))));
    if (first.kind !== 'changed') throw new Error(first.problem.code);
    expect(first.request.state).toBe('pending');
    expect(approvalsMissing(first.request)).toBe(1);
    expect(outcome(decide(first.request, decision(principal(party('bob', { groups: ['sre'] })))))).toBe('approver-decided');
    expect(outcome(decide(first.request, decision(principal(party('cid')))))).toBe('approved');
    expect(outcome(decide(first.request, decision(principal(party('cid')), 'reject')))).toBe('rejected');
  });
  it('needs one at least, and is never enough for a number that is none', () => {
    const people = (count: number): ApprovalRequest => request({ requirement: { ...request().requirement, people: count } });
    expect(outcome(decide(people(0), decision(principal(party('bob')))))).toBe('approved');
    expect(outcome(decide(people(Number.NaN), decision(principal(party('bob')))))).toBe('pending');
    expect(outcome(decide(people(1.5), decision(principal(party('bob')))))).toBe('pending');
  });
});

describe('the life of a request', () => {
  const states: readonly ApprovalState[] = ['approved', 'rejected', 'expired', 'withdrawn', 'used', 'void'];
  it.each(states)('is not decided any more when %s', (state) => {
    expect(outcome(decide(request({ state }), decision(principal(party('bob')))))).toBe('request-ended');
  });
  it('is not decided when time is up', () => {
    expect(outcome(decide(request(), decision(principal(party('bob')), 'approve', NOW + 999)))).toBe('approved');
    expect(outcome(decide(request(), decision(principal(party('bob')), 'approve', NOW + 1000)))).toBe('request-expired');
  });
  it('is used once, in time, for what was approved', () => {
    const approved = request({ state: 'approved' });
    const used = consume(approved, 'd', NOW);
    expect(outcome(used)).toBe('used');
    expect(outcome(consume(request({ state: 'used' }), 'd', NOW))).toBe('request-ended');
    expect(outcome(consume(approved, 'other', NOW))).toBe('digest-mismatch');
    expect(outcome(consume(approved, 'd', NOW + 1000))).toBe('request-expired');
    expect(outcome(consume(request(), 'd', NOW))).toBe('request-pending');
  });
  it.each(states)('ends once: %s', (state) => {
    expect(outcome(endRequest(request({ state }), 'withdrawn'))).toBe(state === 'approved' ? 'withdrawn' : 'request-ended');
  });
  it('leaves what it was given as it was', () => {
    const before = request();
    decide(before, decision(principal(party('bob'))));
    expect(before).toEqual(request());
  });
  it('is never approved by fewer people than asked for, whatever the order', () => {
    const people = fc.record({ id: fc.constantFrom('ann', 'bob', 'cid', 'dan', 'agent-7'), approve: fc.boolean() });
    fc.assert(
      fc.property(fc.array(people, { maxLength: 12 }), fc.integer({ min: 1, max: 4 }), (steps, needed) => {
        let current = request({ requirement: { ...request().requirement, people: needed } });
        for (const { id, approve } of steps) {
          const step = decide(current, decision(principal(party(id)), approve ? 'approve' : 'reject'));
          if (step.kind === 'changed') current = step.request;
        }
        const ids = new Set(current.decisions.filter((one) => one.decision === 'approve').map((one) => one.approver.subject.id));
        if (current.state === 'approved') expect(ids.size).toBeGreaterThanOrEqual(needed);
        expect(ids.has('ann') || ids.has('agent-7')).toBe(false);
        if (current.decisions.some((one) => one.decision === 'reject')) expect(current.state).toBe('rejected');
      }),
    );
  });
});

describe('approvalDigest', () => {
  const hash = { sha256: (data: Uint8Array) => createHash('sha256').update(data).digest() };
  it('is stable, and does not depend on the order of properties', () => {
    const reversed = Object.fromEntries(Object.entries(subject).reverse()) as unknown as ApprovalSubject;
    expect(approvalDigest(subject, hash)).toMatch(/^[0-9a-f]{64}$/);
    expect(approvalDigest(reversed, hash)).toBe(approvalDigest(subject, hash));
  });
  it('differs when anything differs', () => {
    const variants: readonly ApprovalSubject[] = [
      { ...subject, text: `${subject.text} ` },
      { ...subject, upstream: 'hr' },
      { ...subject, database: 'other' },
      { ...subject, dialect: 'mysql' },
      { ...subject, parameters: [{ typeId: 23, format: 'text', value: 'MQ==' }] },
      { ...subject, parameters: [{ typeId: 23, format: 'binary', value: 'MQ==' }] },
      { ...subject, parameters: [{ typeId: 23, format: 'text', value: null }] },
      { ...subject, state: { ...subject.state, role: 'other' } },
      { ...subject, state: { ...subject.state, searchPath: ['evil', 'public'] } },
      { ...subject, state: { ...subject.state, lexical: { standard_conforming_strings: 'off' } } },
      { ...subject, requester: principal(party('ann')) },
      { ...subject, policyDigest: 'q' },
      { ...subject, schemaDigest: 't' },
    ];
    const digests = new Set([subject, ...variants].map((variant) => approvalDigest(variant, hash)));
    expect(digests.size).toBe(variants.length + 1);
  });
  it('is the same for a newer token of the same requester, and differs for another agent, version or model behind it', () => {
    const withActor = (actor: Actor): ApprovalSubject => ({ ...subject, requester: { ...subject.requester, actors: [actor] } });
    const newer = { ...subject, requester: { ...subject.requester, expiresAt: NOW + 999_999, tokenId: 'another' } };
    expect(approvalDigest(newer, hash)).toBe(approvalDigest(subject, hash));
    const others = [
      withActor({ ...agent, id: 'agent-8' }),
      withActor({ ...agent, version: '2' }),
      withActor({ ...agent, model: { name: 'm' } }),
    ];
    const digests = new Set([subject, ...others].map((variant) => approvalDigest(variant, hash)));
    expect(digests.size).toBe(4);
  });
});
