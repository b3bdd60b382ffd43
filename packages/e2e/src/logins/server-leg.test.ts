import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findPostgres, type PostgresMajor, requireOrSkip } from '@sqlwarden/testkit';
import pg from 'pg';
import type { RunningGateway } from '../harness/gateway.js';
import { PASSWORD, setStage, type Stage, startStageGateway, type UpstreamRequest } from './stage.js';

const OLDER = new Set(['scram', 'bound', 'old', 'md5', 'certificate', 'not-bound', 'direct-unknown']);

describe.each([15, 18] as const)('how the gateway logs in to PostgreSQL %d', (major: PostgresMajor) => {
  if (!requireOrSkip(findPostgres(major))) {
    it.skip('needs the server', () => undefined);
    return;
  }
  let stage: Stage;
  let gateway: RunningGateway;
  let ports: Readonly<Record<string, number>>;
  let token: string;
  let counter: string;

  beforeAll(async () => {
    stage = await setStage(major);
    counter = join(stage.directory, 'runs');
    const [certificate, key] = stage.certificate('by_certificate');
    const script = join(stage.directory, 'token.sh');
    writeFileSync(
      script,
      `#!/bin/sh\necho run >> ${counter}\nprintf '%s\\n' '{"password": "${PASSWORD}", "expiresAt": "2999-01-01T00:00:00Z"}'\n`,
    );
    chmodSync(script, 0o755);
    const upstreams: Record<string, UpstreamRequest> = {
      scram: {},
      bound: { credentials: { channelBinding: 'require' } },
      unbound: { credentials: { channelBinding: 'disable', accept: ['scram-sha-256'] } },
      old: { server: { protocol: '3.0' } },
      md5: { role: 'by_md5' },
      password: { role: 'by_password' },
      certificate: { role: 'by_certificate', server: { certificate: { certificate, key } } },
      trust: { role: 'by_trust' },
      command: { credentials: { passwordFile: undefined, passwordCommand: { command: [script] } } },
      failing: {
        credentials: { passwordFile: undefined, passwordCommand: { command: ['/bin/sh', '-c', `echo ${PASSWORD} >&2; exit 3`] } },
      },
      slow: { credentials: { passwordFile: undefined, passwordCommand: { command: ['/bin/sh', '-c', 'sleep 60'], timeoutMs: 300 } } },
      'not-bound': { role: 'by_password', credentials: { channelBinding: 'require' } },
      'not-trusting': { role: 'by_trust', credentials: { accept: ['scram-sha-256', 'scram-sha-256-plus'] } },
      'no-md5': { role: 'by_md5', credentials: { accept: 'scram-sha-256-plus' } },
      'wrong-authority': { server: { ca: stage.files.otherCa } },
      ...(major >= 17
        ? { direct: { server: { sslNegotiation: 'direct' } } }
        : { 'direct-unknown': { server: { sslNegotiation: 'direct' } } }),
    };
    // Most of it is the same for every major: the older one is asked what it does in its own way.
    const asked = Object.entries(upstreams).filter(([name]) => major >= 17 || OLDER.has(name));
    ({ gateway, ports, token } = await startStageGateway(stage, Object.fromEntries(asked)));
  });
  afterAll(async () => {
    await gateway?.stop();
    await stage?.stop();
  });

  async function connect(upstream: string): Promise<pg.Client> {
    const client = new pg.Client({ host: '127.0.0.1', port: ports[upstream] ?? 0, user: 'ada', database: 'postgres', password: token });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async function whoAmI(upstream: string): Promise<unknown> {
    const client = await connect(upstream);
    try {
      return (await client.query('select current_user as role, name from things')).rows[0];
    } finally {
      await client.end();
    }
  }

  const works = [
    'scram',
    'bound',
    'unbound',
    'old',
    'md5',
    'password',
    'certificate',
    'trust',
    'command',
    ...(major >= 17 ? ['direct'] : []),
  ];
  it.each(works.filter((upstream) => major >= 17 || OLDER.has(upstream)))('%s', async (upstream) => {
    const role = ['md5', 'password', 'certificate', 'trust'].includes(upstream) ? `by_${upstream}` : 'by_scram';
    expect(await whoAmI(upstream)).toEqual({ role, name: 'one' });
  });

  const refused: readonly (readonly [string, string])[] = [
    ['failing', 'ended with exit status 3'],
    ['slow', 'did not end within 300 ms'],
    ['not-bound', 'does not bind its authentication'],
    ['not-trusting', 'the method none, which the upstream does not accept'],
    ['no-md5', 'the method md5, which the upstream does not accept'],
    ['wrong-authority', 'the connection to the server failed'],
    ...(major >= 17 ? [] : [['direct-unknown', 'the connection to the database was lost'] as const]),
  ];
  it.each(refused.filter(([upstream]) => major >= 17 || OLDER.has(upstream)))(
    'refuses what is wrong with %s, and tells nobody the password',
    async (upstream, words) => {
      const error = await connect(upstream).then(
        () => undefined,
        (reason: Error) => reason,
      );
      expect(error).toBeInstanceOf(Error);
      const told = [error?.message ?? '', ...gateway.troubles.map((trouble) => `${trouble.message} ${String(trouble.cause)}`)].join('\n');
      expect(told).toContain(words);
      expect(told).not.toContain(PASSWORD);
    },
  );

  async function commandRunsOnce(): Promise<void> {
    const { readFileSync } = await import('node:fs');
    await Promise.all([whoAmI('command'), whoAmI('command')]);
    expect(readFileSync(counter, 'utf8')).toBe('run\n');
  }
  if (major >= 17) it('runs the command once for as long as what it wrote is good', commandRunsOnce);

  it.each(['scram', 'old'])('cancels what runs, by the key of the protocol version that was agreed on (%s)', async (upstream) => {
    const client = await connect(upstream);
    const running = client.query('select pg_sleep(30)').then(
      () => 'ran to its end',
      (error: { code?: string }) => error.code,
    );
    await delay(300);
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    expect([typeof processID, typeof secretKey]).toEqual(['number', 'number']);
    const canceller = new pg.Client({ host: '127.0.0.1', port: ports[upstream] ?? 0 }) as unknown as {
      connection: {
        connect(port: number, host: string): void;
        once(event: string, then: () => void): void;
        cancel(id: number, key: number): void;
      };
    };
    canceller.connection.once('connect', () => canceller.connection.cancel(processID, secretKey));
    canceller.connection.connect(ports[upstream] ?? 0, '127.0.0.1');
    expect(await running).toBe('57014');
    await client.end();
  });
});
