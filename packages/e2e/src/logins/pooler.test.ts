import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPgbouncer, findPostgres, freePort, requireOrSkip } from '@sqlwarden/testkit';
import { ACCOUNT_PASSWORD, type SessionStage, setSessionStage, tried } from './session-stage.js';

const isThere = requireOrSkip(findPostgres(18)) && requireOrSkip(findPgbouncer());

(isThere ? describe : describe.skip)('a pooler between the gateway and the server', () => {
  let stage: SessionStage;
  let pooler: ChildProcess;
  let directory: string;

  beforeAll(async () => {
    const port = await freePort();
    const server = { host: '127.0.0.1', port, database: 'postgres', tls: 'disable', protocol: '3.0' };
    stage = await setSessionStage(18, {
      plain: { server },
      told: { server, propagate: { subject: 'app.who' } },
      role: { server, credentials: { mode: 'role', roles: [{ role: 'analyst' }] } },
      unknown: { server, propagate: { subject: 'app.unknown' } },
    });
    directory = mkdtempSync(join(tmpdir(), 'sqlwarden-pooler-'));
    chmodSync(directory, 0o755);
    pooler = await startPgbouncer(directory, port, stage.server.port);
  });
  afterAll(async () => {
    pooler?.kill('SIGKILL');
    await stage?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('may be there', async () => {
    const client = await stage.connect('plain', 'ada');
    expect(await tried(client, 'select 1')).toBe(1);
    await client.end();
  });

  it.each([
    ['told', 'did not take the role or the settings'],
    ['role', 'did not take the role or the settings'],
    ['unknown', 'the database refused'],
  ])('that does not pass on who sessions are for lets nobody in (%s)', async (upstream, words) => {
    await expect(stage.connect(upstream, 'ada')).rejects.toThrow(words);
  });
});

/** "ignore_startup_parameters": what is in the list is taken and goes no further. */
async function startPgbouncer(directory: string, port: number, serverPort: number): Promise<ChildProcess> {
  const users = join(directory, 'users.txt');
  writeFileSync(users, `"gateway" "${ACCOUNT_PASSWORD}"\n`);
  const file = join(directory, 'pgbouncer.ini');
  const lines = [
    '[databases]',
    `postgres = host=127.0.0.1 port=${serverPort} dbname=postgres`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = scram-sha-256',
    `auth_file = ${users}`,
    'pool_mode = session',
    'ignore_startup_parameters = extra_float_digits,app.who,role',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const found = findPgbouncer();
  // It refuses to run as root.
  const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const pooler = spawn(found.found ? found.path : '', ['-q', ...asNobody, file], { stdio: 'ignore' });
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
    });
    if (isUp) return pooler;
    await delay(50);
  }
  throw new Error('pgbouncer did not come up');
}
