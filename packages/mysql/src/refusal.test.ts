import { describe, expect, it } from '@jest/globals';
import { REFUSAL_CODES } from '@sqlwarden/core';
import { readErr } from './protocol/err-packet.js';
import { PayloadReader } from './protocol/payload-reader.js';
import { REFUSAL_ERRORS, refusalError, refusalPacket } from './refusal.js';

/** What drivers, ORMs, routers and poolers try again: lock waits, deadlocks, servers that only read. */
const RETRIED = [1205, 1213, 1614, 1290, 1792, 1836, 3101, 1040, 1053];
/** The connection ends with these, or never began. */
const ENDS = new Set(['too-many-connections', 'session-killed', 'shutting-down']);

describe('refusals', () => {
  it.each(REFUSAL_CODES)('%s has an error that drivers neither retry nor take for a broken connection, but where it ends', (code) => {
    const error = REFUSAL_ERRORS[code];
    expect(error.sqlState).toMatch(/^[0-9A-Z]{5}$/);
    if (ENDS.has(code)) return expect(error.sqlState).toMatch(/^08/);
    expect(RETRIED).not.toContain(error.code);
    expect(error.sqlState).not.toMatch(/^(?:08|40)/);
  });

  it('say what was refused, what decided and what to do', () => {
    const refusal = {
      code: 'approval-expired',
      message: 'nobody decided in time',
      rule: 'ddl',
      request: 'AB12',
      position: 7,
      hint: 'ask again',
    } as const;
    expect(refusalError(refusal)).toEqual({
      code: 1142,
      sqlState: '42000',
      message: 'sqlwarden: nobody decided in time (code: approval-expired, rule: ddl, request: AB12, at character 7); ask again',
    });
  });

  it('are packets that end where their text does, whatever it holds', () => {
    const packet = refusalPacket({ code: 'policy-denied', message: 'a\0b', rule: '\0', hint: 'ü\0' }, 3);
    expect([...packet.subarray(0, 4)]).toEqual([packet.length - 4, 0, 0, 3]);
    const message = 'sqlwarden: ab (code: policy-denied, rule: ); ü';
    expect(readErr(new PayloadReader(packet, 4))).toEqual({ code: 1142, sqlState: '42000', message });
  });
});
