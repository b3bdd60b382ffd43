import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LoginGuard } from './login-guard.js';

interface Script {
  readonly guard: LoginGuard;
  readonly told: string[];
  readonly pass: (ms: number) => void;
  readonly fail: (host: string, user: string, times: number) => void;
}

function guard(): Script {
  let now = 1_000_000;
  const told: string[] = [];
  const opened = new LoginGuard(
    () => now,
    (detail) => void told.push(detail),
  );
  return {
    guard: opened,
    told,
    pass: (ms) => void (now += ms),
    fail: (host, user, times) => {
      for (let i = 0; i < times; i += 1) opened.failed(host, user);
    },
  };
}

const isHeard = (opened: LoginGuard, host: string, user: string): boolean => opened.hear(host, user) === undefined;

describe('logins that fail', () => {
  it('cost nothing the first five times', () => {
    const { guard: opened, told, fail } = guard();
    fail('10.0.0.1', 'alice', 5);
    expect([isHeard(opened, '10.0.0.1', 'alice'), told]).toEqual([true, []]);
  });

  it('are refused for a second after the sixth, then for two, four, up to thirty, and told of each time', () => {
    const { guard: opened, told, pass, fail } = guard();
    fail('10.0.0.1', 'alice', 6);
    const waits: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      const { message = '' } = opened.hear('10.0.0.1', 'alice') ?? {};
      const seconds = Number(/connect again in (\d+) s/.exec(message)?.[1]);
      waits.push(seconds);
      pass(seconds * 1_000 - 1);
      expect(isHeard(opened, '10.0.0.1', 'alice')).toBe(false);
      pass(1);
      expect(isHeard(opened, '10.0.0.1', 'alice')).toBe(true);
      // The next one waits for what comes of it.
      expect(opened.hear('10.0.0.1', 'alice')?.message).toBe('too many logins have failed; connect again in 1 s');
      fail('10.0.0.1', 'alice', 1);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
    expect(told).toHaveLength(9);
    expect(told[0]).toBe('logins of one user from 10.0.0.1 are refused for a while: 6 have failed');
  });

  it('that were begun together count as one wait, however many they are', () => {
    const { guard: opened, pass, fail } = guard();
    fail('10.0.0.1', 'alice', 500);
    pass(1_000);
    expect(isHeard(opened, '10.0.0.1', 'alice')).toBe(true);
    fail('10.0.0.1', 'alice', 500);
    pass(1_999);
    expect(isHeard(opened, '10.0.0.1', 'alice')).toBe(false);
    pass(1);
    expect(isHeard(opened, '10.0.0.1', 'alice')).toBe(true);
  });

  it('are forgotten by a login that succeeds, and after ten minutes', () => {
    const { guard: opened, pass, fail } = guard();
    fail('10.0.0.1', 'alice', 5);
    opened.succeeded('10.0.0.1', 'alice');
    fail('10.0.0.1', 'alice', 5);
    expect(isHeard(opened, '10.0.0.1', 'alice')).toBe(true);
    pass(600_001);
    fail('10.0.0.1', 'alice', 5);
    expect(isHeard(opened, '10.0.0.1', 'alice')).toBe(true);
  });
});

it('a login that is heard behind a wait lets the next one be heard once it has succeeded, or after a second without an end', () => {
  const { guard: opened, pass, fail } = guard();
  fail('10.0.0.1', 'alice', 6);
  pass(1_000);
  expect([isHeard(opened, '10.0.0.1', 'alice'), isHeard(opened, '10.0.0.1', 'alice')]).toEqual([true, false]);
  pass(1_000);
  expect([isHeard(opened, '10.0.0.1', 'alice'), isHeard(opened, '10.0.0.1', 'alice')]).toEqual([true, false]);
  opened.succeeded('10.0.0.1', 'alice');
  expect([isHeard(opened, '10.0.0.1', 'alice'), isHeard(opened, '10.0.0.1', 'alice')]).toEqual([true, true]);
});

describe('others', () => {
  it('are heard, from the same address and as the same user', () => {
    const { guard: opened, fail } = guard();
    fail('10.0.0.1', 'alice', 40);
    expect(isHeard(opened, '10.0.0.1', 'alice')).toBe(false);
    expect(isHeard(opened, '10.0.0.1', 'bob')).toBe(true);
    expect(isHeard(opened, '10.0.0.2', 'alice')).toBe(true);
  });

  it('are refused from an address that tries many names, but for those who have logged in from there', () => {
    const { guard: opened, told, fail } = guard();
    opened.succeeded('10.0.0.1', 'alice');
    for (let i = 0; i < 51; i += 1) fail('10.0.0.1', `user${i}`, 1);
    expect(isHeard(opened, '10.0.0.1', 'bob')).toBe(false);
    expect(isHeard(opened, '10.0.0.1', 'alice')).toBe(true);
    expect(isHeard(opened, '10.0.0.2', 'bob')).toBe(true);
    expect(told).toEqual(['logins from 10.0.0.1 are refused for a while: 51 have failed']);
  });

  it('are refused as a user who is tried from many addresses, but for those who have logged in from theirs', () => {
    const { guard: opened, told, fail } = guard();
    opened.succeeded('10.0.9.9', 'alice');
    for (let i = 0; i < 101; i += 1) fail(`10.0.${i}.1`, 'alice', 1);
    expect(isHeard(opened, '10.0.8.8', 'alice')).toBe(false);
    expect(isHeard(opened, '10.0.9.9', 'alice')).toBe(true);
    expect(isHeard(opened, '10.0.8.8', 'bob')).toBe(true);
    expect(told).toEqual(['logins of one user are refused for a while: 101 from several addresses have failed']);
  });

  it('share an address within a /64 of IPv6 and nothing else', () => {
    const { guard: opened, fail } = guard();
    fail('2001:db8:0:1::1', 'alice', 6);
    expect(isHeard(opened, '2001:db8:0:1:ffff::2', 'alice')).toBe(false);
    expect(isHeard(opened, '2001:DB8::1:a:b:c:d', 'alice')).toBe(false);
    expect(isHeard(opened, '2001:db8:0:2::1', 'alice')).toBe(true);
    fail('::ffff:10.0.0.1', 'bob', 6);
    expect(isHeard(opened, '10.0.0.1', 'bob')).toBe(false);
    expect(isHeard(opened, '::ffff:10.0.0.2', 'bob')).toBe(true);
  });
});

describe('whoever keeps failing', () => {
  it('keeps nobody out for longer than thirty seconds, and by no means who is known elsewhere', () => {
    const failure = fc.record({
      host: fc.constantFrom('a', 'b', 'c'),
      user: fc.constantFrom('u', 'v'),
      wait: fc.integer({ min: 0, max: 40_000 }),
    });
    fc.assert(
      fc.property(fc.array(failure, { maxLength: 400 }), (failures) => {
        const { guard: opened, pass, fail } = guard();
        opened.succeeded('home', 'u');
        for (const { host, user, wait } of failures) {
          fail(host, user, 1);
          expect(isHeard(opened, 'home', 'u')).toBe(true);
          pass(wait);
        }
        pass(30_000);
        for (const host of ['a', 'b', 'c']) for (const user of ['u', 'v']) expect(isHeard(opened, host, user)).toBe(true);
      }),
    );
  });

  it('fills no memory', () => {
    const { guard: opened, fail } = guard();
    for (let i = 0; i < 30_000; i += 1) fail(`10.${i}`, `user${i}${'x'.repeat(1_000)}`, 1);
    for (let i = 0; i < 30_000; i += 1) opened.succeeded(`10.${i}`, `user${i}`);
    expect(opened.remembered).toBeLessThanOrEqual(40_000);
  });

  it('are checked one after the other where checks take time, those of others beside them', async () => {
    const { guard: opened } = guard();
    const ended: string[] = [];
    const release: (() => void)[] = [];
    const check = (user: string, what: string): Promise<void> =>
      opened.inTurn('10.0.0.1', user, async () => {
        await new Promise<void>((resolve) => void release.push(resolve));
        ended.push(what);
      });
    const all = [check('alice', 'first'), check('alice', 'second'), check('bob', 'other')];
    await Promise.resolve();
    expect(release).toHaveLength(2);
    for (const one of release.splice(0)) one();
    await Promise.all([all[0], all[2]]);
    expect(ended.sort()).toEqual(['first', 'other']);
    expect(release).toHaveLength(1);
    release[0]?.();
    await all[1];
    expect(ended).toContain('second');
  });
});
