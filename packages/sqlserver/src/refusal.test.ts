import { describe, expect, it } from '@jest/globals';
import { REFUSAL_CODES } from '@sqlwarden/core';
import { REFUSAL_ERRORS, refusalMessage, serverErrorMessage } from './refusal.js';
import { readAsClient } from './testing/replies.js';

/** What drivers, ORMs and poolers try again: deadlocks, lock waits, databases that move, resources that are short. */
const RETRIED = [
  -2, 20, 64, 121, 233, 601, 617, 669, 921, 927, 948, 988, 997, 1203, 1204, 1205, 1221, 1222, 1807, 3935, 3960, 3966, 4060, 4221, 8628,
  8645, 8651, 9515, 10053, 10054, 10060, 10922, 10928, 10929, 10936, 11001, 14355, 17197, 20041, 40143, 40197, 40501, 40540, 40613, 41301,
  41302, 41305, 41325, 41839, 42108, 42109, 45156, 45157, 45161, 45182, 45319, 49918, 49919, 49920, 49977, 49983,
];
/** The connection ends with these, or never began. */
const ENDS = new Set(['too-many-connections', 'session-killed', 'shutting-down']);

describe('refusals', () => {
  it.each(REFUSAL_CODES)('%s has an error that drivers neither retry nor take for the end of the connection, but where it ends', (code) => {
    const error = REFUSAL_ERRORS[code];
    expect(RETRIED).not.toContain(error.number);
    expect(error.class).toBeGreaterThanOrEqual(ENDS.has(code) ? 20 : 11);
    if (!ENDS.has(code)) expect(error.class).toBeLessThanOrEqual(16);
  });

  const refusal = {
    code: 'approval-expired',
    message: 'nobody decided\0 in time',
    rule: 'ddl',
    request: 'AB12',
    position: 7,
    hint: 'ask again',
  } as const;

  it.each([
    ['7.4', 0x74000004],
    ['7.1', 0x71000001],
  ] as const)('say what was refused, what decided and what to do (TDS %s)', (version, number) => {
    expect(readAsClient(refusalMessage(refusal, 512, number), version)).toMatchObject({
      messages: 1,
      tokens: [
        {
          kind: 'ERROR',
          number: 229,
          state: 5,
          class: 14,
          message: 'sqlwarden: nobody decided in time (code: approval-expired, rule: ddl, request: AB12, at character 7); ask again',
        },
        { kind: 'DONE', status: 2, rowCount: 0n },
      ],
    });
  });

  it('fit their token, and come in as many packets as they need', () => {
    const bytes = refusalMessage({ code: 'policy-denied', message: 'x'.repeat(100_000) }, 512, 0x74000004);
    const { tokens } = readAsClient(bytes);
    expect(tokens[0]).toMatchObject({ kind: 'ERROR', message: expect.stringMatching(/^sqlwarden: x{7989}$/) });
    expect(bytes.length).toBeGreaterThan(16_000);
  });

  it('may be in the words of the server', () => {
    const { tokens } = readAsClient(
      serverErrorMessage({ number: 8179, state: 4, class: 16 }, 'Could not find prepared statement with handle 7.', 4096, 0x74000004),
    );
    expect(tokens[0]).toMatchObject({ number: 8179, message: 'Could not find prepared statement with handle 7.' });
  });
});
