import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LedgerEvent } from '@sqlwarden/core';
import { issueDevToken } from '@sqlwarden/identity';
import { readEntries } from '@sqlwarden/ledger';
import { findPostgres, findPsql, freePort, type OpenIdProvider, requireOrSkip, runProgram } from '@sqlwarden/testkit';
import pg from 'pg';
import type { RunningGateway } from '../harness/gateway.js';
import { startGatewayProcess } from '../harness/gateway-process.js';
import { PASSWORD, setStage, type Stage, startStageGateway } from '../logins/stage.js';
import { ask, exchangeConfig, exchanged, exchangeForm, issuersWith, startPeople } from './exchange-stage.js';

const [postgres, psql] = [findPostgres(18), findPsql()];
const POLICY = `version: 1
default: deny
rules:
  - { id: people, match: { subject: { kind: person, groups: [app] }, class: [read, session, transaction] }, then: allow }
  - { id: known-models, match: { subject: { kind: person, groups: [app] }, actor: { kind: agent, groups: [app], model: { name: forge, version: "2026-*" } }, class: [read, session, transaction] }, then: allow }
  - { id: trainers, match: { subject: { kind: agent, model: { name: ranker }, workload: { namespace: ml } }, class: [read, session, transaction] }, then: allow }
`;
const program = join(dirname(createRequire(import.meta.url).resolve('@sqlwarden/cli/package.json')), 'bin', 'sqlwarden.js');

(requireOrSkip(postgres) ? describe : describe.skip)('the token exchange', () => {
  let provider: OpenIdProvider;
  let stage: Stage;
  let gateway: RunningGateway;
  let port: number;
  let database: number;
  let ada: string;
  let agent: string;
  const scratch = mkdtempSync(join(tmpdir(), 'sqlwarden-exchange-'));
  /** Everything that must not be written anywhere. */
  const secrets = new Set<string>();

  beforeAll(async () => {
    port = await freePort();
    [provider, stage] = await Promise.all([startPeople(), setStage(18)]);
    writeFileSync(join(scratch, 'policy.yaml'), POLICY);
    const started = await startStageGateway(
      stage,
      { shop: {} },
      { identity: { issuers: issuersWith(provider) }, exchange: exchangeConfig(port), policy: join(scratch, 'policy.yaml') },
    );
    gateway = started.gateway;
    database = started.ports['shop'] ?? 0;
    ada = (await provider.login('ada')).accessToken;
    agent = (await provider.clientLogin('agent')).accessToken;
    for (const token of [ada, agent]) secrets.add(token);
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([stage?.stop(), provider?.stop()]);
    rmSync(scratch, { recursive: true, force: true });
  });

  async function given(form: string): Promise<string> {
    const token = await exchanged(port, form);
    secrets.add(token);
    return token;
  }
  async function entries<Type extends LedgerEvent['type']>(type: Type): Promise<Extract<LedgerEvent, { type: Type }>[]> {
    const found = [];
    for await (const { event } of readEntries(gateway.ledgerDirectory)) if (event.type === type) found.push(event);
    return found as Extract<LedgerEvent, { type: Type }>[];
  }
  async function query(token: string, to = database): Promise<string> {
    const client = new pg.Client({ host: '127.0.0.1', port: to, user: 'ada', database: 'postgres', password: token });
    try {
      await client.connect();
      return (await client.query<{ name: string }>('select name from things')).rows[0]?.name ?? '';
    } catch (error) {
      return `${(error as { code?: string }).code ?? ''} ${(error as Error).message}`;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  const trainer = (lifetimeSeconds = 600): string =>
    issueDevToken(gateway.issuer, {
      subject: { kind: 'service', id: 'train-ranker', groups: [] },
      workload: { namespace: 'ml', serviceAccount: 'train-ranker', imageDigest: 'sha256:bb' },
      audience: 'sqlwarden',
      lifetimeSeconds,
    });

  describe('lets an agent that a person has given a token', () => {
    (requireOrSkip(psql) ? it : it.skip)(
      'log in by psql, and the ledger says who it was for, which model, and how each is known',
      async () => {
        const token = await given(exchangeForm(ada, agent, { conversation: 'chat-7' }));
        const conninfo = `host=127.0.0.1 port=${database} user=ada dbname=postgres sslmode=disable`;
        const { path = '' } = psql as { readonly path?: string };
        const ran = await runProgram(path, ['-X', '-A', '-t', '-w', '-d', conninfo, '-c', 'select name from things'], {
          env: { PGPASSWORD: token },
        });
        expect(ran.stdout.trim()).toBe('one');
        const principal = {
          subject: { kind: 'person', issuer: provider.issuer, id: 'ada', name: 'Ada', groups: ['app', 'dba'] },
          actors: [
            {
              kind: 'agent',
              issuer: provider.issuer,
              id: 'agent',
              name: 'schema-bot',
              version: '1.4.0',
              model: { provider: 'acme', name: 'forge', version: '2026-10-02', digest: 'sha256:aa' },
              groups: ['app'],
            },
          ],
          run: { conversation: 'chat-7' },
          proof: { subject: 'exchange', groups: 'exchange', actors: 'exchange', model: 'exchange', run: 'asserted' },
        };
        expect((await entries('session.opened')).at(-1)?.principal).toMatchObject(principal);
        const issued = (await entries('token.issued')).at(-1);
        expect(issued).toMatchObject({
          agent: 'schema-bot',
          audience: 'sqlwarden',
          principal,
          inputs: [{ role: 'subject' }, { role: 'actor' }],
        });
        const why = ['why', 'table', 'public.things', '--config', gateway.configFile];
        const { stdout } = await runProgram(process.execPath, [program, ...why]);
        expect(stdout).toContain(
          'agent schema-bot (agent) 1.4.0 on model acme forge 2026-10-02 sha256:aa, on behalf of person Ada (ada) [conversation chat-7]',
        );
        expect(stdout).toContain('actors by exchange, groups by exchange, model by exchange, subject by exchange; merely asserted: run;');
      },
    );

    it('read what its model may, and not without it', async () => {
      expect(await query(await given(exchangeForm(ada, agent)))).toBe('one');
      // The same agent by its own token: nobody says which model it is.
      expect(await query(agent)).toMatch(/^42501 sqlwarden: no rule allows/);
    });
  });

  it('lets a workload act for itself, known by its workload and model', async () => {
    const own = trainer();
    secrets.add(own);
    expect(await query(own)).toMatch(/^42501 sqlwarden: no rule allows/);
    expect(await query(await given(exchangeForm(own, undefined, { training_run: 'run-1' })))).toBe('one');
    expect((await entries('session.opened')).at(-1)?.principal).toMatchObject({
      subject: { kind: 'agent', id: 'train-ranker', name: 'trainer', model: { name: 'ranker', version: '7' } },
      workload: { namespace: 'ml', imageDigest: 'sha256:bb' },
      run: { trainingRun: 'run-1' },
      proof: { workload: 'exchange', model: 'exchange', run: 'asserted' },
    });
  });

  it('has its tokens taken by another gateway that knows it by its metadata', async () => {
    const metadata = await ask(port, 'GET', '/.well-known/openid-configuration');
    expect(metadata.body).toMatchObject({ issuer: `http://127.0.0.1:${port}`, jwks_uri: `http://127.0.0.1:${port}/jwks.json` });
    const issuer = {
      name: 'peer',
      preset: 'exchange',
      issuer: metadata.body['issuer'],
      audience: 'sqlwarden',
      actorIssuers: [provider.issuer],
    };
    const other = await startStageGateway(stage, { shop: {} }, { identity: { issuers: [issuer] }, policy: join(scratch, 'policy.yaml') });
    try {
      expect(await query(await given(exchangeForm(ada, agent)), other.ports['shop'])).toBe('one');
      // The development issuer is none that it may speak for.
      expect(await query(await given(exchangeForm(trainer())), other.ports['shop'])).toMatch(/^28P01/);
      expect(await query(ada, other.ports['shop'])).toMatch(/^28P01/);
    } finally {
      await other.gateway.stop();
    }
  });

  it('gives out no right that was not there: the person must have it, and the agent, for as long as the shortest of their tokens', async () => {
    const mallory = (await provider.login('mallory')).accessToken;
    secrets.add(mallory);
    expect(await query(await given(exchangeForm(mallory, agent)))).toMatch(/^42501/);
    const brief = await given(exchangeForm(trainer(2)));
    expect(await query(brief)).toBe('one');
    await delay(2_100);
    expect(await query(brief)).toMatch(/^28\w+ .*expired/);
    const { status, body } = await ask(port, 'POST', '/token', exchangeForm(brief, agent));
    expect([status, body['error'], body['code']]).toEqual([400, 'invalid_request', 'expired']);
  });

  it('renews a session by another token of the same chain, and by no other', async () => {
    const own = (lifetimeSeconds: number): Promise<string> => given(exchangeForm(trainer(lifetimeSeconds)));
    const client = new pg.Client({ host: '127.0.0.1', port: database, user: 'x', database: 'postgres', password: await own(3) });
    await client.connect();
    try {
      await expect(client.query(`set sqlwarden.token = '${await given(exchangeForm(ada, agent))}'`)).rejects.toThrow();
      await client.query(`set sqlwarden.token = '${await own(600)}'`);
      await delay(3_100);
      expect((await client.query('select name from things')).rowCount).toBe(1);
    } finally {
      await client.end();
    }
  });

  describe('refuses over HTTP', () => {
    it.each<[string, () => Parameters<typeof ask>, number, string]>([
      ['a token in the address', () => [port, 'GET', `/token?${exchangeForm(ada, agent)}`], 405, 'request'],
      [
        'a token in the address of a POST',
        () => [port, 'POST', `/token?${exchangeForm(ada, agent)}`, exchangeForm(ada, agent)],
        400,
        'request',
      ],
      ['json', () => [port, 'POST', '/token', '{}', { 'content-type': 'application/json' }], 400, 'request'],
      ['no content type', () => [port, 'POST', '/token', exchangeForm(ada, agent), {}], 400, 'request'],
      ['a body that is too long', () => [port, 'POST', '/token', `${exchangeForm(ada, agent)}&x=${'x'.repeat(70_000)}`], 413, 'request'],
      ['a token that is too long', () => [port, 'POST', '/token', exchangeForm(`${'x'.repeat(17_000)}.x.x`, agent)], 400, 'too-large'],
      ['an agent that is not configured', () => [port, 'POST', '/token', exchangeForm(ada, ada)], 400, 'agent-unknown'],
      ['a group that the person is not in', () => [port, 'POST', '/token', exchangeForm(ada, agent, { scope: 'admins' })], 400, 'scope'],
      ['a token for somebody else', () => [port, 'POST', '/token', exchangeForm(ada, agent, { audience: 'payroll' })], 400, 'target'],
      ['an id token', () => [port, 'POST', '/token', exchangeForm('a.b.c', agent).replace('%3Ajwt', '%3Aid_token')], 400, 'request'],
    ])('%s', async (_, request, status, code) => {
      const before = (await entries('token.refused')).length;
      const answer = await ask(...request());
      expect([answer.status, answer.body['code']]).toEqual([status, code]);
      expect(answer.headers['cache-control']).toBe('no-store');
      const refusals = await entries('token.refused');
      expect(refusals).toHaveLength(before + 1);
      expect(refusals.at(-1)).toMatchObject({ code, error: answer.body['error'] });
    });

    it('who is slow, and goes on serving others meanwhile', async () => {
      const sockets = Array.from({ length: 40 }, () => createConnection(port, '127.0.0.1'));
      const ended = sockets.map((socket) => once(socket.on('error', () => undefined).resume(), 'close'));
      for (const [at, socket] of sockets.entries()) {
        socket.write('POST /token HTTP/1.1\r\nhost: x\r\n');
        if (at % 2 === 0) socket.write('content-type: application/x-www-form-urlencoded\r\ncontent-length: 50000\r\n\r\ngrant_type=');
      }
      expect((await ask(port, 'POST', '/token', exchangeForm(ada, agent))).status).toBe(200);
      const began = Date.now();
      await Promise.all(ended);
      expect(Date.now() - began).toBeLessThan(9_000);
    }, 30_000);

    it('and wrote no token anywhere', async () => {
      const files = (directory: string): string[] =>
        readdirSync(directory, { withFileTypes: true, recursive: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name));
      const written = files(gateway.ledgerDirectory).map((file) => readFileSync(file, 'latin1'));
      written.push(...gateway.troubles.map((error) => `${error.message} ${error.stack ?? ''}`));
      expect(written.join('')).toContain('token.issued');
      expect(secrets.size).toBeGreaterThan(3);
      for (const secret of secrets) {
        // The signature alone would be enough to tell that it was there.
        const signature = secret.split('.')[2] ?? secret;
        expect(written.filter((text) => text.includes(signature))).toEqual([]);
      }
    });
  });

  describe('the command', () => {
    it('writes a token file of its own, and keeps it fresh', async () => {
      const [subject, output] = [join(scratch, 'own.jwt'), join(scratch, 'exchanged.jwt')];
      writeFileSync(subject, trainer(12));
      const args = [program, 'exchange', '--config', gateway.configFile, '--subject-token-file', subject, '--output', output, '--watch'];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
      const ended = once(child, 'exit');
      try {
        const read = async (other: string): Promise<string> => {
          for (let tries = 0; tries < 400; tries++) {
            const found = statSync(output, { throwIfNoEntry: false }) && readFileSync(output, 'utf8').trim();
            if (found !== undefined && found !== '' && found !== other) return found;
            await delay(50);
          }
          return 'nothing';
        };
        const first = await read('');
        expect(statSync(output).mode & 0o777).toBe(0o600);
        expect(await query(first)).toBe('one');
        writeFileSync(subject, trainer(600));
        const second = await read(first);
        expect(await query(second)).toBe('one');
        expect(readdirSync(scratch).filter((name) => name.startsWith('exchanged'))).toEqual(['exchanged.jwt']);
      } finally {
        child.kill('SIGTERM');
      }
      expect(await ended).toEqual([0, null]);
    }, 60_000);

    it('asks over TLS, of nobody whom it does not trust', async () => {
      const own = await freePort();
      const { gateway: certificate, gatewayKey: key, clientCa, otherCa } = stage.files;
      const started = await startStageGateway(
        stage,
        { shop: {} },
        {
          identity: { issuers: issuersWith(provider) },
          exchange: exchangeConfig(own, { issuer: `https://localhost:${own}`, tls: { certificate, key } }),
        },
      );
      try {
        writeFileSync(join(scratch, 'ada.jwt'), ada);
        writeFileSync(join(scratch, 'agent.jwt'), agent);
        const run = (ca: string): ReturnType<typeof runProgram> => {
          const tokens = ['--subject-token-file', join(scratch, 'ada.jwt'), '--actor-token-file', join(scratch, 'agent.jwt')];
          return runProgram(process.execPath, [program, 'exchange', '--url', `https://localhost:${own}`, '--ca', ca, ...tokens]);
        };
        const trusted = await run(clientCa);
        expect(await query(trusted.stdout.trim(), started.ports['shop'])).toBe('one');
        const stranger = await run(otherCa);
        expect([stranger.status, stranger.stdout]).toEqual([1, '']);
      } finally {
        await started.gateway.stop();
      }
    }, 30_000);

    it('says what the exchange says when it refuses, and writes nothing', async () => {
      const [subject, output] = [join(scratch, 'person.jwt'), join(scratch, 'none.jwt')];
      writeFileSync(subject, ada);
      const { status, stderr } = await runProgram(process.execPath, [
        program,
        'exchange',
        '--url',
        `http://127.0.0.1:${port}`,
        '--subject-token-file',
        subject,
        '--output',
        output,
      ]);
      expect([status, stderr]).toEqual([1, expect.stringMatching(/the token exchange refused: whoever would act is none of the agents/)]);
      expect(statSync(output, { throwIfNoEntry: false })).toBeUndefined();
    });
  });

  it('answers from workers too', async () => {
    const own = await freePort();
    const started = await startGatewayProcess({
      server: { server: stage.server, password: PASSWORD },
      upstreams: { postgres: 'postgres' },
      policies: [POLICY],
      upstream: { credentials: { user: 'by_scram' } },
      config: { workers: 2, exchange: exchangeConfig(own), identity: { issuers: issuersWith(provider) } },
    });
    try {
      // It listens last.
      for (let tries = 0; tries < 100 && !started.output.includes('exchange '); tries++) await delay(50);
      const tokens = await Promise.all([1, 2, 3, 4].map(() => exchanged(own, exchangeForm(ada, agent))));
      expect(new Set(tokens).size).toBe(4);
      for (const token of tokens) expect(await query(token, started.site.ports['postgres'])).toBe('one');
    } finally {
      await started.stop();
    }
  }, 60_000);
});
