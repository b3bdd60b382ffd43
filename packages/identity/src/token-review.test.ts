import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createAuthority } from '@sqlwarden/testkit';
import { AUDIENCE, ISSUER, type Json, NOW, NOW_MS, rs256, rsaKey } from '../test/forge.js';
import type { IssuerOptions, TokenReviewOptions } from './issuer-options.js';
import { createVerifier, type Verifier } from './verifier.js';

// The API server of a cluster is played by an https server that answers as the Kubernetes API reference says.

const authority = createAuthority();
const key = rsaKey('cluster');
const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-review-'));
const [tokenFile, caFile] = [join(directory, 'token'), join(directory, 'ca.pem')];

interface Review {
  readonly spec: { readonly token: string; readonly audiences: readonly string[] };
}

let server: Server;
let url = '';
let asked: { readonly review: Review; readonly authorization: string | undefined; readonly path: string | undefined }[] = [];
let answer: (review: Review) => { readonly status: number; readonly body: string };
let now = NOW_MS;

const USER = {
  username: 'system:serviceaccount:ml:trainer',
  uid: 'sa-uid',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:ml', 'system:authenticated'],
  extra: { 'authentication.kubernetes.io/pod-name': ['trainer-0'], 'authentication.kubernetes.io/pod-uid': ['pod-uid'] },
};
const status = (changes: Json = {}) => ({ authenticated: true, user: USER, audiences: [AUDIENCE], ...changes });
const reviewed = (answered: Json) => ({
  status: 201,
  body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status: answered }),
});

beforeAll(async () => {
  writeFileSync(tokenFile, 'the gateway itself\n');
  writeFileSync(caFile, authority.certificate);
  const { certificate, key: serverKey } = authority.issue({ commonName: 'api', names: ['127.0.0.1'] });
  server = createServer({ cert: certificate, key: serverKey }, (request, response) => {
    void text(request).then((body) => {
      const review = JSON.parse(body) as Review;
      asked.push({ review, authorization: request.headers.authorization, path: request.url });
      const { status: code, body: said } = answer(review);
      response.writeHead(code, code === 302 ? { location: '/elsewhere' } : {}).end(said);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise((done) => server.close(done).closeAllConnections());
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  asked = [];
  now = NOW_MS;
  answer = () => reviewed(status());
});

function cluster(review: Partial<TokenReviewOptions> = {}, changes: Partial<IssuerOptions> = {}, problems: Error[] = []): Verifier {
  const tokenReview = { url, tokenFile, caFile, ...review };
  const options: IssuerOptions = { name: 'k8s', preset: 'kubernetes', issuer: ISSUER, audience: AUDIENCE, tokenReview, ...changes };
  return createVerifier([options], { environment: 'test', clock: () => now, report: (problem) => problems.push(problem) });
}

/** A projected token (Kubernetes documentation, "Managing Service Accounts"). */
function projected(bound: Json = {}, changes: Json = {}): string {
  return rs256(key, {
    iss: ISSUER,
    aud: [AUDIENCE],
    iat: NOW,
    nbf: NOW,
    exp: NOW + 3600,
    jti: 'j',
    sub: 'system:serviceaccount:ml:trainer',
    'kubernetes.io': {
      namespace: 'ml',
      node: { name: 'node-1', uid: 'node-uid' },
      pod: { name: 'trainer-0', uid: 'pod-uid' },
      serviceaccount: { name: 'trainer', uid: 'sa-uid' },
      warnafter: NOW + 3000,
      ...bound,
    },
    ...changes,
  });
}

async function codeOf(verifier: Verifier, token = projected()): Promise<string> {
  const result = await verifier.verify(token);
  return result.ok ? 'accepted' : result.code;
}

describe('a token that the cluster is asked about', () => {
  it('is accepted with the pod and the node that it is bound to, and its proof is kubernetes', async () => {
    const token = projected();
    expect(await cluster().verify(token)).toMatchObject({
      ok: true,
      principal: {
        subject: { kind: 'service', id: 'sa-uid' },
        workload: { namespace: 'ml', serviceAccount: 'trainer', pod: 'trainer-0', podUid: 'pod-uid', node: 'node-1' },
        proof: { subject: 'kubernetes', groups: 'kubernetes', actors: 'kubernetes', workload: 'kubernetes' },
      },
    });
    expect(asked).toMatchObject([
      {
        path: '/apis/authentication.k8s.io/v1/tokenreviews',
        authorization: 'Bearer the gateway itself',
        review: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences: [AUDIENCE] } },
      },
    ]);
  });

  it('is asked about once in ten seconds, by everybody together, and not longer than it lives', async () => {
    const verifier = cluster();
    const token = projected();
    await Promise.all(Array.from({ length: 10 }, () => codeOf(verifier, token)));
    now += 9_999;
    expect([await codeOf(verifier, token), asked.length]).toEqual(['accepted', 1]);
    now += 1;
    answer = () => reviewed(status({ authenticated: false, user: {} }));
    expect([await codeOf(verifier, token), asked.length]).toEqual(['not-confirmed', 2]);
    const short = projected({}, { exp: NOW + 12 });
    answer = () => reviewed(status());
    expect(await codeOf(verifier, short)).toBe('accepted');
    now = (NOW + 12) * 1000;
    expect(await codeOf(verifier, short)).toBe('expired');
  });

  it.each<[string, Json]>([
    ['it is not authenticated', { authenticated: false }],
    ['it may be', { authenticated: 'true' }],
    ['something went wrong', { error: 'token has been invalidated' }],
    ['the server checked no audience', { audiences: undefined }],
    ['it is for the API server', { audiences: ['https://kubernetes.default.svc'] }],
    ['it is of another service account', { user: { ...USER, username: 'system:serviceaccount:ml:other' } }],
    ['it is of an account that was made again', { user: { ...USER, uid: 'new-uid' } }],
    ['it is of another pod', { user: { ...USER, extra: { 'authentication.kubernetes.io/pod-uid': ['other'] } } }],
    ['nothing', { authenticated: undefined, user: undefined, audiences: undefined }],
  ])('is refused when the cluster says: %s', async (_, changes) => {
    answer = () => reviewed(status(changes));
    expect(await codeOf(cluster())).toBe('not-confirmed');
  });

  it.each<[string, { readonly status: number; readonly body: string }]>([
    ['forbids it', { status: 403, body: '{}' }],
    ['sends elsewhere', { status: 302, body: '' }],
    ['says something else', { status: 201, body: '<html>' }],
    ['answers with another kind', { status: 201, body: '{"apiVersion":"v1","kind":"Status","status":{"authenticated":true}}' }],
    ['answers too much', reviewed(status({ filler: 'x'.repeat(300_000) }))],
  ])('is refused when the cluster %s, and asked about again', async (_, said) => {
    answer = () => said;
    const problems: Error[] = [];
    const verifier = cluster({}, {}, problems);
    const token = projected();
    expect(await codeOf(verifier, token)).toBe('keys-unavailable');
    expect(problems).toHaveLength(1);
    const told = `${String(problems[0])} ${String(problems[0]?.cause)}`;
    expect(told).not.toContain(token);
    expect(told).not.toContain('the gateway itself');
    answer = () => reviewed(status());
    expect(await codeOf(verifier, token)).toBe('accepted');
  });

  it('is refused when the API server cannot show a certificate that is trusted', async () => {
    writeFileSync(join(directory, 'other.pem'), createAuthority().certificate);
    expect(await codeOf(cluster({ caFile: join(directory, 'other.pem') }))).toBe('keys-unavailable');
    expect(asked).toEqual([]);
  });

  it('is refused before the cluster is asked when its claims or, where keys are given, its signature is wrong', async () => {
    const keys = { kind: 'inline' as const, keys: [key.jwk] };
    expect(await codeOf(cluster({}, { keys }), projected())).toBe('accepted');
    expect(asked).toHaveLength(1);
    expect(await codeOf(cluster({}, { keys: { kind: 'inline', keys: [rsaKey('cluster').jwk] } }), projected())).toBe('signature');
    expect(await codeOf(cluster(), projected({}, { aud: ['other'] }))).toBe('audience');
    expect(await codeOf(cluster(), projected({}, { exp: NOW - 1 }))).toBe('expired');
    expect(asked).toHaveLength(1);
  });

  it('is only of a cluster, and asked about over https', () => {
    expect(() => cluster({}, { preset: 'generic' })).toThrow(/only for preset kubernetes/);
    expect(() => cluster({ url: 'http://127.0.0.1' })).toThrow(/over https/);
    expect(() => cluster({ cacheMs: 300_001 })).toThrow(/cacheMs/);
    // The path of the API is known, and one that is written would be passed over.
    expect(() => cluster({ url: `${url}/k8s/clusters/c-1` })).toThrow(/without a path/);
    expect(() => cluster({ url: `${url}/` })).not.toThrow();
    expect(cluster().describe()[0]).toMatchObject({ keys: 'the cluster is asked', warnings: [] });
  });
});
