import { describe, expect, it } from '@jest/globals';
import type { ApprovalDecision, ApprovalSubject, Party, Principal } from '@sqlwarden/core';
import { type ApprovalRecorder, ApprovalStore } from './store.js';

const person = (id: string): Party => ({ kind: 'person', issuer: 'https://idp', id, groups: ['dba'], groupsComplete: true });
const principal = (id: string): Principal => ({
  subject: person(id),
  actors: [],
  proof: { subject: 'token', groups: 'token' },
  expiresAt: 1e12,
});
const subject = (text = 'alter table t add c int'): ApprovalSubject => ({
  upstream: 'crm',
  dialect: 'postgres',
  database: 'crm',
  text,
  parameters: [],
  state: { role: 'r', searchPath: [], lexical: {} },
  requester: principal('priya'),
  policyDigest: 'p',
  schemaDigest: 's',
});
const requirement = { rule: 'x', groups: ['dba'], people: 1, withinMs: 60_000 };
const context = { session: 's', facts: [], labels: [] };
const approval = (by = 'dana', decision: 'approve' | 'reject' = 'approve'): ApprovalDecision => ({
  decision,
  approver: principal(by),
  token: 't',
  at: 0,
});

function store(overrides: Partial<ApprovalRecorder> = {}): { store: ApprovalStore; events: string[] } {
  const events: string[] = [];
  const recorder: ApprovalRecorder = {
    requested: () => void events.push('requested'),
    decided: (_request, { decision }) => void events.push(decision),
    ended: (_request, end) => void events.push(end),
    ...overrides,
  };
  return { store: new ApprovalStore({ now: () => 0, recorder, maxPending: 3, maxPendingPerRequester: 2 }), events };
}

function pending(answer: ReturnType<ApprovalStore['request']>): Extract<typeof answer, { kind: 'pending' }> {
  if (answer.kind !== 'pending') throw new Error(answer.kind);
  return answer;
}

describe('ApprovalStore', () => {
  it('wakes the requester when approved, and lets the approval be used once', async () => {
    const { store: approvals, events } = store();
    const held = pending(approvals.request(subject(), requirement, context));
    const ended = held.wait();
    expect(approvals.pending().map(({ id }) => id)).toEqual([held.request.id]);
    approvals.decide(held.request.id, approval());
    expect(await ended).toEqual({ kind: 'approved' });
    expect(approvals.use(held.request.id, held.request.digest)).toBeUndefined();
    expect(approvals.use(held.request.id, held.request.digest)).toMatchObject({ code: 'approval-expired' });
    expect(events).toEqual(['requested', 'approve', 'used']);
  });

  it('refuses the requester when rejected', async () => {
    const { store: approvals } = store();
    const held = pending(approvals.request(subject(), requirement, context));
    const ended = held.wait();
    approvals.decide(held.request.id, approval('dana', 'reject'));
    expect(await ended).toMatchObject({ kind: 'refused', refusal: { code: 'approval-rejected' } });
  });

  it('expires what nobody decided', async () => {
    const { store: approvals, events } = store();
    const held = pending(approvals.request(subject(), { ...requirement, withinMs: 5 }, context));
    // The expiry timer does not keep a process alive; something else has to.
    const alive = setTimeout(() => undefined, 1_000);
    expect(await held.wait()).toMatchObject({ kind: 'refused', refusal: { code: 'approval-expired' } });
    clearTimeout(alive);
    expect(events).toEqual(['requested', 'expired']);
  });

  it('voids an approval when something else would run', () => {
    const { store: approvals, events } = store();
    const held = pending(approvals.request(subject(), requirement, context));
    approvals.decide(held.request.id, approval());
    expect(approvals.use(held.request.id, 'another digest')).toMatchObject({ code: 'approval-void' });
    expect(approvals.use(held.request.id, held.request.digest)).toMatchObject({ code: 'approval-expired' });
    expect(events.at(-1)).toBe('void');
  });

  it('lets the requester of a refused hold come back for exactly the same, and nothing else', () => {
    const { store: approvals } = store();
    const { request } = pending(approvals.request(subject(), requirement, context));
    expect(pending(approvals.request(subject(), requirement, context)).request.id).toBe(request.id);
    approvals.decide(request.id, approval());
    expect(approvals.request(subject(), requirement, context)).toMatchObject({ kind: 'approved', request: { id: request.id } });
    expect(approvals.request(subject('alter table t drop c'), requirement, context).kind).toBe('pending');
  });

  it('does not share a request that somebody waits for', () => {
    const { store: approvals } = store();
    const first = pending(approvals.request(subject(), requirement, context));
    void first.wait();
    expect(pending(approvals.request(subject(), requirement, context)).request.id).not.toBe(first.request.id);
  });

  it('bounds how many a requester may have open', () => {
    const { store: approvals } = store();
    for (const text of ['a', 'b']) approvals.request(subject(text), requirement, context);
    expect(approvals.request(subject('c'), requirement, context)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'approval-unavailable' },
    });
  });

  it('does nothing that cannot be recorded', () => {
    const failing = (): never => {
      throw new Error('disk full');
    };
    const unrecorded = store({ requested: failing }).store;
    expect(() => unrecorded.request(subject(), requirement, context)).toThrow('disk full');
    expect(unrecorded.pending()).toEqual([]);

    const undecided = store({ decided: failing }).store;
    const held = pending(undecided.request(subject(), requirement, context));
    expect(() => undecided.decide(held.request.id, approval())).toThrow('disk full');
    expect(undecided.get(held.request.id)?.state).toBe('pending');
  });

  it('tells a requester that comes to wait too late what has happened', async () => {
    const { store: approvals } = store();
    const approved = pending(approvals.request(subject('a'), requirement, context));
    approvals.decide(approved.request.id, approval());
    expect(await approved.wait()).toEqual({ kind: 'approved' });
    const rejected = pending(approvals.request(subject('b'), requirement, context));
    approvals.decide(rejected.request.id, approval('dana', 'reject'));
    expect(await rejected.wait()).toMatchObject({ kind: 'refused' });
  });

  it('bounds what open requests hold in memory', () => {
    const approvals = new ApprovalStore({
      now: () => 0,
      recorder: { requested: () => {}, decided: () => {}, ended: () => {} },
      maxPending: 9,
      maxPendingPerRequester: 9,
      maxPendingBytes: 2000,
    });
    const first = pending(approvals.request(subject('a'.repeat(900)), requirement, context));
    expect(approvals.request(subject('b'.repeat(900)), requirement, context)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'approval-unavailable' },
    });
    approvals.withdraw(first.request.id);
    expect(approvals.request(subject('b'.repeat(900)), requirement, context).kind).toBe('pending');
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses to wait for %p ms', (withinMs) => {
    expect(store().store.request(subject(), { ...requirement, withinMs }, context)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'policy-error' },
    });
  });

  it('waits longer than one timer can', async () => {
    const { store: approvals, events } = store();
    const held = pending(approvals.request(subject(), { ...requirement, withinMs: 2 ** 32 }, context));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(approvals.get(held.request.id)?.state).toBe('pending');
    expect(events).toEqual(['requested']);
    approvals.close();
  });

  it('wakes everybody when it closes, even if that cannot be recorded, and takes no more', async () => {
    const { store: approvals } = store({
      ended: () => {
        throw new Error('disk full');
      },
    });
    const ends = ['a', 'b'].map((text) => pending(approvals.request(subject(text), requirement, context)).wait());
    approvals.close();
    expect(await Promise.all(ends)).toMatchObject([{ refusal: { code: 'shutting-down' } }, { refusal: { code: 'shutting-down' } }]);
    expect(approvals.request(subject('c'), requirement, context)).toMatchObject({ kind: 'refused', refusal: { code: 'shutting-down' } });
  });

  it('lets nothing run on an approval whose use cannot be recorded, then or later', () => {
    const { store: approvals } = store({
      ended: () => {
        throw new Error('disk full');
      },
    });
    const held = pending(approvals.request(subject(), requirement, context));
    approvals.decide(held.request.id, approval());
    expect(() => approvals.use(held.request.id, held.request.digest)).toThrow('disk full');
    expect(approvals.use(held.request.id, held.request.digest)).toMatchObject({ code: 'approval-expired' });
  });

  it('keeps control characters of a token out of what the requester reads', async () => {
    const { store: approvals } = store();
    const held = pending(approvals.request(subject(), requirement, context));
    const ended = held.wait();
    const approver = { ...principal('dana'), subject: { ...person('dana'), name: 'Da\u0000na\n\u001b[31m\u202e' } };
    approvals.decide(held.request.id, { ...approval('dana', 'reject'), approver });
    expect(await ended).toMatchObject({ refusal: { message: `request ${held.request.id} was rejected by Dana[31m` } });
  });

  describe('with other workers', () => {
    /** Two stores that know each other, with what each has recorded. */
    function pair(): { first: ApprovalStore; second: ApprovalStore; events: { first: string[]; second: string[] } } {
      const events = { first: [] as string[], second: [] as string[] };
      const open = (name: 'first' | 'second', other: () => ApprovalStore): ApprovalStore =>
        new ApprovalStore({
          now: () => 0,
          recorder: {
            requested: ({ id }) => void events[name].push(`requested ${id}`),
            decided: ({ id }, { decision, token }) => void events[name].push(`${decision} ${id} by ${token}`),
            ended: ({ id }, end) => void events[name].push(`${end} ${id}`),
          },
          maxPending: 3,
          maxPendingPerRequester: 2,
          claimElsewhere: async (digest) => structuredClone(other().giveUp(digest)),
        });
      const first: ApprovalStore = open('first', () => second);
      const second: ApprovalStore = open('second', () => first);
      return { first, second, events };
    }

    it('moves an approval that nobody waits for to where its requester comes back, with its record', async () => {
      const { first, second, events } = pair();
      const { id, digest } = pending(await first.requestAnywhere(subject(), requirement, context)).request;
      first.decide(id, approval());
      expect(await second.requestAnywhere(subject(), requirement, context)).toMatchObject({ kind: 'approved', request: { id } });
      expect(first.use(id, digest)).toMatchObject({ code: 'approval-expired' });
      expect(second.use(id, digest)).toBeUndefined();
      expect(events.first).toEqual([`requested ${id}`, `approve ${id} by t`, `withdrawn ${id}`]);
      expect(events.second).toEqual([`requested ${id}`, `approve ${id} by t`, `used ${id}`]);
    });

    it('leaves alone what somebody waits for, what is not approved, and what is for something else', async () => {
      const { first, second } = pair();
      const held = pending(await first.requestAnywhere(subject(), requirement, context));
      const other = pending(await second.requestAnywhere(subject(), requirement, context));
      expect(other.request.id).not.toBe(held.request.id);
      first.decide(held.request.id, approval());
      expect((await second.requestAnywhere(subject('drop table t'), requirement, context)).kind).toBe('pending');
      expect(first.get(held.request.id)?.state).toBe('approved');
    });

    it('takes nothing for what another worker only says', async () => {
      const { first } = pair();
      const { id } = pending(await first.requestAnywhere(subject('drop table t'), requirement, context)).request;
      first.decide(id, approval());
      const recorded: string[] = [];
      const lying = new ApprovalStore({
        now: () => 0,
        recorder: { requested: (request) => void recorded.push(request.id), decided: () => undefined, ended: () => undefined },
        maxPending: 3,
        maxPendingPerRequester: 2,
        claimElsewhere: async () => first.get(id),
      });
      expect((await lying.requestAnywhere(subject(), requirement, context)).kind).toBe('pending');
      expect([recorded.length, recorded.includes(id)]).toEqual([1, false]);
    });

    it('moves an approval once only, so that no log tells of it twice', async () => {
      const { first, second } = pair();
      const { id, digest } = pending(await first.requestAnywhere(subject(), requirement, context)).request;
      first.decide(id, approval());
      await second.requestAnywhere(subject(), requirement, context);
      expect(second.giveUp(digest)).toBeUndefined();
      expect(second.use(id, digest)).toBeUndefined();
    });
  });
});
