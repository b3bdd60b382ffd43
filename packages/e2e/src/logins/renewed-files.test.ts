import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls, type PeerCertificate } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAuthority, findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import pg from 'pg';
import type { RunningGateway } from '../harness/gateway.js';
import { setStage, type Stage, startStageGateway } from './stage.js';

/** Longer than the gateway waits before it looks at files again. */
const LOOK_MS = 1_100;
const URI = 'spiffe://stage.example/etl';

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('files of TLS that are renewed', () => {
  let stage: Stage;
  let gateway: RunningGateway;
  let port: number;
  let at: (name: string) => string;
  const other = createAuthority('the next authority');

  beforeAll(async () => {
    stage = await setStage(18);
    at = (name) => join(stage.directory, `own-${name}`);
    copyFileSync(stage.files.gateway, at('tls.pem'));
    copyFileSync(stage.files.gatewayKey, at('tls.key'));
    copyFileSync(stage.files.clientCa, at('bundle.pem'));
    writeFileSync(at('crl.pem'), readFileSync(stage.revoke([])));
    const clientTls = { certificate: at('tls.pem'), key: at('tls.key'), ca: at('bundle.pem'), crl: at('crl.pem') };
    const started = await startStageGateway(
      stage,
      { crm: { more: { clientTls, clients: 'certificate' } } },
      { identity: { certificates: [{ uri: URI, kind: 'service', groups: ['app'] }] } },
    );
    gateway = started.gateway;
    port = started.ports['crm'] ?? 0;
  });
  afterAll(async () => {
    await gateway?.stop();
    await stage?.stop();
  });

  async function login([cert, key]: readonly [string, string]): Promise<string> {
    const client = new pg.Client({
      host: 'localhost',
      port,
      user: 'etl',
      database: 'postgres',
      ssl: { rejectUnauthorized: false, cert, key },
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<{ name: string }>('select name from things')).rows[0]?.name ?? '';
    } catch (error) {
      return (error as Error).message;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  const pems = (files: readonly [string, string]): [string, string] => [readFileSync(files[0], 'utf8'), readFileSync(files[1], 'utf8')];

  function shownName(): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['postgresql'] }, () => {
        const { subject }: Partial<PeerCertificate> = socket.getPeerCertificate();
        socket.destroy();
        resolve(String(subject?.CN));
      });
      socket.once('error', reject);
    });
  }

  it('count for the clients that come then, and stay as they were while they cannot be used', async () => {
    const old = pems(stage.certificate('etl', [URI]));
    const issued = other.issue({ commonName: 'etl', names: [URI] });
    const next: [string, string] = [issued.certificate, issued.key];
    expect([await login(old), await login(next)]).toEqual([
      'one',
      'sqlwarden: the client certificate is not trusted, show one of a configured authority that has not ended',
    ]);

    // The bundle holds both authorities while they change.
    writeFileSync(at('bundle.pem'), `${readFileSync(stage.files.clientCa, 'utf8')}${other.certificate}`);
    writeFileSync(at('crl.pem'), `${readFileSync(stage.revoke([]), 'utf8')}${other.revoke([])}`);
    await delay(LOOK_MS);
    expect([await login(old), await login(next)]).toEqual(['one', 'one']);

    writeFileSync(at('bundle.pem'), other.certificate);
    await delay(LOOK_MS);
    expect([await login(old), await login(next)]).toEqual([expect.stringContaining('is not trusted'), 'one']);

    // A certificate whose key has not come yet changes nothing.
    const renewed = other.issue({ commonName: 'renewed', names: ['localhost'] });
    writeFileSync(at('tls.pem'), renewed.certificate);
    await delay(LOOK_MS);
    expect([await login(next), await shownName()]).toEqual(['one', 'localhost']);
    expect(gateway.troubles.map(({ message }) => message).join()).toContain('TLS of client legs stays as it was');
    writeFileSync(at('tls.key'), renewed.key);
    await delay(LOOK_MS);
    expect([await login(next), await shownName()]).toEqual(['one', 'renewed']);

    writeFileSync(at('crl.pem'), other.revoke([next[0]]));
    await delay(LOOK_MS);
    expect(await login(next)).toContain('is not trusted');
  }, 30_000);
});
