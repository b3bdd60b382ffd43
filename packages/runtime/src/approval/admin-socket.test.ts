import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync, chmodSync, mkdirSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ApprovalSubject, Party, Principal } from '@sqlwarden/core';
import { type AdminClient, AdminClientError, createAdminClient } from './admin-client.js';
import { type AdminSocket, openAdminSocket } from './admin-socket.js';
import { listenPrivately, PrivateSocketError } from './private-socket.js';
import { type ApprovalRecorder, ApprovalStore } from './store.js';

const person = (id: string, groups = ['dba']): Party => ({ kind: 'person', issuer: 'https://idp', id, groups, groupsComplete: true });
const principal = (subject: Party): Principal => ({
  subject,
  actors: [],
  proof: { subject: 'token', groups: 'token' },
  expiresAt: Date.now() + 60_000,
});
const agent: Party = { ...person('robo'), kind: 'agent' };
const people: Readonly<Record<string, Principal>> = {
  'dana.token': principal(person('dana')),
  'eve.token': principal(person('eve', ['sales'])),
  'priya.token': principal(person('priya')),
  'robo.token': principal(agent),
};

const subject = (text = 'alter table people add column risk int'): ApprovalSubject => ({
  upstream: 'crm',
  dialect: 'postgres',
  database: 'crm',
  text,
  parameters: [{ typeId: 25, format: 'text', value: 'eA==' }],
  state: { role: 'r', searchPath: ['public'], lexical: {} },
  requester: principal(person('priya')),
  policyDigest: 'p',
  schemaDigest: 's',
});
const requirement = { rule: 'schema', groups: ['dba'], people: 1, withinMs: 60_000 };
const context = { session: 's', facts: [], labels: [] };

let directory: string;
let path: string;
let open: AdminSocket | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'admin-'));
  path = join(directory, 'admin.sock');
});
afterEach(async () => {
  await open?.close();
  open = undefined;
  rmSync(directory, { recursive: true, force: true });
});

async function serve(
  recorder: Partial<ApprovalRecorder> = {},
): Promise<{ approvals: ApprovalStore; client: AdminClient; troubles: Error[] }> {
  const nothing = (): void => {};
  const approvals = new ApprovalStore({
    now: Date.now,
    recorder: { requested: nothing, decided: nothing, ended: nothing, ...recorder },
    maxPending: 10,
    maxPendingPerRequester: 10,
  });
  const troubles: Error[] = [];
  open = await openAdminSocket({
    path,
    approvals,
    onTrouble: (error) => troubles.push(error),
    verify: (token) => {
      const found = people[token];
      if (token === 'crash') throw new Error('the verifier broke');
      return Promise.resolve(
        found === undefined ? { ok: false, code: 'signature', message: 'the signature is wrong' } : { ok: true, principal: found },
      );
    },
  });
  return { approvals, client: createAdminClient({ socket: path, timeoutMs: 5000 }), troubles };
}

function hold(approvals: ApprovalStore, text?: string): { id: string; digest: string; wait: () => Promise<unknown> } {
  const held = approvals.request(subject(text), requirement, context);
  if (held.kind !== 'pending') throw new Error(held.kind);
  return { id: held.request.id, digest: held.request.digest, wait: () => held.wait() };
}

/** Sends raw bytes and returns everything that comes back until the other side closes. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    socket.once('close', () => resolve(answer));
    socket.once('error', (error: NodeJS.ErrnoException) => (answer === '' && error.code !== 'EPIPE' ? reject(error) : resolve(answer)));
    socket.write(bytes, 'latin1');
  });
}

const post = (url: string, body: string, headers = 'authorization: Bearer dana.token\r\ncontent-type: application/json\r\n'): string =>
  `POST ${url} HTTP/1.1\r\nhost: x\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe('the admin socket', () => {
  it('lists, shows and decides; the requester wakes', async () => {
    const { approvals, client } = await serve();
    const held = hold(approvals);
    const ended = held.wait();
    expect(await client.pending()).toMatchObject([{ id: held.id, digest: held.digest, rule: 'schema', state: 'pending', textCut: false }]);
    const shown = await client.request(held.id);
    expect(shown.subject).toEqual(subjectAsShown(approvals, held.id));
    const decided = await client.decide(held.id, { decision: 'approve', comment: 'ticket 7', digest: shown.digest }, 'dana.token');
    expect(decided).toMatchObject({
      state: 'approved',
      decisions: [{ decision: 'approve', approver: { id: 'dana' }, comment: 'ticket 7' }],
    });
    expect(await ended).toEqual({ kind: 'approved' });
    expect(approvals.use(held.id, held.digest)).toBeUndefined();
  });

  function subjectAsShown(approvals: ApprovalStore, id: string): unknown {
    return JSON.parse(JSON.stringify(approvals.get(id)?.subject));
  }

  it('keeps the token of the decision and never shows it', async () => {
    const { approvals, client } = await serve();
    const held = hold(approvals);
    await client.decide(held.id, { decision: 'approve' }, 'dana.token');
    expect(approvals.get(held.id)?.decisions[0]?.token).toBe('dana.token');
    expect(await raw(`GET /v1/requests/${held.id} HTTP/1.1\r\nhost: x\r\n\r\n`)).not.toContain('dana.token');
  });

  it.each([
    ['forged.token', 'token-refused', 401],
    ['eve.token', 'approver-not-in-group', 403],
    ['priya.token', 'approver-is-requester', 403],
    ['robo.token', 'approver-not-a-person', 403],
  ])('refuses %s', async (token, code, status) => {
    const { approvals, client } = await serve();
    const held = hold(approvals);
    for (const decision of ['approve', 'reject'] as const)
      await expect(client.decide(held.id, { decision }, token)).rejects.toMatchObject({ name: 'AdminClientError', code, status });
    expect(approvals.get(held.id)?.state).toBe('pending');
  });

  it('refuses a decision about another request than the one that was seen', async () => {
    const { approvals, client } = await serve();
    const held = hold(approvals);
    const digest = 'f'.repeat(64);
    await expect(client.decide(held.id, { decision: 'approve', digest }, 'dana.token')).rejects.toMatchObject({ code: 'digest-mismatch' });
    expect(approvals.get(held.id)?.state).toBe('pending');
  });

  it('says what has become of a request that is gone', async () => {
    const { approvals, client } = await serve();
    const held = hold(approvals);
    await client.decide(held.id, { decision: 'reject' }, 'dana.token');
    await expect(client.decide(held.id, { decision: 'approve' }, 'dana.token')).rejects.toMatchObject({
      code: 'request-unknown',
      status: 404,
    });
    await expect(client.request(held.id)).rejects.toMatchObject({ code: 'request-unknown' });
    await expect(client.request('../pending')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('does not count a decision that cannot be recorded', async () => {
    const failing = (): never => {
      throw new Error('disk full');
    };
    const { approvals, client, troubles } = await serve({ decided: failing });
    const held = hold(approvals);
    await expect(client.decide(held.id, { decision: 'approve' }, 'dana.token')).rejects.toMatchObject({
      code: 'ledger-unavailable',
      status: 503,
    });
    expect(approvals.get(held.id)?.state).toBe('pending');
    expect(troubles.map(({ message }) => message)).toEqual(['disk full']);
  });

  it('answers when the verifier breaks, without its words', async () => {
    const { approvals, client } = await serve();
    const held = hold(approvals);
    const answer = client.decide(held.id, { decision: 'approve' }, 'crash');
    await expect(answer).rejects.toMatchObject({ code: 'internal-error', status: 500 });
    await expect(answer).rejects.not.toThrow(/verifier broke/);
  });

  it.each([
    ['no token', post('/v1/requests/abc/decision', '{"decision":"approve"}', 'content-type: application/json\r\n'), 401, 'token-missing'],
    ['another scheme', post('/v1/requests/abc/decision', '{}', 'authorization: Basic eDp5\r\n'), 401, 'token-missing'],
    ['a form', post('/v1/requests/abc/decision', 'decision=approve', 'authorization: Bearer dana.token\r\n'), 415, 'content-type'],
    ['no json', post('/v1/requests/abc/decision', 'approve'), 400, 'bad-request'],
    ['another decision', post('/v1/requests/abc/decision', '{"decision":"maybe"}'), 400, 'bad-request'],
    ['unknown keys', post('/v1/requests/abc/decision', '{"decision":"approve","as":"dana"}'), 400, 'bad-request'],
    ['a list', post('/v1/requests/abc/decision', '["approve"]'), 400, 'bad-request'],
    ['malformed utf-8', post('/v1/requests/abc/decision', '').replace('length: 0', 'length: 1') + '\xff', 413, 'too-large'],
    ['a body that is too long', post('/v1/requests/abc/decision', `"${'x'.repeat(20_000)}"`), 413, 'too-large'],
    ['another method', 'GET /v1/requests/abc/decision HTTP/1.1\r\nhost: x\r\n\r\n', 405, 'method-not-allowed'],
    ['deleting', 'DELETE /v1/requests/abc HTTP/1.1\r\nhost: x\r\n\r\n', 405, 'method-not-allowed'],
    ['another path', 'GET /v1/pending/../secrets HTTP/1.1\r\nhost: x\r\n\r\n', 404, 'not-found'],
  ])('answers a problem in json to %s', async (_note, bytes, status, code) => {
    await serve();
    const answer = await raw(bytes);
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ code });
  });

  it.each([
    ['garbage', '\x00\x01\x02\r\n\r\n', '400'],
    ['endless headers', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, '431'],
  ])('closes on %s and goes on', async (_note, bytes, status) => {
    const { client } = await serve();
    expect(await raw(bytes)).toContain(`HTTP/1.1 ${status} `);
    expect(await client.pending()).toEqual([]);
  });

  it('cuts long texts in the list, and shows them in full alone', async () => {
    const { approvals, client } = await serve();
    const held = hold(approvals, `select '${'x'.repeat(5000)}'`);
    expect(await client.pending()).toMatchObject([{ textCut: true, text: expect.stringMatching(/^.{2000}$/) }]);
    expect((await client.request(held.id)).text).toHaveLength(5009);
  });

  it('closes with clients connected, and takes the socket away', async () => {
    await serve();
    const idle = await connected();
    await open?.close();
    idle.destroy();
    expect(existsSync(path)).toBe(false);
  });

  function connected(): Promise<Socket> {
    return new Promise((resolve) => {
      const socket = connect({ path }, () => resolve(socket));
      socket.on('error', () => {});
    });
  }
});

describe('the client', () => {
  it('says that nobody is there', async () => {
    await expect(createAdminClient({ socket: path }).pending()).rejects.toMatchObject({ code: 'unreachable' });
    await expect(createAdminClient({ socket: path }).pending()).rejects.toBeInstanceOf(AdminClientError);
  });

  it.each([
    ['silence', '', 'timeout'],
    ['no json', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno', 'bad-answer'],
    ['another interface', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}', 'bad-answer'],
    ['a problem without a code', 'HTTP/1.1 500 Oops\r\ncontent-length: 2\r\n\r\n{}', 'bad-answer'],
    ['garbage', 'what?\r\n\r\n', 'unreachable'],
  ])('does not hang or crash on %s', async (_note, bytes, code) => {
    const fake = createServer((socket) => {
      socket.on('error', () => {});
      if (bytes !== '') socket.end(bytes);
    });
    await new Promise<void>((resolve) => fake.listen(path, () => resolve()));
    await expect(createAdminClient({ socket: path, timeoutMs: 300 }).pending()).rejects.toMatchObject({ code });
    fake.close();
  });
});

describe('the socket file', () => {
  const refused = (code: string): object => expect.objectContaining({ name: 'PrivateSocketError', code });

  it('is for its owner only, from the moment it exists, whatever the umask', async () => {
    const before = process.umask(0);
    const server = createServer();
    try {
      const listening = listenPrivately(server, path);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(process.umask()).toBe(0);
      await listening;
      expect(statSync(path).mode & 0o777).toBe(0o600);
    } finally {
      process.umask(before);
      server.close();
    }
  });

  it('makes its directory for the owner only', async () => {
    path = join(directory, 'run', 'sqlwarden', 'admin.sock');
    await serve();
    expect(statSync(join(directory, 'run', 'sqlwarden')).mode & 0o777).toBe(0o700);
  });

  it('replaces a socket that nobody listens on', async () => {
    const leave = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', leave]);
    expect(statSync(path).isSocket()).toBe(true);
    const { client } = await serve();
    expect(await client.pending()).toEqual([]);
  });

  it('leaves a socket alone that another process listens on', async () => {
    const { client } = await serve();
    await expect(listenPrivately(createServer(), path)).rejects.toEqual(refused('in-use'));
    expect(await client.pending()).toEqual([]);
  });

  it('leaves alone what is not a socket', async () => {
    writeFileSync(path, 'precious');
    await expect(listenPrivately(createServer(), path)).rejects.toEqual(refused('not-a-socket'));
    expect(statSync(path).size).toBe(8);
  });

  it('is not made where others could replace it, or where its path does not fit', async () => {
    const shared = join(directory, 'shared');
    mkdirSync(shared);
    chmodSync(shared, 0o777);
    await expect(listenPrivately(createServer(), join(shared, 's'))).rejects.toEqual(refused('directory-unsafe'));
    await expect(listenPrivately(createServer(), join(directory, 'x'.repeat(120)))).rejects.toBeInstanceOf(PrivateSocketError);
  });
});
