import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ecKey, es256, generic, goodClaims, NOW_MS, recordingFetch } from '../test/forge.js';
import { discoverKeys, metadataUrl } from './discovery.js';
import { createVerifier } from './verifier.js';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done).closeAllConnections())));
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const METADATA = '/.well-known/openid-configuration';
const key = ecKey('one');

/** An issuer whose metadata says what it is given, and which counts who asks for what. */
async function issuerThatSays(metadata: (issuer: string) => unknown) {
  const requests: (string | undefined)[] = [];
  const issuer: string = await serve((request, response) => {
    requests.push(request.url);
    response.end(JSON.stringify(request.url === METADATA ? metadata(issuer) : { keys: [key.jwk] }));
  });
  const problems: Error[] = [];
  const options = { name: 'id', preset: 'generic', issuer, audience: 'sqlwarden' } as const;
  const verifier = createVerifier([options], { environment: 'test', clock: () => NOW_MS, report: (problem) => problems.push(problem) });
  const verify = () => verifier.verify(es256(key, goodClaims({ iss: issuer })));
  return { verify, requests, problems, verifier };
}

describe('the keys of an issuer that says nothing of them', () => {
  it('are where its metadata says, and both are kept', async () => {
    const { verify, requests, verifier } = await issuerThatSays((issuer) => ({ issuer, jwks_uri: `${issuer}/k` }));
    for (let at = 0; at < 3; at += 1) expect((await verify()).ok).toBe(true);
    expect(requests).toEqual([METADATA, '/k']);
    expect(verifier.describe()[0]?.keys).toBe('by discovery');
  });

  it.each<[string, (issuer: string) => unknown, RegExp]>([
    ['of another issuer', (issuer) => ({ issuer: `${issuer}0`, jwks_uri: `${issuer}/k` }), /of another issuer/],
    ['of an issuer with a slash more', (issuer) => ({ issuer: `${issuer}/`, jwks_uri: `${issuer}/k` }), /of another issuer/],
    ['of no issuer', (issuer) => ({ jwks_uri: `${issuer}/k` }), /of another issuer/],
    ['without keys', (issuer) => ({ issuer }), /does not say where/],
    ['with keys that are no address', (issuer) => ({ issuer, jwks_uri: ['/k'] }), /does not say where/],
    ['with keys in a file', (issuer) => ({ issuer, jwks_uri: 'file:///etc/passwd' }), /over https/],
    ['with keys over http elsewhere', (issuer) => ({ issuer, jwks_uri: 'http://id.example.com/k' }), /over https/],
    ['with keys at the cloud', (issuer) => ({ issuer, jwks_uri: 'https://169.254.169.254/latest' }), /private network/],
    ['that is a list', () => [], /of another issuer/],
  ])('are not taken from metadata %s', async (_, metadata, why) => {
    const { verify, requests, problems } = await issuerThatSays(metadata);
    expect(await verify()).toMatchObject({ code: 'keys-unavailable' });
    expect(requests).toEqual([METADATA]);
    expect(String(problems[0]?.cause)).toMatch(why);
  });

  it('are not taken from behind a redirect', async () => {
    const other = await serve((_, response) => response.end('{}'));
    const issuer = await serve((_, response) => response.writeHead(302, { location: other }).end());
    await expect(discoverKeys(issuer, fetch)).rejects.toThrow(/fetch failed/);
  });

  it.each<[string, string]>([
    ['this machine', 'https://127.0.0.1/k'],
    ['this machine by name', 'https://localhost/k'],
    ['this machine over http', 'http://127.0.0.1/k'],
    ['this machine in version 6', 'https://[::1]/k'],
    ['this machine, mapped', 'https://[::ffff:127.0.0.1]/k'],
    ['this machine, as one number', 'https://2130706433/k'],
    ['a private network', 'https://10.1.2.3/k'],
    ['a private network in version 6', 'https://[fd00::1]/k'],
  ])('are not fetched from %s for an issuer of the internet', async (_, jwks_uri) => {
    const { fetch: from, asked } = recordingFetch({ issuer: 'https://id.example.com', jwks_uri });
    await expect(discoverKeys('https://id.example.com', from)).rejects.toThrow(/private network/);
    expect(asked).toEqual(['https://id.example.com/.well-known/openid-configuration']);
  });
});

describe('the address of the metadata', () => {
  it('is the issuer without a slash at its end, and the well-known path', () => {
    expect(metadataUrl('https://id.example.com/t/').href).toBe(`https://id.example.com/t${METADATA}`);
    expect(metadataUrl('https://id.example.com').href).toBe(`https://id.example.com${METADATA}`);
  });

  it.each([
    'urn:acme',
    'http://id.example.com',
    'https://id.example.com/?a=b',
    'https://id.example.com/#x',
    'https://me:pw@id.example.com',
  ])('is none for %s, which is found at start', (issuer) => {
    const create = () => createVerifier([{ name: 'id', preset: 'generic', issuer, audience: 'a' }], { environment: 'test' });
    expect(create).toThrow(/^issuer id: /);
  });

  it('is not asked for by an issuer whose keys are said', async () => {
    const verifier = createVerifier([generic([key])], {
      environment: 'test',
      clock: () => NOW_MS,
      fetch: () => Promise.reject(new Error('fetched')),
    });
    expect((await verifier.verify(es256(key, goodClaims()))).ok).toBe(true);
  });
});
