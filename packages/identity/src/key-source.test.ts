import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ecKey, es256, generic, goodClaims, NOW_MS, type SigningKey } from '../test/forge.js';
import type { Fetch } from './fetch-document.js';
import type { RemoteKeys } from './issuer-options.js';
import { createVerifier } from './verifier.js';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done).closeAllConnections())));
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
}

/** An issuer's key endpoint that can be changed, broken and counted, and a clock that can be moved. */
async function scene(first: readonly SigningKey[], times: RemoteKeys = {}) {
  const state = { keys: first, requests: 0, status: 200, now: NOW_MS, problems: [] as Error[] };
  const url = await serve((_, response) => {
    state.requests += 1;
    response.writeHead(state.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ keys: state.keys.map(({ jwk }) => jwk) }));
  });
  const verifier = createVerifier([generic([], { keys: { kind: 'url', url, ...times } })], {
    environment: 'test',
    clock: () => state.now,
    report: (problem) => state.problems.push(problem),
  });
  const code = async (key: SigningKey, header = {}) => {
    const seconds = state.now / 1000;
    const result = await verifier.verify(es256(key, goodClaims({ iat: seconds, exp: seconds + 60 }), header));
    return result.ok ? 'accepted' : result.code;
  };
  return { state, code };
}

const one = ecKey('one');
const two = ecKey('two');

describe('keys from a url', () => {
  it('are fetched once for many logins at once, and kept', async () => {
    const { state, code } = await scene([one]);
    expect(await Promise.all(Array.from({ length: 20 }, () => code(one)))).toEqual(Array.from({ length: 20 }, () => 'accepted'));
    state.now += 599_000;
    expect(await code(one)).toBe('accepted');
    expect(state.requests).toBe(1);
  });

  it('follow a rotation at once, and stop believing a withdrawn key after ten minutes', async () => {
    const { state, code } = await scene([one]);
    await code(one);
    state.keys = [two];
    expect(await code(two)).toBe('accepted');
    expect(await code(one)).toBe('key-unknown');
    state.keys = [one];
    state.now += 600_001;
    expect(await code(two)).toBe('key-unknown');
    expect(await code(one)).toBe('accepted');
  });

  it('cost one fetch in ten seconds under a flood of unknown key ids, and a rotation still comes through', async () => {
    const { state, code } = await scene([one]);
    await code(one);
    for (let at = 0; at < 50; at += 1) expect(await code(one, { kid: `made-up-${at}` })).toBe('key-unknown');
    expect(state.requests).toBe(2);
    state.keys = [two];
    expect(await code(two)).toBe('key-unknown');
    state.now += 10_000;
    for (let at = 0; at < 50; at += 1) expect(await code(one, { kid: `again-${at}` })).toBe('key-unknown');
    expect(await code(two)).toBe('accepted');
    expect(state.requests).toBe(3);
  });

  it('do not ask again for the same unknown key id for 30 s', async () => {
    const { state, code } = await scene([one]);
    for (let at = 0; at < 5; at += 1) await code(two);
    expect(state.requests).toBe(2);
    state.now += 29_999;
    await code(two);
    expect(state.requests).toBe(2);
    state.now += 1;
    await code(two);
    expect(state.requests).toBe(3);
  });

  it('that cannot be asked for an unknown key id are unavailable, and the id is not remembered', async () => {
    const { state, code } = await scene([one]);
    await code(one);
    state.keys = [two];
    state.status = 500;
    expect(await code(two)).toBe('keys-unavailable');
    state.status = 200;
    state.now += 10_000;
    // The last attempt has failed: nothing is asked for 30 s, and who comes meanwhile is told so.
    expect([await code(two), await code(one), state.requests]).toEqual(['keys-unavailable', 'accepted', 2]);
    state.now += 20_000;
    expect([await code(two), state.requests]).toEqual(['accepted', 3]);
  });

  it('stay in use for a day while they cannot be read, and not longer', async () => {
    const { state, code } = await scene([one]);
    await code(one);
    state.status = 500;
    state.now += 600_001;
    expect(await code(one)).toBe('accepted');
    expect(await code(one)).toBe('accepted');
    expect(state.requests).toBe(2);
    expect(String(state.problems[0]?.cause)).toMatch(/status 500/);
    state.now += 29_999;
    expect([await code(one), state.requests]).toEqual(['accepted', 2]);
    state.now += 1;
    expect([await code(one), state.requests]).toEqual(['accepted', 3]);
    state.now += 24 * 3_600_000;
    expect(await code(one)).toBe('keys-unavailable');
  });

  it('stay in use for as long as the configuration says', async () => {
    const { state, code } = await scene([one], { maxAgeMs: 1_000, maxStaleMs: 0 });
    expect(await code(one)).toBe('accepted');
    state.status = 500;
    state.now += 1_000;
    expect(await code(one)).toBe('accepted');
    state.now += 1;
    expect(await code(one)).toBe('keys-unavailable');
  });

  it('are unavailable when they were never read, and are tried again after five seconds', async () => {
    const { state, code } = await scene([one]);
    state.status = 503;
    expect([await code(one), await code(one), state.requests]).toEqual(['keys-unavailable', 'keys-unavailable', 1]);
    state.status = 200;
    state.now += 5_000;
    expect(await code(one)).toBe('accepted');
  });

  it.each<[string, RequestListener]>([
    ['a redirect', (_, response) => response.writeHead(302, { location: '/keys2' }).end()],
    ['no content', (_, response) => response.writeHead(204).end()],
    ['something else', (_, response) => response.end('<html>')],
    ['a list', (_, response) => response.end('[]')],
    ['a member twice', (_, response) => response.end('{"keys":[],"keys":[]}')],
    ['a set of too many keys', (_, response) => response.end(JSON.stringify({ keys: Array.from({ length: 257 }, () => one.jwk) }))],
    ['more than 256 KiB', (_, response) => response.end(JSON.stringify({ keys: [one.jwk], filler: 'x'.repeat(300_000) }))],
    ['a connection that breaks', (_, response) => response.destroy()],
  ])('are not taken from an answer that is %s', async (_, listener) => {
    let followed = 0;
    const url = await serve((request, response) => {
      if (request.url === '/keys2') {
        followed += 1;
        response.end(JSON.stringify({ keys: [one.jwk] }));
      } else {
        listener(request, response);
      }
    });
    const verifier = createVerifier([generic([], { keys: { kind: 'url', url } })], { environment: 'test', clock: () => NOW_MS });
    expect(await verifier.verify(es256(one, goodClaims()))).toMatchObject({ ok: false, code: 'keys-unavailable' });
    expect(followed).toBe(0);
  });

  it('refuse a fetch that followed a redirect although it was told not to', async () => {
    const fetch: Fetch = async () => Object.defineProperty(Response.json({ keys: [one.jwk] }), 'redirected', { value: true });
    const keys = { kind: 'url' as const, url: 'https://id.example.com/keys' };
    const verifier = createVerifier([generic([], { keys })], { environment: 'test', clock: () => NOW_MS, fetch });
    expect(await verifier.verify(es256(one, goodClaims()))).toMatchObject({ code: 'keys-unavailable' });
  });
});
