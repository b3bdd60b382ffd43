import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { isRevokedBy, type Principal, type RevocationTarget } from '@sqlwarden/core';
import { AUDIENCE, ecKey, es256, generic, type Json, NOW, NOW_MS } from '../../test/forge.js';
import { createVerifier } from '../verifier.js';
import { type ExchangeOptions, exchangeIssuer } from './exchange-options.js';
import { JWT, TOKEN_EXCHANGE } from './exchange-request.js';
import { openSigningKeys, openTokenExchange } from './token-exchange.js';

const PEOPLE = 'https://people.example.com';
const BOTS = 'https://bots.example.com';
const EXCHANGE = 'https://gateway.example.com';
const key = ecKey('k');
const directory = mkdtempSync(path.join(tmpdir(), 'sqlwarden-escapes-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const ISSUERS = [
  generic([key], { name: 'people', issuer: PEOPLE, subjectKind: 'person' }),
  generic([key], { name: 'bots', issuer: BOTS, trustSqlwardenClaims: true }),
];
const OPTIONS: ExchangeOptions = {
  issuer: EXCHANGE,
  audience: AUDIENCE,
  keys: { directory: path.join(directory, 'keys'), rotateAfterSeconds: 86_400 },
  lifetimeSeconds: 900,
  maxActors: 4,
  agents: [
    { name: 'robo', match: { issuer: 'bots', id: 'robo' }, groups: ['agents', 'app'] },
    { name: 'placed', match: { issuer: 'bots', workload: { namespace: 'ml', imageDigest: '*' } } },
    { name: 'named', match: { issuer: 'bots', id: 'named' }, actsFor: 'may-act' },
  ],
};

/** A token exchange in which these are revoked. */
function scene(...revoked: readonly RevocationTarget[]) {
  const clock = () => NOW_MS;
  openSigningKeys(OPTIONS, clock);
  const verifier = createVerifier([...ISSUERS, exchangeIssuer(OPTIONS, ISSUERS)], { environment: 'test', clock });
  const exchange = openTokenExchange(OPTIONS, {
    verifier,
    clock,
    report: ({ cause }) => expect(cause).toBeUndefined(),
    revoked: (principal) => (revoked.some((target) => isRevokedBy(principal, target)) ? 'revoked' : undefined),
  });
  const ask = async (subject: string, actor?: string, more: Readonly<Record<string, string>> = {}) => {
    const form = { grant_type: TOKEN_EXCHANGE, subject_token: subject, subject_token_type: JWT };
    const acting = actor === undefined ? {} : { actor_token: actor, actor_token_type: JWT };
    const answer = await exchange.exchange(new URLSearchParams({ ...form, ...acting, ...more }).toString());
    return answer.ok ? answer : { code: answer.code };
  };
  return {
    code: async (...asked: Parameters<typeof ask>) => ((await ask(...asked)) as { readonly code?: string }).code ?? 'given',
    given: async (...asked: Parameters<typeof ask>): Promise<{ readonly token: string; readonly principal: Principal }> => {
      const answer = await ask(...asked);
      if ('code' in answer) throw new Error(answer.code);
      return answer;
    },
  };
}

const token = (issuer: string, sub: string, claims: Json = {}) =>
  es256(key, { iss: issuer, aud: AUDIENCE, sub, iat: NOW - 100, exp: NOW + 3600, groups: ['app'], ...claims });
const alice = (claims: Json = {}) => token(PEOPLE, 'alice', claims);
const robo = (claims: Json = {}) => token(BOTS, 'robo', claims);
const named = () => token(BOTS, 'named');

describe('a revocation of earlier tokens', () => {
  const since = (seconds: number): RevocationTarget => ({ subject: 'alice', issuedBefore: seconds * 1000 });

  it('lets newer ones be exchanged', async () => {
    expect(await scene(since(NOW - 100)).code(alice(), robo())).toBe('given');
    expect(await scene(since(NOW - 99)).code(alice(), robo())).toBe('revoked');
  });

  it('is not escaped by having exchanged them: what counts is the oldest of the tokens behind it', async () => {
    const first = await scene().given(alice({ iat: NOW - 50 }), robo());
    expect(first.principal.issuedAt).toBe((NOW - 100) * 1000);
    expect(isRevokedBy(first.principal, since(NOW - 60))).toBe(true);
    const handedOn = await scene().given(first.token, robo({ iat: NOW }));
    expect(isRevokedBy(handedOn.principal, since(NOW - 60))).toBe(true);
    expect(isRevokedBy(handedOn.principal, since(NOW - 100))).toBe(false);
  });

  it('holds for what was exchanged for a token that does not say when it was issued', async () => {
    const { principal } = await scene().given(alice({ iat: undefined }), robo());
    expect(principal.issuedAt).toBeUndefined();
    expect(isRevokedBy(principal, since(NOW - 100_000))).toBe(true);
  });

  it('can be of all that the exchange has issued, and of one of its tokens', async () => {
    const { principal } = await scene().given(alice(), robo());
    expect(isRevokedBy(principal, { issuer: EXCHANGE, issuedBefore: NOW_MS })).toBe(true);
    expect(isRevokedBy(principal, { issuer: EXCHANGE, issuedBefore: (NOW - 100) * 1000 })).toBe(false);
    expect(isRevokedBy(principal, { issuer: EXCHANGE, tokenId: principal.tokenId as string })).toBe(true);
    expect(isRevokedBy(principal, { issuer: EXCHANGE, subject: 'alice' })).toBe(false);
    // Nobody is given a token that would not be taken.
    expect(await scene({ issuer: EXCHANGE, issuedBefore: NOW_MS }).code(alice(), robo())).toBe('revoked');
    expect(await scene({ issuer: EXCHANGE, issuedBefore: NOW_MS }).code(alice({ iat: NOW }), robo({ iat: NOW }))).toBe('given');
  });
});

describe('may_act', () => {
  it.each<[string, Json]>([
    ['nobody', {}],
    ['nobody, for a while', { exp: NOW + 60 }],
    ['everybody of an issuer', { iss: BOTS }],
  ])('that names %s lets nobody act', async (_, claim) => {
    expect(await scene().code(alice({ may_act: claim }), named())).toBe('agent-not-allowed');
    expect(await scene().code(token(BOTS, 'batch', { may_act: claim }), named())).toBe('agent-not-allowed');
    expect(await scene().code(alice({ may_act: claim }), robo())).toBe('agent-not-allowed');
  });

  it('lets whom it names act', async () => {
    expect(await scene().code(alice({ may_act: { iss: BOTS, sub: 'named' } }), named())).toBe('given');
  });
});

it('a member of a workload that the configuration asks for must be there, whatever it may be', async () => {
  const placed = (workload: Json) => token(BOTS, 'p', { sqlwarden: { kind: 'service', workload } });
  expect(await scene().code(alice(), placed({ namespace: 'ml' }))).toBe('agent-unknown');
  expect(await scene().code(alice(), placed({ namespace: 'ml', image_digest: 'sha256:aa' }))).toBe('given');
});

it('a configuration by which everybody of an issuer would be an agent is an error', () => {
  const broad = (workload: Json) => () =>
    exchangeIssuer({ ...OPTIONS, agents: [{ name: 'all', match: { issuer: 'bots', workload } }] }, ISSUERS);
  expect(broad({})).toThrow(/everybody with a token of bots/);
  expect(broad({ namespace: '*', pod: '**' })).toThrow(/everybody with a token of bots/);
  expect(broad({ namespace: 'ml', pod: '*' })).not.toThrow();
});

describe('groups that the configuration puts in the place of those of a token', () => {
  it('grant, and those of the token still count against their holder', async () => {
    const { principal } = await scene().given(alice(), robo({ groups: ['contractors', 'app'] }));
    expect(principal.actors[0]).toMatchObject({ groups: ['agents', 'app'], groupsComplete: true, unusedGroups: ['contractors'] });
    const alone = await scene().given(robo({ groups: ['contractors'] }), undefined, { scope: 'app' });
    expect(alone.principal.subject).toMatchObject({ groups: ['app'] });
    expect(alone.principal.subject.unusedGroups?.toSorted()).toEqual(['agents', 'contractors']);
  });

  it('are all there is where the token names none', async () => {
    const { principal } = await scene().given(alice(), robo({ groups: undefined }));
    expect(principal.actors[0]).toMatchObject({ groups: ['agents', 'app'], groupsComplete: true });
    expect(principal.actors[0]?.unusedGroups).toBeUndefined();
  });
});
