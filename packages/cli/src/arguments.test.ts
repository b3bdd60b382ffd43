import { describe, expect, it } from '@jest/globals';
import { actorOf, modelOf, partyKind } from './commands/party-option.js';
import { momentOf } from './commands/time-option.js';
import { describeDuration, durationSeconds } from './duration.js';
import { failureLines, UsageError } from './failure.js';
import { listOf } from './lists.js';

describe('arguments', () => {
  it.each([
    ['90s', 90],
    ['15m', 900],
    ['4h', 14_400],
    ['1d', 86_400],
  ])('reads %s', (text, seconds) => {
    expect(durationSeconds(text, 'lifetime')).toBe(seconds);
  });

  it.each(['', '5', 'm', '-1m', '1.5h', '1w'])('takes %p for no duration', (text) => {
    expect(() => durationSeconds(text, 'lifetime')).toThrow(UsageError);
  });

  it('reads actors with their settings', () => {
    expect(actorOf('bot')).toEqual({ kind: 'agent', id: 'bot' });
    expect(actorOf('etl,kind=service,name=ETL job,groups=a+b,version=2,model=acme/forge:2.1')).toEqual({
      kind: 'service',
      id: 'etl',
      name: 'ETL job',
      groups: ['a', 'b'],
      version: '2',
      model: { provider: 'acme', name: 'forge', version: '2.1' },
    });
    for (const wrong of ['', ',kind=agent', 'bot,role=x', 'bot,kind=robot', 'bot,groups']) expect(() => actorOf(wrong)).toThrow(UsageError);
  });

  it('reads models, kinds, lists and moments', () => {
    expect(modelOf('forge', '--model')).toEqual({ name: 'forge' });
    expect(() => modelOf('', '--model')).toThrow(UsageError);
    expect(partyKind('service', '--kind')).toBe('service');
    expect(() => partyKind('robot', '--kind')).toThrow(UsageError);
    expect(listOf(['a,b', ' b ,,c'])).toEqual(['a', 'b', 'c']);
    expect(momentOf('2h', 'from', 10_000_000)).toBe(2_800_000);
    expect(momentOf('2026-11-23T02:00:00Z', 'from', 0)).toBe(Date.UTC(2026, 10, 23, 2));
    expect(momentOf(undefined, 'from', 0)).toBeUndefined();
    expect(() => momentOf('yesterday', 'from', 0)).toThrow(UsageError);
  });

  it.each([
    [400, '0 s'],
    [59_000, '59 s'],
    [60_000, '1 min'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h'],
    [90_000_000, '1 d 1 h'],
  ])('says %p ms as %p', (ms, text) => {
    expect(describeDuration(ms)).toBe(text);
  });
});

describe('failures', () => {
  it('say what to do about errors of the system', () => {
    const error = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE', address: '127.0.0.1', port: 5432 });
    expect(failureLines(error)).toEqual([
      '127.0.0.1:5432: the address is taken; stop what listens there, or choose another one (EADDRINUSE)',
    ]);
  });

  it('keep every line of an error for people, and mark the others', () => {
    const config = Object.assign(new Error('a:1:1: x\na:2:1: y'), { name: 'ConfigError' });
    expect(failureLines(config)).toEqual(['a:1:1: x', 'a:2:1: y']);
    expect(failureLines(new TypeError('x is not a function'))).toEqual([
      'x is not a function (unexpected; set SQLWARDEN_DEBUG=1 to see where)',
    ]);
    expect(failureLines('text')).toHaveLength(1);
  });
});
