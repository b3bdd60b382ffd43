import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readEntries } from '@sqlwarden/ledger';
import { type AdminClient, createAdminClient, type SessionSummary } from '@sqlwarden/runtime';
import { findPostgres, requireOrSkip, until } from '@sqlwarden/testkit';
import pg from 'pg';
import { type Site, startSite, startUp, type Up } from '../../test/site.js';

const suite = requireOrSkip(findPostgres(18)) ? describe : describe.skip;

/** A client, and what the gateway said last. */
interface Watched {
  readonly client: pg.Client;
  /** Resolves when the gateway has ended the session. */
  readonly ended: Promise<void>;
}

suite('operating a gateway with two workers', () => {
  let site: Site;
  let up: Up;
  let token: Readonly<Record<'app' | 'bob' | 'robo' | 'dev' | 'dba' | 'ops' | 'opsRobot', string>>;

  beforeAll(async () => {
    site = await startSite('workers: 2\n');
    const config = readFileSync(path.join(site.directory, 'sqlwarden.yaml'), 'utf8')
      .replace('admin: { socket: ./run/admin.sock }', 'admin: { socket: ./run/admin.sock, operators: [security] }')
      .replace('identity:\n', 'identity:\n  revocations: ./revoked.yaml\n');
    site.write('sqlwarden.yaml', config);
    site.write('revoked.yaml', 'version: 1\nrevoked: []\n');
    up = await startUp(site);
    const [app, bob, robo, dev, dba, ops, opsRobot] = await Promise.all([
      site.token('--subject', 'shop', '--kind', 'service', '--groups', 'app'),
      site.token('--subject', 'bob', '--groups', 'app'),
      site.token('--subject', 'bob', '--groups', 'app', '--actor', 'robo,groups=app'),
      site.token('--subject', 'devi', '--groups', 'dev'),
      site.token('--subject', 'dana', '--groups', 'dba'),
      site.token('--subject', 'olga', '--groups', 'security'),
      site.token('--subject', 'opsbot', '--kind', 'service', '--groups', 'security'),
    ]);
    token = { app, bob, robo, dev, dba, ops, opsRobot };
  }, 30_000);
  afterAll(async () => {
    up.process.stdin?.end();
    expect(await up.ended).toBe(0);
    await site.stop();
  }, 30_000);

  const admin = (): AdminClient => createAdminClient({ socket: path.join(site.directory, 'run/admin.sock') });
  const as = (who: keyof typeof token): Record<string, string> => ({ SQLWARDEN_TOKEN: token[who] });

  async function connect(who: keyof typeof token): Promise<Watched> {
    const client = await site.connect(token[who]);
    return { client, ended: new Promise((resolve) => client.once('end', () => resolve())) };
  }

  async function sessionsOf(id: string): Promise<readonly SessionSummary[]> {
    return (await admin().sessions()).filter(({ principal }) => principal?.subject.id === id);
  }

  /** The code of a refused login, or `in`. */
  async function login(who: keyof typeof token): Promise<string> {
    try {
      await (await site.connect(token[who])).end();
      return 'in';
    } catch (error) {
      return /code: ([a-z-]+)/.exec((error as pg.DatabaseError).detail ?? '')?.[1] ?? String(error);
    }
  }

  async function events(type: string): Promise<readonly object[]> {
    const found: object[] = [];
    for (const directory of ['ledger/worker-1', 'ledger/worker-2'])
      for await (const { event } of readEntries(path.join(site.directory, directory))) if (event.type === type) found.push(event);
    return found;
  }

  it('lists who is connected and what runs; ends a session at once with that, for operators only, and records who did it', async () => {
    const { client, ended } = await connect('app');
    const sleeping = client.query("select pg_sleep(60) from people where id = 1 and city <> 'secret'").then(
      () => 'done',
      (error: pg.DatabaseError) => error.code ?? error.message,
    );
    await until(async () => (await sessionsOf('shop'))[0]?.activity !== undefined);
    const [session] = await sessionsOf('shop');
    expect(session?.activity).toMatchObject({ kind: 'running', statements: [{ action: 'select', relations: ['public.people'] }] });
    const listed = await site.run(['sessions']);
    expect(listed.stdout).toMatch(/ select public\.people for \d+ s +\d+ s +\d+ min(?: \d+ s)? left +127\.0\.0\.1:\d+ +shop \(service\)/);
    expect(listed.stdout).not.toContain('secret');
    if (session === undefined) throw new Error('there is no session');
    const { id } = session;
    for (const who of ['app', 'dba', 'opsRobot'] as const) {
      await expect(admin().kill(id, undefined, token[who])).rejects.toMatchObject({ code: 'not-an-operator' });
    }
    expect((await site.run(['kill', id])).status).toBe(2);
    expect(await sessionsOf('shop')).toHaveLength(1);
    const killed = await site.run(['kill', id, '--reason', 'runs for hours'], as('ops'));
    expect([killed.status, killed.stdout, killed.stderr]).toEqual([0, 'ended\n', '']);
    expect(await sleeping).toBe('57P01');
    await ended;
    const direct = new pg.Client(site.server.url());
    await direct.connect();
    await until(async () => (await direct.query("select from pg_stat_activity where wait_event = 'PgSleep'")).rowCount === 0);
    await direct.end();
    await until(async () => (await events('session.killed')).length > 0);
    expect(await events('session.killed')).toEqual([
      expect.objectContaining({
        session: id,
        reason: 'runs for hours',
        by: expect.objectContaining({ subject: expect.objectContaining({ id: 'olga' }) }),
      }),
    ]);
    await expect(admin().kill(id, undefined, token.ops)).rejects.toMatchObject({ code: 'session-unknown' });
  }, 30_000);

  it('revokes a subject: sessions end at once in every worker, idle ones too, and nobody comes in until it is lifted', async () => {
    const idle = await Promise.all([connect('bob'), connect('bob'), connect('robo')]);
    const other = await connect('app');
    const done = await site.run(['revoke', '--subject', 'bob', '--reason', 'left', '--json'], as('ops'));
    expect(done.stderr).toBe('');
    const { id } = JSON.parse(done.stdout) as { id: string };
    await Promise.all(idle.map(({ ended }) => ended));
    expect([await login('bob'), await login('robo'), await login('app')]).toEqual(['identity-revoked', 'identity-revoked', 'in']);
    expect((await other.client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect((await site.run(['revocations'])).stdout).toBe(`${id}: subject bob (left)\n`);
    expect((await site.run(['revoke', '--lift', id], as('ops'))).stdout).toContain('lifted');
    await until(async () => (await login('bob')) === 'in');
    await until(async () => (await events('revocations.changed')).length >= 2);
    const changes = await events('revocations.changed');
    expect(changes).toContainEqual(
      expect.objectContaining({ source: 'command', added: [{ id, subject: 'bob', reason: 'left' }], by: expect.objectContaining({}) }),
    );
    expect(changes).toContainEqual(expect.objectContaining({ lifted: [{ id, subject: 'bob', reason: 'left' }] }));
  }, 30_000);

  it('revokes an agent without the person that it works for, and one token without the others', async () => {
    const agent = await connect('robo');
    const made = await admin().revoke({ agent: 'robo', until: Date.now() + 3_600_000 }, token.ops);
    await agent.ended;
    expect([await login('robo'), await login('bob')]).toEqual(['identity-revoked', 'in']);
    const { jti } = JSON.parse(Buffer.from(token.app.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
    const one = await admin().revoke({ tokenId: jti }, token.ops);
    expect([await login('app'), await login('bob')]).toEqual(['identity-revoked', 'in']);
    for (const { id } of [made, one]) await admin().lift(id, token.ops);
    await until(async () => (await login('app')) === 'in' && (await login('robo')) === 'in');
    await expect(admin().revoke({ issuer: 'urn:sqlwarden:dev' }, token.ops)).rejects.toMatchObject({ code: 'bad-request' });
    await expect(admin().revoke({ subject: 'x' }, token.dba)).rejects.toMatchObject({ code: 'not-an-operator' });
  }, 30_000);

  it('withdraws what a revoked requester has asked for, and voids what a revoked approver has approved', async () => {
    const { client, ended } = await connect('dev');
    const outcome = (sql: string): Promise<string> =>
      client.query(sql).then(
        () => 'done',
        (error: pg.DatabaseError) => /code: ([a-z-]+)/.exec(error.detail ?? '')?.[1] ?? String(error),
      );
    const approve = async (): Promise<string> => {
      await until(async () => (await admin().pending()).length > 0);
      const [request] = await admin().pending();
      if (request === undefined) throw new Error('nothing is pending');
      const { id, digest } = request;
      await admin().decide(id, { decision: 'approve', digest }, token.dba);
      return id;
    };
    await client.query('begin');
    const first = outcome('create table by_devi (a int)');
    await approve();
    expect(await first).toBe('done');
    // Approved for when it comes back, outside of a transaction.
    expect(await outcome('create table also_by_devi (a int)')).toBe('approval-in-transaction');
    const unused = await approve();
    expect((await admin().request(unused)).state).toBe('approved');
    const dana = await admin().revoke({ subject: 'dana' }, token.ops);
    await expect(admin().request(unused)).rejects.toMatchObject({ code: 'request-unknown' });
    await client.query('rollback');
    const held = outcome('create table also_by_devi (a int)');
    // It has to be asked for anew, and dana is not heard.
    await expect(approve()).rejects.toMatchObject({ code: 'token-refused' });
    const devi = await admin().revoke({ subject: 'devi' }, token.ops);
    await ended;
    expect(await held).toBe('identity-revoked');
    expect(await admin().pending()).toEqual([]);
    for (const { id } of [dana, devi]) await admin().lift(id, token.ops);
    await until(async () => (await events('approval.ended')).length >= 3);
    expect(await events('approval.ended')).toEqual(['used', 'void', 'withdrawn'].map((end) => expect.objectContaining({ end })));
  }, 30_000);

  it('obeys the file of revocations when it changes, and keeps what held when it becomes wrong', async () => {
    const { ended } = await connect('bob');
    site.write('revoked.yaml', 'version: 1\nrevoked:\n  - { subject: bob, until: "2199-01-01T00:00:00Z" }\n');
    await ended;
    // The other worker looks for itself.
    await until(async () => (await login('bob')) === 'identity-revoked' && (await login('bob')) === 'identity-revoked');
    site.write('revoked.yaml', 'version: 1\nrevoked:\n  - { until: "2199-01-01T00:00:00Z" }\n');
    await until(async () => up.output.stderr.includes('the revocations stay as they were'));
    expect(await login('bob')).toBe('identity-revoked');
    site.write('revoked.yaml', 'version: 1\nrevoked: []\n');
    await until(async () => (await login('bob')) === 'in');
  }, 30_000);

  it('loads changed policies without a restart, for sessions that are open too, and nothing when one is wrong', async () => {
    const file = path.join(site.directory, 'policy/crm.yaml');
    const before = readFileSync(file, 'utf8');
    const { client } = await connect('app');
    const email = async (): Promise<unknown> =>
      client.query<{ email: string }>({ name: 'kept', text: 'select email from people where id = $1', values: [7] }).then(
        ({ rows }) => rows[0]?.email,
        (error: pg.DatabaseError) => /code: ([a-z-]+)/.exec(error.detail ?? '')?.[1],
      );
    expect(await email()).toMatch(/^s\*+@/);
    site.write('policy/crm.yaml', before.replace('then: allow', 'then: alow'));
    await expect(admin().reload(token.ops)).rejects.toMatchObject({ code: 'reload-refused', message: expect.stringContaining('crm.yaml') });
    expect(await email()).toMatch(/^s\*+@/);
    site.write('policy/crm.yaml', before.replace('{ label: pii.email, with: email }', '{ label: pii.email, with: null }'));
    await expect(admin().reload(token.dba)).rejects.toMatchObject({ code: 'not-an-operator' });
    expect((await site.run(['reload'], as('ops'))).stdout).toMatch(/^loaded {2}policy [0-9a-f]{12}\n$/);
    // It was prepared under other masks.
    expect(await email()).toBe('plan-outdated');
    expect((await client.query('select email from people where id = 7')).rows).toEqual([{ email: null }]);
    site.write('policy/crm.yaml', before);
    up.process.kill('SIGHUP');
    await until(async () =>
      /^s\*+@/.test((await client.query<{ email: string | null }>('select email from people where id = 7')).rows[0]?.email ?? ''),
    );
    const loaded = await events('policy.loaded');
    expect(new Set(loaded.map((event) => (event as { digest: string }).digest)).size).toBe(2);
    expect(await admin().reload(token.ops)).toMatchObject({ changed: false });
    await client.end();
  }, 30_000);

  it('changes keys, erases values and removes what is old: by the gateway that runs, or without one', async () => {
    const { client } = await connect('app');
    await client.query('select email from people where city = $1', ['Erasmus']);
    await client.end();
    const erase = ['ledger', 'erase', '--subject', 'shop', '--name', 'parameter', '--reason', 'article 17'];
    const values = (): string =>
      ['worker-1', 'worker-2']
        .map((log) => path.join(site.directory, 'ledger', log, 'disclosures/0000000000000000.jsonl'))
        .map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : ''))
        .join('');
    await until(() => Promise.resolve(values().includes('Erasmus')));
    expect((await site.run(erase, as('dba'))).stderr).toContain('your token does not prove membership');
    expect(values()).toContain('Erasmus');
    const erased = await site.run(erase, as('ops'));
    expect([erased.stderr, erased.status]).toEqual(['', 0]);
    expect(erased.stdout).toMatch(/^worker-[12] {2}values erased of [1-9]\d* entr/m);
    expect(values()).not.toContain('Erasmus');
    const rotated = await site.run(['ledger', 'rotate-key'], as('ops'));
    expect([rotated.stderr, rotated.stdout.match(/signed by \S+ from now on/g)?.length]).toEqual(['', 2]);
    expect((await site.run(['ledger', 'retain'], as('ops'))).stderr).toContain('keeps everything for good');
    expect(await events('key.rotated')).toHaveLength(2);
    expect(await events('values.erased')).toContainEqual(
      expect.objectContaining({ reason: 'article 17', by: expect.objectContaining({ subject: expect.objectContaining({ id: 'olga' }) }) }),
    );
    up.process.stdin?.end();
    await up.ended;
    const config = readFileSync(path.join(site.directory, 'sqlwarden.yaml'), 'utf8');
    site.write('sqlwarden.yaml', config.replace(/ledger: \{ /, 'ledger: { retention: { values: 1h }, '));
    expect((await site.run(['ledger', 'rotate-key'])).stdout.match(/signed by/g)).toHaveLength(2);
    expect((await site.run(['ledger', 'retain'])).stdout).toContain('worker-2  without entries before 0, and values of entries before 0');
    expect((await site.run(['ledger', 'erase', '--entry', 'worker-1:1', '--reason', 'r'])).stdout).toBe(
      'worker-1  values erased of 1 entry\n',
    );
    expect((await site.run(['ledger', 'erase', '--entry', 'worker-1:9999', '--reason', 'r'])).stderr).toContain('there is no entry 9999');
    for (const wrong of [[], ['--entry', 'worker-1:1'], ['--reason', 'r'], ['--entry', 'worker-1:1', '--subject', 'x', '--reason', 'r']])
      expect((await site.run(['ledger', 'erase', ...wrong])).status).toBe(2);
    const verified = await site.run(['ledger', 'verify']);
    expect([verified.status, verified.stdout]).toEqual([0, expect.stringContaining('keys        3, each named by the one before')]);
    expect(verified.stdout).toContain('entries say that they were erased');
  }, 60_000);
});
