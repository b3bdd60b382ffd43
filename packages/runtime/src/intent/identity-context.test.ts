import { describe, expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import type { Principal } from '@sqlwarden/core';
import { type Identity, identityContext, runAs } from './identity-context.js';

const principal: Principal = {
  subject: { kind: 'person', issuer: 'https://id.example', id: 'ada', groups: [], groupsComplete: true },
  actors: [],
  proof: { subject: 'token' },
  expiresAt: 1,
};

describe('runAs', () => {
  it('says who and why for all that is awaited, and for nothing else', async () => {
    const seen = await Promise.all(
      ['one', 'two', 'three'].map((token) =>
        runAs(token, { ticket: `CHG-${token}` }, async () => {
          await wait(Math.random() * 5);
          const context = identityContext();
          return [context?.identity, context?.intent?.ticket?.value];
        }),
      ),
    );
    expect(seen).toEqual([
      ['one', 'CHG-one'],
      ['two', 'CHG-two'],
      ['three', 'CHG-three'],
    ]);
    expect(identityContext()).toBeUndefined();
  });

  it('takes a principal, gives back what the work does, and needs no reason', () => {
    expect(runAs(principal, () => identityContext())).toEqual({ identity: principal, intent: undefined });
  });

  it('goes on for whom it began, though the principal is changed meanwhile', () => {
    const changing = structuredClone(principal) as { subject: { id: string } } & Principal;
    runAs(changing, () => {
      changing.subject.id = 'mallory';
      expect(identityContext()?.identity).toEqual(principal);
    });
  });

  it('lets nothing of an outer identity into an inner one', () => {
    const inner = runAs('outer', { ticket: 'CHG-1' }, () => runAs('inner', { purpose: 'support' }, () => identityContext()));
    expect(inner).toEqual({ identity: 'inner', intent: { purpose: { value: 'support', source: 'library' } } });
  });

  it.each([undefined, null, '', 7, {}])('does not run for somebody who is nobody: %j', (identity) => {
    let ran = false;
    expect(() => runAs(identity as Identity, () => (ran = true))).toThrow('an identity is a token or a principal');
    expect(ran).toBe(false);
  });

  it.each([
    [{ ticket: '' }, 'the ticket must be 1 to 256 characters'],
    [{ purpose: 'a\nb' }, 'the purpose must be'],
    [{ traceparent: '1' }, 'the traceparent must be a traceparent of W3C'],
  ])('does not run for a reason that cannot be recorded: %j', (intent, message) => {
    expect(() => runAs('token', intent, () => undefined)).toThrow(message);
  });

  it('leaves out what is not known', () => {
    expect(runAs('token', { ticket: undefined }, () => identityContext()?.intent)).toBeUndefined();
  });
});
