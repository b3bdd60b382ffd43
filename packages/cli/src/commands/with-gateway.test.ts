import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findPostgres, freePort, requireOrSkip, runProgram, until } from '@sqlwarden/testkit';
import pg from 'pg';
import { COMMAND, type Site, startSite, startUp, type Up } from '../../test/site.js';

const suite = requireOrSkip(findPostgres(18)) ? describe : describe.skip;

suite('commands around a running gateway', () => {
  let site: Site;
  let up: Up;
  const tokens = { app: '', dev: '', dba: '' };

  beforeAll(async () => {
    site = await startSite();
    up = await startUp(site);
    tokens.app = await site.token('--subject', 'shop', '--kind', 'service', '--groups', 'app');
    tokens.dev = await site.token('--subject', 'devi', '--groups', 'dev,dba');
    tokens.dba = await site.token('--subject', 'dana', '--groups', 'dba');
  }, 60_000);
  afterAll(async () => {
    up.process.stdin?.end();
    await up.ended;
    await site.stop();
  });

  /** Sends a statement that is held; answers its request's id and what comes of it. */
  async function hold(sql: string): Promise<{ readonly id: string; readonly done: Promise<string>; readonly client: pg.Client }> {
    const client = await site.connect(tokens.dev);
    const notice = once(client, 'notice') as Promise<[{ readonly message: string }]>;
    const done = client.query(sql).then(
      ({ command }) => command,
      (error: unknown) => (error as Error).message,
    );
    const [{ message }] = await notice;
    return { id: /request ([a-z0-9]+)/.exec(message)?.[1] ?? '', done, client };
  }

  it('says where it listens, and loudly what does nothing', () => {
    expect(up.output.stdout).toMatch(new RegExp(`listening +crm on 127\\.0\\.0\\.1:${site.port}\\n`));
    expect(up.output.stderr).toMatch(/^INACTIVE +crm: pii\.phone crm\.public\.people\.phone .* does nothing: /m);
  });

  it('keeps a second gateway from the same ledger', async () => {
    const second = await site.run(['up']);
    expect([second.status, second.stderr]).toEqual([1, expect.stringMatching(/^sqlwarden: .*ledger/)]);
    expect(second.stderr).not.toMatch(/\n\s+at /);
  }, 60_000);

  it('lists a held statement; its requester cannot approve it, another person can', async () => {
    const { id, done, client } = await hold('create table notes (a int)');
    const pending = await site.run(['pending']);
    expect(pending.stdout).toMatch(new RegExp(`^${id} +waiting for .*\\n +asked by +devi \\(person\\)\\n`));
    expect(pending.stdout).toContain('create table notes (a int)');
    const own = await site.run(['approve', id], { SQLWARDEN_TOKEN: tokens.dev });
    expect([own.status, own.stderr]).toEqual([1, expect.stringMatching(/^sqlwarden: /)]);
    expect(await site.run(['approve', id], { SQLWARDEN_TOKEN: '' })).toMatchObject({ status: 2 });
    const stale = await site.run(['approve', id, '--digest', '0'.repeat(64)], { SQLWARDEN_TOKEN: tokens.dba });
    expect([stale.status, stale.stderr]).toEqual([1, expect.stringContaining('not the one that you have seen')]);
    site.write('dana.token', `${tokens.dba}\n`);
    const approved = await site.run(['approve', id, '--token-file', 'dana.token', '--comment', 'fine']);
    expect([approved.status, approved.stdout]).toEqual([0, expect.stringMatching(/approved\n$/)]);
    expect(await done).toBe('CREATE');
    await client.end();
    expect((await site.run(['pending'])).stdout).toBe('nothing waits for an approval\n');
    expect((await site.run(['approve', id], { SQLWARDEN_TOKEN: tokens.dba })).stderr).toContain('no such open request');
  }, 60_000);

  it('rejects a held statement for good', async () => {
    const { id, done, client } = await hold('create table never (a int)');
    const rejected = await site.run(['reject', id, '--json'], { SQLWARDEN_TOKEN: tokens.dba });
    expect(rejected.status).toBe(0);
    expect(JSON.parse(rejected.stdout)).toMatchObject({
      id,
      state: 'rejected',
      decisions: [{ decision: 'reject', approver: { id: 'dana' } }],
    });
    expect(await done).toContain(`request ${id} was rejected`);
    await client.end();
  }, 60_000);

  it('answers why from the ledger, and with status 1 that it knows nothing', async () => {
    const client = await site.connect(tokens.app);
    await client.query('select email from people where id = 7');
    await client.end();
    const change = JSON.parse((await site.run(['why', 'change', 'public.notes', '--json'])).stdout) as {
      changes: { approval: { decisions: object[] }; outcome: object; transaction: object }[];
    };
    expect(change.changes).toHaveLength(1);
    expect(change.changes[0]).toMatchObject({
      approval: { decisions: [{ decision: 'approve', approver: { subject: { id: 'dana' } }, comment: 'fine' }] },
      outcome: { kind: 'done', status: 'ok' },
      transaction: { end: 'committed' },
    });
    const column = await site.run(['why', 'column', 'people.email']);
    expect(column.stdout).toMatch(/Classified pii\.email: public\.people\.email/);
    expect(column.stdout).toMatch(/READS {2}1 \(1 masked\)/);
    expect(column.stdout).toMatch(/outcome +ok; SELECT: 1 row returned/);
    expect((await site.run(['why', 'table', 'public.nothing'])).status).toBe(1);
    expect((await site.run(['why', 'colour', 'blue'])).status).toBe(2);
  }, 60_000);

  it('finds, shows and proves entries', async () => {
    const found = await site.run(['ledger', 'search', '--label', 'pii.email', '--json']);
    const { seq } = JSON.parse(found.stdout.split('\n')[0] ?? '') as { seq: number };
    const shown = await site.run(['ledger', 'show', String(seq)]);
    expect(shown.stdout).toContain('select email from people where id = 7');
    const approval = await site.run(['ledger', 'search', '--text', 'create table notes']);
    expect(approval.stdout).toMatch(/approved +devi \(person\)\n +create table notes \(a int\)\n +ok: CREATE/);
    expect(await site.run(['ledger', 'show', '999999'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('there is no entry 999999'),
    });
    // Entries are signed every second.
    await until(async () => (await site.run(['ledger', 'proof', String(seq)])).status === 0);
    const proof = await site.run(['ledger', 'proof', String(seq)]);
    expect([proof.status, proof.stdout]).toEqual([0, expect.stringMatching(/^c2sp\.org\/tlog-proof@v1\nextra /)]);
    expect((await site.run(['ledger', 'tail', '--count', '3'])).stdout.trimEnd().split('\n')).toHaveLength(3);
  }, 60_000);

  it('does not show a token that is kept as a proof, unless for programs', async () => {
    const entries = (await site.run(['ledger', 'tail', '--count', '1000', '--json'])).stdout.trimEnd().split('\n');
    const decided = entries
      .map((line) => JSON.parse(line) as { seq: number; event: { type: string } })
      .find(({ event }) => event.type === 'approval.decided');
    const shown = await site.run(['ledger', 'show', String(decided?.seq)]);
    expect(shown.stdout).toMatch(/^token \(kept beside the log, can be erased\)\n {2}not shown/m);
    expect(shown.stdout).not.toContain(tokens.dba);
    expect((await site.run(['ledger', 'show', String(decided?.seq), '--json'])).stdout).toContain(tokens.dba);
  }, 60_000);

  it('survives a reader that leaves early', async () => {
    const script = `'${process.execPath}' '${COMMAND}' ledger tail --count 1000 --json; echo "status $?" >&2`;
    const { stdout, stderr } = await runProgram('/bin/sh', ['-c', `{ ${script}; } | head -c 10`], { cwd: site.directory });
    expect([stdout.length, stderr]).toEqual([10, 'status 0\n']);
  }, 60_000);

  it('verifies a ledger in use, and says with status 40 what was changed', async () => {
    const inOrder = await site.run(['ledger', 'verify']);
    expect([inOrder.status, inOrder.stdout]).toEqual([0, expect.stringMatching(/^result +in order$/m)]);
    const key = readFileSync(path.join(site.directory, 'ledger/keys/verifier'), 'utf8').trim();
    expect((await site.run(['ledger', 'verify', '--verifier', key, '--json'])).status).toBe(0);
    const copy = path.join(site.directory, 'copy');
    await runProgram('cp', ['-r', path.join(site.directory, 'ledger'), copy]);
    const checkpoint = path.join(copy, 'checkpoint');
    writeFileSync(checkpoint, readFileSync(checkpoint, 'utf8').replace(/\n\d+\n/, '\n1\n'));
    const changed = await site.run(['ledger', 'verify', '--directory', copy]);
    expect([changed.status, changed.stdout]).toEqual([40, expect.stringMatching(/^result +CHANGED$/m)]);
    expect(await site.run(['ledger', 'verify', '--directory', 'nowhere'])).toMatchObject({ status: 1 });
  }, 60_000);

  it('lets a client finish what it does when it is told to stop', async () => {
    const watcher = new pg.Client(site.server.url());
    await watcher.connect();
    const client = await site.connect(tokens.app);
    const slow = client.query('select count(*) from people, pg_sleep(1.5)').then(
      ({ rowCount }) => rowCount,
      (error: unknown) => (error as Error).message,
    );
    const asleep = "select count(*)::int as count from pg_stat_activity where wait_event = 'PgSleep'";
    await until(async () => (await watcher.query<{ count: number }>(asleep)).rows[0]?.count === 1);
    await watcher.end();
    up.process.kill('SIGTERM');
    expect(await slow).toBe(1);
    await client.end();
    expect(await up.ended).toBe(0);
    expect(up.output.stdout).toMatch(/SIGTERM: draining 1 connection for up to 10 s\nstopped\n$/);
    expect(await site.run(['ledger', 'verify'])).toMatchObject({ status: 0 });
    expect((await site.run(['pending'])).stderr).toContain('is the gateway running');
  }, 60_000);

  it('goes on with the same ledger, and ends at once at a second signal', async () => {
    const port = await freePort();
    up = await startUp(site, '--drain', '1m', '--health', `127.0.0.1:${port}`);
    const client = await site.connect(tokens.app);
    // Connections that do nothing are ended at once; one inside of a transaction is waited for.
    await client.query('begin');
    client.on('error', () => undefined);
    const readiness = async (): Promise<number> => (await fetch(`http://127.0.0.1:${port}/readyz`)).status;
    expect(await readiness()).toBe(200);
    up.process.kill('SIGINT');
    await until(async () => (await readiness()) === 503);
    const startedAt = performance.now();
    up.process.kill('SIGINT');
    expect(await up.ended).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await client.end().catch(() => undefined);
    expect(await site.run(['ledger', 'verify'])).toMatchObject({ status: 0 });
  }, 60_000);
});
