import { afterEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { type Health, type HealthState, openHealth } from './health.js';

describe('the health interface', () => {
  let health: Health | undefined;
  afterEach(() => health?.close());

  const quiet: HealthState = {
    ready: true,
    reasons: [],
    connections: 0,
    decisions: { found: 0, made: 0 },
    listeners: [],
    turnedAway: { listener: 0, logins: 0, identity: 0, dropped: 0 },
    workers: { configured: 1, serving: 1, restarts: 0 },
  };
  const open = (state: Partial<HealthState>): Promise<Health> =>
    openHealth({ host: '127.0.0.1', port: 0, state: async () => ({ ...quiet, ...state }), onTrouble: () => undefined });

  it('is live always, and ready only while clients are taken', async () => {
    const state = { ready: true, reasons: ['the ledger cannot be written (ENOSPC)'], connections: 3 };
    health = await open(state);
    const ask = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${health?.port}${path}`);
    const ready = await ask('/readyz');
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, connections: 3 }]);
    state.ready = false;
    const unready = await ask('/readyz');
    expect([unready.status, await unready.json()]).toEqual([503, { ready: false, connections: 3, reasons: state.reasons }]);
    expect((await ask('/livez')).status).toBe(200);
    expect((await ask('/')).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${health.port}/livez`, { method: 'POST' })).status).toBe(405);
  });

  it('counts in the text format of Prometheus', async () => {
    health = await open({
      connections: 3,
      decisions: { found: 90, made: 10 },
      listeners: [{ listener: 'crm', sessions: 3, logins: 1 }],
      turnedAway: { listener: 4, logins: 5, identity: 6, dropped: 7 },
      workers: { configured: 2, serving: 1, restarts: 9 },
    });
    const answer = await fetch(`http://127.0.0.1:${health.port}/metrics`);
    expect(answer.headers.get('content-type')).toMatch('text/plain; version=0.0.4');
    const lines = (await answer.text()).split('\n');
    expect(lines).toContain('sqlwarden_decisions_total{decision="found"} 90');
    expect(lines).toContain('sqlwarden_decisions_total{decision="made"} 10');
    expect(lines).toContain('sqlwarden_connections 3');
    expect(lines).toContain('sqlwarden_listener_sessions{listener="crm"} 3');
    expect(lines).toContain('sqlwarden_listener_logins{listener="crm"} 1');
    expect(lines).toContain('sqlwarden_turned_away_total{why="identity"} 6');
    expect(lines).toContain('sqlwarden_workers{state="serving"} 1');
    expect(lines).toContain('sqlwarden_worker_restarts_total 9');
    expect(lines.filter((line) => line.startsWith('# TYPE sqlwarden_workers '))).toHaveLength(1);
  });

  it('rejects when the address is taken', async () => {
    health = await open({});
    await expect(
      openHealth({
        host: '127.0.0.1',
        port: health.port,
        state: async () => quiet,
        onTrouble: () => undefined,
      }),
    ).rejects.toThrow('EADDRINUSE');
  });

  it('closes while somebody is connected and says nothing', async () => {
    health = await open({});
    const silent = connect(health.port, '127.0.0.1');
    silent.on('error', () => undefined);
    await new Promise((resolve) => silent.once('connect', resolve));
    await health.close();
    silent.destroy();
    health = undefined;
  });
});
