import { describe, expect, it } from '@jest/globals';
import type { Principal } from '@sqlwarden/core';
import { base64url, type Json, NOW, NOW_MS, recordingFetch, rsaKey, signRaw } from '../test/forge.js';
import { Claims } from './claims.js';
import type { Fetch } from './fetch-document.js';
import type { IssuerOptions } from './issuer-options.js';
import { resolveIssuer } from './issuer.js';
import { principalOf } from './principal-of.js';
import { createVerifier, type Verification } from './verifier.js';

// Tokens in the shapes that issuers document, signed here; the values are made up. What is expected is the whole principal.

interface Golden {
  readonly note: string;
  /** Where the shape is documented. */
  readonly source: string;
  readonly issuer: Omit<IssuerOptions, 'name' | 'audience' | 'keys'> & { readonly audience: string };
  readonly header?: Json;
  readonly payload: Json;
  readonly want: Omit<Principal, 'expiresAt'>;
}

const rsa = rsaKey('golden');
const TENANT = 'aaaabbbb-0000-cccc-1111-dddd2222eeee';
const V1 = `https://sts.windows.net/${TENANT}/`;
const V2 = `https://login.microsoftonline.com/${TENANT}/v2.0`;
const API = '00001111-aaaa-2222-bbbb-3333cccc4444';
const CLIENT = '55556666-ffff-7777-aaaa-8888bbbb9999';
const BLUEPRINT = '99998888-7777-6666-5555-444433332222';
const OID = 'ddddeeee-3333-ffff-4444-aaaa5555bbbb';
const GROUP = 'bbbbcccc-1111-dddd-2222-eeee3333ffff';
const OKTA = 'https://acme.okta.com/oauth2/aus9o8wzkhckw9TLa0h7';
const CLUSTER = 'https://kubernetes.default.svc.cluster.local';
const GITHUB = 'https://token.actions.githubusercontent.com';
const SVID = 'spiffe://acme.example/ns/ml/sa/trainer';

const times = { iat: NOW - 60, nbf: NOW - 60, exp: NOW + 3600 };
const issuedAt = (NOW - 60) * 1000;
const proof = { subject: 'token', groups: 'token', actors: 'token' } as const;
const entraV1 = { preset: 'entra', issuer: V1, audience: API } as const;
const entraV2 = { preset: 'entra', issuer: V2, audience: API } as const;
const v1 = {
  aud: API,
  iss: V1,
  ...times,
  aio: 'E2Zg',
  appid: CLIENT,
  appidacr: '1',
  idp: V1,
  oid: OID,
  rh: '1.AA',
  tid: TENANT,
  uti: 'm5Ra',
  ver: '1.0',
};
const v2 = {
  aud: API,
  iss: V2,
  ...times,
  aio: 'E2Zg',
  azp: CLIENT,
  azpacr: '1',
  oid: OID,
  rh: '0.AA',
  tid: TENANT,
  uti: 'm5Rb',
  ver: '2.0',
};
const ACCESS_TOKENS = 'Microsoft identity platform, "Access token claims reference"';
const AGENT_ID = 'Microsoft Entra Agent ID, "Token claims reference for agents"';

const goldens: readonly Golden[] = [
  {
    note: 'Okta, a custom authorization server, a person',
    source: 'Okta developer documentation, "OpenID Connect & OAuth 2.0 API", access token payload',
    issuer: { preset: 'okta', issuer: OKTA, audience: 'api://sqlwarden' },
    header: { kid: 'golden', alg: 'RS256' },
    payload: {
      ver: 1,
      jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
      iss: OKTA,
      aud: 'api://sqlwarden',
      iat: NOW - 60,
      exp: NOW + 3600,
      cid: '0oabucvyc38HLL1ef0h7',
      uid: '00uixa271s6x7qt8I0h7',
      scp: ['openid', 'sql'],
      auth_time: NOW - 90,
      sub: 'alice@acme.example',
      groups: ['Everyone', 'dba'],
    },
    want: {
      subject: {
        kind: 'person',
        issuer: OKTA,
        id: '00uixa271s6x7qt8I0h7',
        name: 'alice@acme.example',
        groups: ['Everyone', 'dba'],
        groupsComplete: true,
      },
      actors: [],
      proof,
      tokenId: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
      issuedAt,
    },
  },
  {
    note: 'Okta, a service by client credentials',
    source: 'Okta developer documentation, "OpenID Connect & OAuth 2.0 API", access token payload',
    issuer: { preset: 'okta', issuer: OKTA, audience: 'api://sqlwarden' },
    header: { kid: 'golden', alg: 'RS256' },
    payload: {
      ver: 1,
      jti: 'AT.k3p',
      iss: OKTA,
      aud: 'api://sqlwarden',
      iat: NOW - 60,
      exp: NOW + 3600,
      cid: '0oaetl',
      scp: ['sql'],
      sub: '0oaetl',
    },
    want: {
      subject: { kind: 'service', issuer: OKTA, id: '0oaetl', name: '0oaetl', groups: [], groupsComplete: false },
      actors: [],
      proof,
      tokenId: 'AT.k3p',
      issuedAt,
    },
  },
  {
    note: 'Entra ID v1, a person',
    source: ACCESS_TOKENS,
    issuer: entraV1,
    header: { typ: 'JWT', alg: 'RS256', x5t: 'golden', kid: 'golden' },
    payload: {
      ...v1,
      acr: '1',
      amr: ['pwd', 'mfa'],
      family_name: 'Doe',
      given_name: 'Alice',
      groups: [GROUP],
      ipaddr: '203.0.113.7',
      name: 'Alice Doe',
      scp: 'user_impersonation',
      sub: 'pairwise-1',
      unique_name: 'alice@acme.example',
      upn: 'alice@acme.example',
    },
    want: {
      subject: { kind: 'person', issuer: V1, id: OID, name: 'Alice Doe', groups: [GROUP], groupsComplete: true },
      actors: [],
      proof,
      issuedAt,
    },
  },
  {
    note: 'Entra ID v2, a person',
    source: ACCESS_TOKENS,
    issuer: entraV2,
    header: { typ: 'JWT', alg: 'RS256', kid: 'golden' },
    payload: { ...v2, name: 'Alice Doe', preferred_username: 'alice@acme.example', groups: [GROUP], scp: 'sql', sub: 'pairwise-2' },
    want: {
      subject: { kind: 'person', issuer: V2, id: OID, name: 'Alice Doe', groups: [GROUP], groupsComplete: true },
      actors: [],
      proof,
      issuedAt,
    },
  },
  {
    note: 'Entra ID v2, a person in more groups than fit: complete they are not',
    source: `${ACCESS_TOKENS}, "Groups overage claim"`,
    issuer: entraV2,
    payload: {
      ...v2,
      name: 'Alice Doe',
      scp: 'sql',
      sub: 'pairwise-2',
      _claim_names: { groups: 'src1' },
      _claim_sources: { src1: { endpoint: `https://graph.windows.net/${TENANT}/users/${OID}/getMemberObjects` } },
    },
    want: {
      subject: { kind: 'person', issuer: V2, id: OID, name: 'Alice Doe', groups: [], groupsComplete: false },
      actors: [],
      proof,
      issuedAt,
    },
  },
  {
    note: 'Entra ID v2, an application alone',
    source: ACCESS_TOKENS,
    issuer: entraV2,
    payload: { ...v2, idtyp: 'app', roles: ['Data.Read'], sub: OID },
    want: { subject: { kind: 'service', issuer: V2, id: OID, groups: [], groupsComplete: false }, actors: [], proof, issuedAt },
  },
  {
    note: 'Entra ID v1, an agent on its own',
    source: AGENT_ID,
    issuer: entraV1,
    payload: {
      ...v1,
      appidacr: '2',
      idtyp: 'app',
      sub: OID,
      xms_act_fct: '3 9 11',
      xms_ftd: 'Z5Dr',
      xms_idrel: '7 10',
      xms_sub_fct: '9 3 11',
      xms_tnt_fct: '3 9',
      xms_par_app_azp: BLUEPRINT,
    },
    want: { subject: { kind: 'agent', issuer: V1, id: OID, groups: [], groupsComplete: false }, actors: [], proof, issuedAt },
  },
  {
    note: 'Entra ID v2, an agent for a person',
    source: AGENT_ID,
    issuer: entraV2,
    payload: {
      ...v2,
      idtyp: 'user',
      name: 'Alice Doe',
      scp: 'sql',
      sub: 'pairwise-3',
      groups: [GROUP],
      xms_act_fct: '9 11 3',
      xms_idrel: '1 26',
      xms_sub_fct: '3',
      xms_tnt_fct: '3 9',
      xms_par_app_azp: BLUEPRINT,
    },
    want: {
      subject: { kind: 'person', issuer: V2, id: OID, name: 'Alice Doe', groups: [GROUP], groupsComplete: true },
      actors: [{ kind: 'agent', issuer: V2, id: CLIENT, groups: [], groupsComplete: false }],
      proof,
      issuedAt,
    },
  },
  {
    note: "Entra ID v2, an agent's own user account",
    source: AGENT_ID,
    issuer: entraV2,
    payload: { ...v2, idtyp: 'user', name: 'Agent 7', scp: 'sql', sub: 'pairwise-4', groups: [], xms_act_fct: '11', xms_sub_fct: '13 3' },
    want: {
      subject: { kind: 'agent', issuer: V2, id: OID, name: 'Agent 7', groups: [], groupsComplete: true },
      actors: [{ kind: 'agent', issuer: V2, id: CLIENT, groups: [], groupsComplete: false }],
      proof,
      issuedAt,
    },
  },
  {
    note: 'Kubernetes, a projected token of a pod',
    source: 'Kubernetes documentation, "Managing Service Accounts", schema of service account private claims',
    issuer: { preset: 'kubernetes', issuer: CLUSTER, audience: 'sqlwarden' },
    header: { alg: 'RS256', kid: 'golden' },
    payload: {
      aud: ['sqlwarden'],
      exp: NOW + 3600,
      iat: NOW - 60,
      iss: CLUSTER,
      jti: '4f5d0a2c',
      'kubernetes.io': {
        namespace: 'ml',
        node: { name: 'node-1', uid: '646e7c5e' },
        pod: { name: 'trainer-0', uid: '5e0bd49b' },
        serviceaccount: { name: 'trainer', uid: '14ee3fa4' },
        warnafter: NOW + 3000,
      },
      nbf: NOW - 60,
      sub: 'system:serviceaccount:ml:trainer',
    },
    want: {
      subject: {
        kind: 'service',
        issuer: CLUSTER,
        id: '14ee3fa4',
        name: 'system:serviceaccount:ml:trainer',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:ml'],
        groupsComplete: true,
      },
      actors: [],
      workload: { namespace: 'ml', serviceAccount: 'trainer', pod: 'trainer-0', podUid: '5e0bd49b', node: 'node-1' },
      proof: { ...proof, workload: 'token' },
      tokenId: '4f5d0a2c',
      issuedAt,
    },
  },
  {
    note: 'SPIFFE, a JWT-SVID without an issuer',
    source: '"JWT-SVID" of SPIFFE, sections 2 and 3',
    issuer: { preset: 'spiffe', issuer: 'spiffe://acme.example', audience: 'sqlwarden' },
    header: { alg: 'RS256', kid: 'golden', typ: 'JOSE' },
    payload: { sub: SVID, aud: ['sqlwarden'], exp: NOW + 300, iat: NOW - 60 },
    want: {
      subject: { kind: 'service', issuer: 'spiffe://acme.example', id: SVID, groups: [], groupsComplete: true },
      actors: [],
      workload: { spiffeId: SVID },
      proof: { ...proof, workload: 'token' },
      issuedAt,
    },
  },
  {
    note: 'GitHub Actions, a job with an environment',
    source: 'GitHub documentation, "OpenID Connect reference"',
    issuer: { preset: 'github', issuer: GITHUB, audience: 'sqlwarden', requiredClaims: { repository_owner_id: '65' } },
    header: { typ: 'JWT', alg: 'RS256', x5t: 'golden', kid: 'golden' },
    payload: {
      jti: 'example-id',
      sub: 'repo:octo-org@65/octo-repo@74:environment:prod',
      environment: 'prod',
      aud: 'sqlwarden',
      ref: 'refs/heads/main',
      sha: 'c0ffee',
      repository: 'octo-org/octo-repo',
      repository_owner: 'octo-org',
      actor_id: '12',
      repository_visibility: 'private',
      repository_id: '74',
      repository_owner_id: '65',
      run_id: '1234567',
      run_number: '10',
      run_attempt: '2',
      runner_environment: 'github-hosted',
      actor: 'octocat',
      workflow: 'train',
      head_ref: '',
      base_ref: '',
      event_name: 'workflow_dispatch',
      ref_type: 'branch',
      job_workflow_ref: 'octo-org/octo-automation/.github/workflows/train.yml@refs/heads/main',
      iss: GITHUB,
      ...times,
    },
    want: {
      subject: {
        kind: 'service',
        issuer: GITHUB,
        id: '74:octo-org/octo-automation/.github/workflows/train.yml@refs/heads/main',
        name: 'octo-org/octo-automation/.github/workflows/train.yml@refs/heads/main',
        groups: [
          'owner:65',
          'repository:74',
          'workflow:octo-org/octo-automation/.github/workflows/train.yml@refs/heads/main',
          'ref:74:refs/heads/main',
          'environment:74:prod',
        ],
        groupsComplete: true,
      },
      actors: [],
      run: { job: '1234567' },
      proof: { ...proof, run: 'token' },
      tokenId: 'example-id',
      issuedAt,
    },
  },
  {
    note: 'GitLab CI/CD, a job of a protected branch',
    source: 'GitLab documentation, "OpenID Connect (OIDC) Authentication Using ID Tokens", token payload',
    issuer: { preset: 'gitlab', issuer: 'https://gitlab.com', audience: 'sqlwarden', requiredClaims: { namespace_id: ['72', '73'] } },
    header: { kid: 'golden', typ: 'JWT', alg: 'RS256' },
    payload: {
      namespace_id: '72',
      namespace_path: 'my-group',
      project_id: '20',
      project_path: 'my-group/my-project',
      user_id: '1',
      user_login: 'sample-user',
      user_email: 'sample-user@acme.example',
      pipeline_id: '574',
      pipeline_source: 'push',
      job_id: '302',
      ref: 'main',
      ref_type: 'branch',
      ref_path: 'refs/heads/main',
      ref_protected: 'true',
      runner_id: 1,
      runner_environment: 'self-hosted',
      sha: 'c0ffee',
      project_visibility: 'public',
      jti: '235b3a54',
      iss: 'https://gitlab.com',
      ...times,
      sub: 'project_path:my-group/my-project:ref_type:branch:ref:main',
      aud: 'sqlwarden',
    },
    want: {
      subject: {
        kind: 'service',
        issuer: 'https://gitlab.com',
        id: '20',
        name: 'my-group/my-project',
        groups: ['project:20', 'namespace:72', 'branch:20:main', 'protected:20'],
        groupsComplete: true,
      },
      actors: [],
      run: { job: '302' },
      proof: { ...proof, run: 'token' },
      tokenId: '235b3a54',
      issuedAt,
    },
  },
];

function verify({ issuer, header, payload }: Pick<Golden, 'issuer' | 'header' | 'payload'>): Promise<Verification> {
  const token = signRaw(JSON.stringify(header ?? { typ: 'JWT', alg: 'RS256', kid: 'golden' }), JSON.stringify(payload), rsa.key);
  const options: IssuerOptions = { name: 'golden', keys: { kind: 'inline', keys: [rsa.jwk] }, ...issuer };
  return createVerifier([options], { environment: 'test', clock: () => NOW_MS }).verify(token);
}

function golden(note: string): Golden {
  const found = goldens.find((one) => one.note.startsWith(note));
  if (found === undefined) throw new Error(`no golden token ${note}`);
  return found;
}

describe('a token in the documented shape of', () => {
  it.each(goldens)('$note gives this principal ($source)', async (one) => {
    const result = await verify(one);
    if (!result.ok) throw new Error(`${result.code}: ${result.message}`);
    expect(result.principal).toEqual({ ...one.want, expiresAt: Number(one.payload['exp']) * 1000 });
  });

  it('Okta with 100 groups may have lost some', async () => {
    const { issuer, payload } = golden('Okta, a custom');
    const groups = Array.from({ length: 100 }, (_, at) => `g${at}`);
    expect(await verify({ issuer, payload: { ...payload, groups } })).toMatchObject({ principal: { subject: { groupsComplete: false } } });
  });

  it("Okta's org authorization server is refused: it publishes no key for its access tokens", async () => {
    const org = 'https://acme.okta.com';
    const { fetch, asked } = recordingFetch({ keys: [rsaKey('for-id-tokens').jwk] });
    const options: IssuerOptions = { name: 'org', preset: 'okta', issuer: org, audience: org };
    const verifier = createVerifier([options], { environment: 'test', clock: () => NOW_MS, fetch });
    const payload = { ...golden('Okta, a custom').payload, iss: org, aud: org };
    const token = signRaw('{"kid":"golden","alg":"RS256"}', JSON.stringify(payload), rsa.key);
    expect(await verifier.verify(token)).toMatchObject({ code: 'key-unknown' });
    expect(asked[0]).toBe('https://acme.okta.com/oauth2/v1/keys');
    expect(verifier.describe()[0]?.warnings).toEqual([expect.stringContaining('custom authorization server')]);
  });

  it("Entra ID is refused when its key is another tenant's", async () => {
    const { payload } = golden('Entra ID v2, a person');
    const token = signRaw('{"typ":"JWT","alg":"RS256","kid":"golden"}', JSON.stringify(payload), rsa.key);
    const codeWith = async (issuer: string | undefined) => {
      const fetch: Fetch = async () => Response.json({ keys: [{ ...rsa.jwk, issuer }] });
      const options: IssuerOptions = { name: 'entra', ...entraV2 };
      const result = await createVerifier([options], { environment: 'test', clock: () => NOW_MS, fetch }).verify(token);
      return result.ok ? 'accepted' : result.code;
    };
    expect(await codeWith(undefined)).toBe('accepted');
    expect(await codeWith(V2)).toBe('accepted');
    expect(await codeWith('https://login.microsoftonline.com/{tenantid}/v2.0')).toBe('accepted');
    expect(await codeWith('https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0')).toBe('key-unknown');
  });

  it('GitHub never reads sub, and lets in only whom the configuration names', async () => {
    const { issuer, payload } = golden('GitHub');
    const renamed = await verify({ issuer, payload: { ...payload, sub: 'repo:evil/evil:ref:refs/heads/main' } });
    expect(renamed).toMatchObject({ ok: true, principal: { subject: golden('GitHub').want.subject } });
    expect(await verify({ issuer, payload: { ...payload, repository_owner_id: '66' } })).toMatchObject({ code: 'not-let-in' });
    expect(await verify({ issuer, payload: { ...payload, repository_owner_id: undefined } })).toMatchObject({ code: 'not-let-in' });
    const { requiredClaims: _, ...everybody } = issuer;
    expect(() => verify({ issuer: everybody, payload })).toThrow(/everybody may have its tokens: write requiredClaims/);
    expect(() => verify({ issuer: { ...issuer, requiredClaims: { repository_owner_id: [] } }, payload })).toThrow(/needs the values/);
  });
});

describe('a JWT-SVID', () => {
  const { issuer, payload } = golden('SPIFFE');
  const codeOf = async (changes: Json, header: Json = {}) => {
    const result = await verify({ issuer, header: { alg: 'RS256', kid: 'golden', ...header }, payload: { ...payload, ...changes } });
    return result.ok ? 'accepted' : result.code;
  };

  it('may name whatever issuer it likes: its trust domain counts', async () => {
    expect(await codeOf({ iss: 'https://spire.acme.example' })).toBe('accepted');
    expect(await codeOf({ iss: 'spiffe://acme.example' })).toBe('accepted');
  });

  it.each<[string, Json, Json, string]>([
    ['of another trust domain', { sub: 'spiffe://evil.example/ns/ml/sa/trainer' }, {}, 'claims'],
    ['of another trust domain, with an issuer', { sub: 'spiffe://evil.example/x', iss: 'https://x.example' }, {}, 'issuer'],
    ['of another trust domain, in the name of this one', { sub: 'spiffe://evil.example/x', iss: 'spiffe://acme.example' }, {}, 'claims'],
    ['of the trust domain itself', { sub: 'spiffe://acme.example' }, {}, 'claims'],
    ['with a path that is not canonical', { sub: 'spiffe://acme.example/ns/../root' }, {}, 'claims'],
    ['in capitals', { sub: 'SPIFFE://acme.example/x' }, {}, 'claims'],
    ['with a name', { sub: 'trainer' }, {}, 'claims'],
    ['without sub', { sub: undefined }, {}, 'claims'],
    ['without an audience', { aud: undefined }, {}, 'audience'],
    ['without an end', { exp: undefined }, {}, 'claims'],
    ['of the type of access tokens', {}, { typ: 'at+jwt' }, 'token-type'],
    ['of another type', {}, { typ: 'svid' }, 'token-type'],
    ['with no signature', {}, { alg: 'none' }, 'algorithm'],
    ['with a shared secret', {}, { alg: 'HS256' }, 'algorithm'],
    ['with EdDSA', {}, { alg: 'EdDSA' }, 'algorithm'],
  ])('is refused %s', async (_, changes, header, code) => {
    expect(await codeOf(changes, header)).toBe(code);
  });

  it('is checked with the keys of JWT-SVIDs in a bundle, and never with those of X.509-SVIDs', async () => {
    const token = signRaw('{"alg":"RS256","kid":"golden"}', JSON.stringify(payload), rsa.key);
    const codeWith = async (use: string) => {
      const bundle = {
        kind: 'inline' as const,
        keys: [
          { ...rsa.jwk, use },
          { ...rsaKey('other').jwk, use: 'jwt-svid' },
        ],
      };
      const verifier = createVerifier([{ name: 'spiffe', ...issuer, keys: bundle }], { environment: 'test', clock: () => NOW_MS });
      const result = await verifier.verify(token);
      return result.ok ? 'accepted' : result.code;
    };
    expect(await codeWith('jwt-svid')).toBe('accepted');
    expect(await codeWith('x509-svid')).toBe('key-unknown');
  });

  it('stays apart from tokens of an issuer of the same deployment that carry the same sub', async () => {
    const other = rsaKey('golden');
    const oidc: IssuerOptions = {
      name: 'oidc',
      preset: 'generic',
      issuer: 'https://spire.acme.example',
      audience: 'sqlwarden',
      keys: { kind: 'inline', keys: [other.jwk] },
    };
    const verifier = createVerifier([{ name: 'spiffe', keys: { kind: 'inline', keys: [rsa.jwk] }, ...issuer }, oidc], {
      environment: 'test',
      clock: () => NOW_MS,
    });
    const named = JSON.stringify({ ...payload, iss: 'https://spire.acme.example' });
    const header = '{"alg":"RS256","kid":"golden"}';
    expect(await verifier.verify(signRaw(header, named, other.key))).toMatchObject({
      principal: { subject: { issuer: 'https://spire.acme.example', id: SVID } },
    });
    expect(await verifier.verify(signRaw(header, named, rsa.key))).toMatchObject({ code: 'signature' });
    expect(await verifier.verify(signRaw(header, JSON.stringify(payload), other.key))).toMatchObject({ code: 'signature' });
  });

  it('is of its trust domain, however it came to be read', () => {
    const read = (sub: string) =>
      principalOf(new Claims({ sub }), resolveIssuer({ name: 's', keys: { kind: 'inline', keys: [] }, ...issuer }, 'test'), 0);
    expect(read(SVID).subject.id).toBe(SVID);
    expect(() => read('spiffe://evil.example/ns/ml/sa/trainer')).toThrow(/trust domain/);
  });

  it('alone may lack an issuer', async () => {
    const generic: IssuerOptions = { ...issuer, name: 'g', preset: 'generic', keys: { kind: 'inline', keys: [rsa.jwk] } };
    const verifier = createVerifier([generic], { environment: 'test', clock: () => NOW_MS });
    const token = signRaw('{"alg":"RS256","kid":"golden"}', JSON.stringify(payload), rsa.key);
    expect(await verifier.verify(token)).toMatchObject({ code: 'claims' });
  });

  it('needs its keys to be said, and a trust domain for an issuer', () => {
    const create = (changes: Partial<IssuerOptions>) => () =>
      createVerifier([{ name: 's', ...issuer, ...changes }], { environment: 'test' });
    expect(create({})).toThrow(/say where its keys are/);
    for (const wrong of ['https://acme.example', 'spiffe://acme.example/x', 'spiffe://Acme.example', 'spiffe://'])
      expect(create({ issuer: wrong })).toThrow(/is its trust domain/);
  });
});

it('a golden token is one: without its signature it is nothing', async () => {
  for (const { issuer, payload } of goldens) {
    const keys = { kind: 'inline' as const, keys: [rsa.jwk] };
    const verifier = createVerifier([{ name: 'golden', keys, ...issuer }], { environment: 'test', clock: () => NOW_MS });
    const unsigned = `${base64url('{"alg":"RS256","kid":"golden"}')}.${base64url(JSON.stringify(payload))}.${base64url(Buffer.alloc(256))}`;
    expect(await verifier.verify(unsigned)).toMatchObject({ code: 'signature' });
  }
});
