import { describeRevocation } from '@sqlwarden/core';
import type { RevocationOrder } from '@sqlwarden/runtime';
import { defineCommand, JSON_OPTION } from '../command.js';
import { durationSeconds } from '../duration.js';
import { EXIT, UsageError } from '../failure.js';
import { oneLine } from '../terminal.js';
import { ADMIN_OPTIONS, adminClient, approverToken, TOKEN_OPTIONS } from './admin.js';
import { momentOf } from './time-option.js';

const OPERATOR = 'You must be in one of the groups of admin.operators; who did it stands in the ledger.';
const REASON = { reason: { type: 'text', value: '<text>', help: 'why; kept in the ledger' } } as const;

export const kill = defineCommand({
  name: 'kill',
  summary: 'end the session of a client, and what it runs',
  positionals: ['<session>'],
  details: ['The session is one of "sqlwarden sessions". Its client may connect again: to keep somebody out, revoke.', OPERATOR],
  options: { ...ADMIN_OPTIONS, ...TOKEN_OPTIONS, ...REASON },
  async run({ options, positionals: [session = ''], out }) {
    await adminClient(options).kill(session, options.reason, approverToken(options['token-file']));
    out.line('ended');
    return EXIT.ok;
  },
});

export const revoke = defineCommand({
  name: 'revoke',
  summary: 'keep somebody out at once: a subject, an agent, or tokens',
  details: [
    'All that is given must fit. Sessions of whoever it fits are ended, idle ones too; what they asked to have approved is withdrawn, and what',
    'they have approved and nobody has used is void. It holds over restarts, until it is lifted.',
    OPERATOR,
  ],
  options: {
    ...ADMIN_OPTIONS,
    ...TOKEN_OPTIONS,
    subject: { type: 'text', value: '<id>', help: 'whoever has this id, as the subject or acting for it' },
    agent: { type: 'text', value: '<agent>', help: 'the agent that has this id or name' },
    'token-id': { type: 'text', value: '<jti>', help: 'one token' },
    issuer: { type: 'text', value: '<issuer>', help: 'only of this issuer' },
    'issued-before': { type: 'text', value: '<moment>', help: 'tokens issued earlier: 2026-11-23T02:00:00Z, or 2h for that long ago' },
    until: { type: 'text', value: '<moment>', help: 'let in again then: 2026-11-23T02:00:00Z' },
    for: { type: 'text', value: '<duration>', help: 'let in again after that long: 4h' },
    ...REASON,
    lift: { type: 'text', value: '<id>', help: 'take back a revocation that was made by this command' },
    ...JSON_OPTION,
  },
  async run({ options, out }) {
    const client = adminClient(options);
    const order = orderOf(options, Date.now());
    if (options.lift !== undefined && Object.keys(order).length > 0) throw new UsageError('--lift goes with nothing else');
    const token = approverToken(options['token-file']);
    const revocation = options.lift === undefined ? await client.revoke(order, token) : await client.lift(options.lift, token);
    if (options.json) out.line(JSON.stringify(revocation, undefined, 2));
    else out.line(`${options.lift === undefined ? 'revoked' : 'lifted'}  ${oneLine(describeRevocation(revocation), 400)}`);
    return EXIT.ok;
  },
});

interface Given {
  readonly subject: string | undefined;
  readonly agent: string | undefined;
  readonly 'token-id': string | undefined;
  readonly issuer: string | undefined;
  readonly 'issued-before': string | undefined;
  readonly until: string | undefined;
  readonly for: string | undefined;
  readonly reason: string | undefined;
}

function orderOf(given: Given, now: number): RevocationOrder {
  const { subject, agent, issuer, reason } = given;
  if (given.until !== undefined && given.for !== undefined) throw new UsageError('--until and --for say the same; write one of them');
  const tokenId = given['token-id'];
  const issuedBefore = momentOf(given['issued-before'], 'issued-before', now);
  const until = given.for === undefined ? momentOf(given.until, 'until', now) : now + durationSeconds(given.for, 'for') * 1000;
  if (until !== undefined && until <= now) throw new UsageError('--until is over already');
  return {
    ...(subject === undefined ? {} : { subject }),
    ...(agent === undefined ? {} : { agent }),
    ...(tokenId === undefined ? {} : { tokenId }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(issuedBefore === undefined ? {} : { issuedBefore }),
    ...(until === undefined ? {} : { until }),
    ...(reason === undefined ? {} : { reason }),
  };
}

export const revocations = defineCommand({
  name: 'revocations',
  summary: 'list who is revoked now',
  options: { ...ADMIN_OPTIONS, ...JSON_OPTION },
  async run({ options, out }) {
    const found = await adminClient(options).revocations();
    if (options.json) out.line(JSON.stringify(found, undefined, 2));
    else if (found.length === 0) out.line('nobody is revoked');
    else for (const revocation of found) out.line(oneLine(describeRevocation(revocation), 400));
    return EXIT.ok;
  },
});

export const reload = defineCommand({
  name: 'reload',
  summary: 'have the running gateway read policies and other files again',
  details: [
    'Policies are checked first: when one is wrong, nothing changes and the status is 1. The configuration itself is read at the start only.',
    'SIGHUP to "sqlwarden up" does the same.',
    OPERATOR,
  ],
  options: { ...ADMIN_OPTIONS, ...TOKEN_OPTIONS, ...JSON_OPTION },
  async run({ options, out }) {
    const reloaded = await adminClient(options).reload(approverToken(options['token-file']));
    if (options.json) out.line(JSON.stringify(reloaded, undefined, 2));
    else out.line(`${reloaded.changed ? 'loaded' : 'unchanged'}  policy ${reloaded.digest.slice(0, 12)}`);
    return EXIT.ok;
  },
});
