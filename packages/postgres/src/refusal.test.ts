import { describe, expect, it } from '@jest/globals';
import { REFUSAL_CODES } from '@sqlwarden/core';
import { noticeResponse, REFUSAL_SQLSTATES, refusalFields, refusalResponse } from './refusal.js';

describe('refusals', () => {
  it.each(REFUSAL_CODES)('%s has a SQLSTATE that drivers do not retry, but for the one of a full house', (code) => {
    const state = REFUSAL_SQLSTATES[code];
    expect(state).toMatch(/^[0-9A-Z]{5}$/);
    if (code === 'too-many-connections') return expect(state).toBe('53300');
    // Class 40 is retried by ORMs, 53 and XX by some drivers, 55P03 and 57P03 by poolers.
    expect(state).not.toMatch(/^(?:40|53|XX|55P03|57P03)/);
  });

  it('say what decided and what to do', () => {
    const refusal = {
      code: 'approval-expired',
      message: 'nobody decided in time',
      rule: 'ddl',
      request: 'AB12',
      hint: 'ask again',
    } as const;
    expect(refusalFields(refusal, 'ERROR')).toEqual([
      { code: 'S', value: 'ERROR' },
      { code: 'V', value: 'ERROR' },
      { code: 'C', value: '42501' },
      { code: 'M', value: 'sqlwarden: nobody decided in time' },
      { code: 'D', value: 'code: approval-expired, rule: ddl, request: AB12' },
      { code: 'H', value: 'ask again' },
    ]);
  });

  it('are encoded whatever their texts hold', () => {
    expect(() => refusalResponse({ code: 'policy-denied', message: 'a\0b', rule: '\0', hint: '\0' }, 'FATAL')).not.toThrow();
    expect(() => noticeResponse('a\0b', '\0')).not.toThrow();
  });
});
