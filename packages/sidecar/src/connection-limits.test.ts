import { describe, expect, it } from '@jest/globals';
import { ConnectionLimits, type Entered } from './connection-limits.js';

function numberOf(entered: Entered): number {
  if (entered.kind === 'drop') throw new Error('it was dropped');
  return entered.client;
}

describe('limits of connections', () => {
  it('lets as many into each listener as may be, and one more when one has gone', () => {
    const limits = new ConnectionLimits({ maxSessions: 2, maxLogins: 9, maxSessionsPerIdentity: 0 });
    const first = numberOf(limits.enter('crm'));
    limits.enter('crm');
    expect(limits.enter('crm')).toMatchObject({ kind: 'refused', refusal: { code: 'too-many-connections' } });
    expect(limits.enter('shop').kind).toBe('in');
    limits.left(first);
    limits.left(first);
    expect(limits.enter('crm').kind).toBe('in');
    expect(limits.enter('crm').kind).toBe('refused');
    expect(limits.turnedAway).toEqual({ listener: 2, logins: 0, identity: 0, dropped: 0 });
  });

  it('does not count a client that was refused', () => {
    const limits = new ConnectionLimits({ maxSessions: 1, maxLogins: 1, maxSessionsPerIdentity: 0 });
    limits.enter('crm');
    const refused = numberOf(limits.enter('crm'));
    expect([limits.size, limits.perListener]).toEqual([1, [{ listener: 'crm', sessions: 1, logins: 1 }]]);
    limits.left(refused);
    expect(limits.size).toBe(1);
  });

  it('bounds those that are logging in, whose number falls with each login', () => {
    const limits = new ConnectionLimits({ maxSessions: 9, maxLogins: 1, maxSessionsPerIdentity: 0 });
    const first = numberOf(limits.enter('crm'));
    expect(limits.enter('crm')).toMatchObject({
      kind: 'refused',
      refusal: { message: expect.stringContaining('1 clients are logging in') },
    });
    expect(limits.identified(first, 'alice')).toBeUndefined();
    const second = numberOf(limits.enter('crm'));
    limits.left(second);
    expect(limits.perListener).toEqual([{ listener: 'crm', sessions: 1, logins: 0 }]);
  });

  it('bounds the clients of one identity over all listeners', () => {
    const limits = new ConnectionLimits({ maxSessions: 9, maxLogins: 9, maxSessionsPerIdentity: 2 });
    const clients = ['crm', 'shop', 'crm'].map((listener) => numberOf(limits.enter(listener)));
    expect(clients.map((client) => limits.identified(client, 'alice')?.code)).toEqual([undefined, undefined, 'too-many-connections']);
    const other = numberOf(limits.enter('crm'));
    expect(limits.identified(other, 'bob')).toBeUndefined();
    // The one that was kept out goes away without giving a place back.
    limits.left(clients[2] ?? 0);
    expect(limits.identified(numberOf(limits.enter('crm')), 'alice')?.code).toBe('too-many-connections');
    limits.left(clients[0] ?? 0);
    expect(limits.identified(numberOf(limits.enter('crm')), 'alice')).toBeUndefined();
  });

  it('tells only so many at a time why, and drops the rest', () => {
    const limits = new ConnectionLimits({ maxSessions: 1, maxLogins: 1, maxSessionsPerIdentity: 0 });
    const kinds = Array.from({ length: 70 }, () => limits.enter('crm').kind);
    expect([kinds.filter((kind) => kind === 'refused').length, kinds.at(-1), limits.turnedAway.dropped]).toEqual([64, 'drop', 5]);
  });
});
