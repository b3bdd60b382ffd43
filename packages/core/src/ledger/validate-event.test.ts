import { describe, expect, it } from '@jest/globals';
import { canonicalBytes } from './canonical.js';
import { LedgerEventError, parseEvent } from './validate-event.js';

const heartbeat = { v: 1, seq: 7, time: 1_700_000_000_000, type: 'heartbeat', sessions: 3 };
const outcome = {
  v: 1,
  seq: 7,
  time: 0,
  type: 'statement.outcome',
  intent: 6,
  session: 's',
  status: 'ok',
  statements: [],
  bytesReturned: 0,
  maskedCells: 0,
  durationUs: 1,
  transaction: 1,
};
const code = (bytes: Uint8Array): string | undefined => {
  try {
    parseEvent(bytes);
  } catch (error) {
    return error instanceof LedgerEventError ? error.code : String(error);
  }
  return undefined;
};

describe('parseEvent', () => {
  it('reads the canonical bytes of an event', () => {
    expect(parseEvent(canonicalBytes(heartbeat))).toEqual(heartbeat);
  });

  it('keeps fields that it does not know', () => {
    expect(parseEvent(canonicalBytes({ ...heartbeat, later: [1] }))).toMatchObject({ later: [1] });
  });

  it.each([
    ['whitespace', ' {"sessions":3,"seq":7,"time":0,"type":"heartbeat","v":1}'],
    ['another order', '{"v":1,"seq":7,"sessions":3,"time":0,"type":"heartbeat"}'],
    ['a property twice', '{"seq":7,"sessions":3,"sessions":3,"time":0,"type":"heartbeat","v":1}'],
    ['another spelling of a number', '{"seq":7.0,"sessions":3,"time":0,"type":"heartbeat","v":1}'],
    ['a byte order mark', '\ufeff{"seq":7,"sessions":3,"time":0,"type":"heartbeat","v":1}'],
    ['a lone surrogate', '{"a":"\\ud800","seq":7,"sessions":3,"time":0,"type":"heartbeat","v":1}'],
    ['nesting without end', `${'['.repeat(60_000)}${']'.repeat(60_000)}`],
    ['something that is not json', '{'],
  ])('rejects %s', (_note, text) => {
    expect(code(new TextEncoder().encode(text))).toBe('not-canonical');
  });

  it('rejects bytes that are not utf-8', () => {
    expect(code(Uint8Array.of(0x22, 0xff, 0x22))).toBe('not-canonical');
  });

  it.each([
    ['not-an-event', [1]],
    ['not-an-event', null],
    ['unknown-type', { ...heartbeat, type: 'toString' }],
    ['unknown-type', { seq: 1 }],
    ['bad-field', { ...heartbeat, v: 2 }],
    ['bad-field', { ...heartbeat, seq: -1 }],
    ['bad-field', { ...heartbeat, seq: 1.5 }],
    ['bad-field', { ...heartbeat, time: '0' }],
    ['bad-field', { ...heartbeat, sessions: null }],
    ['bad-field', { ...heartbeat, withheld: {} }],
    ['bad-field', { v: 1, seq: 0, time: 0, type: 'statement.intent' }],
    ['bad-field', { ...outcome, statements: [{ transaction: '2' }] }],
    ['bad-field', { ...outcome, statements: [{ transaction: -2 }] }],
    ['bad-field', { ...outcome, statements: [null] }],
    [undefined, { ...outcome, statements: [{ command: 'INSERT', rowsReturned: 0, rowsAffected: 1, transaction: 2 }] }],
  ])('answers %s for %p', (expected, value) => {
    expect(code(canonicalBytes(value))).toBe(expected);
  });
});
