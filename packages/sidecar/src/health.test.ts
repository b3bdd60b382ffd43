import { afterEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { type Health, openHealth } from './health.js';

describe('the health interface', () => {
  let health: Health | undefined;
  afterEach(() => health?.close());

  const open = (state: { ready: boolean; connections: number; decisions?: { found: number; made: number } }): Promise<Health> =>
    openHealth({ host: '127.0.0.1', port: 0, state: () => ({ decisions: { found: 0, made: 0 }, ...state }), onTrouble: () => undefined });

  it('is live always, and ready only while clients are taken', async () => {
    const state = { ready: true, connections: 3 };
    health = await open(state);
    const ask = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${health?.port}${path}`);
    const ready = await ask('/readyz');
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, connections: 3 }]);
    state.ready = false;
    expect((await ask('/readyz')).status).toBe(503);
    expect((await ask('/livez')).status).toBe(200);
    expect((await ask('/')).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${health.port}/livez`, { method: 'POST' })).status).toBe(405);
  });

  it('counts decisions in the text format of Prometheus', async () => {
    health = await open({ ready: true, connections: 3, decisions: { found: 90, made: 10 } });
    const answer = await fetch(`http://127.0.0.1:${health.port}/metrics`);
    expect(answer.headers.get('content-type')).toMatch('text/plain; version=0.0.4');
    const lines = (await answer.text()).split('\n');
    expect(lines).toContain('sqlwarden_decisions_total{decision="found"} 90');
    expect(lines).toContain('sqlwarden_decisions_total{decision="made"} 10');
    expect(lines).toContain('sqlwarden_connections 3');
  });

  it('rejects when the address is taken', async () => {
    health = await open({ ready: true, connections: 0 });
    await expect(
      openHealth({
        host: '127.0.0.1',
        port: health.port,
        state: () => ({ ready: true, connections: 0, decisions: { found: 0, made: 0 } }),
        onTrouble: () => undefined,
      }),
    ).rejects.toThrow('EADDRINUSE');
  });

  it('closes while somebody is connected and says nothing', async () => {
    health = await open({ ready: true, connections: 0 });
    const silent = connect(health.port, '127.0.0.1');
    silent.on('error', () => undefined);
    await new Promise((resolve) => silent.once('connect', resolve));
    await health.close();
    silent.destroy();
    health = undefined;
  });
});
