import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readEntries } from '@sqlwarden/ledger';
import { createAdminClient } from '@sqlwarden/runtime';
import { findPostgres, findPsql, requireOrSkip, runProgram } from '@sqlwarden/testkit';
import type pg from 'pg';
import { ERROR_STATUS, eventually, newTrace, ofKind, SECRET, spansOf, startTraced, type TracedGateway } from './telemetry-stage.js';

// What is waited for comes late on a machine that has much else to do.
jest.setTimeout(120_000);

const psql = findPsql();

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('spans of a gateway', () => {
  let stage: TracedGateway;
  let client: pg.Client;

  beforeAll(async () => {
    stage = await startTraced((url) => ({ serviceName: 'gate', traces: { otlp: `${url}/v1/traces`, sample: 0 } }));
    client = await stage.connect();
  });
  afterAll(() => stage?.stop());

  /** The entry of a `seq`. */
  async function entry(seq: unknown): Promise<object> {
    return eventually(async () => {
      for await (const { event } of readEntries(stage.gateway.ledgerDirectory)) if (event.seq === seq) return event;
      return undefined;
    });
  }

  it('are children of the span that a comment names, without a literal of the text', async () => {
    const { traceId, spanId, traceparent } = newTrace();
    const text = `select id, name from people where name = 'Ada' /*traceparent='${traceparent}'*/`;
    expect((await client.query(text)).rows).toHaveLength(1);
    const spans = await spansOf(stage.receiver, traceId, 2);
    const whole = ofKind(spans, 'server');
    const inner = ofKind(spans, 'client');
    expect([whole.fields['parentSpanId'], inner.fields['parentSpanId']]).toEqual([spanId, whole.fields['spanId']]);
    expect([whole.fields['name'], inner.fields['name']]).toEqual(['SELECT public.people', 'SELECT public.people']);
    expect(whole.resource).toMatchObject({
      'service.name': 'gate',
      'deployment.environment.name': 'test',
      'sqlwarden.ledger.origin': 'sqlwarden/test',
    });
    const { server } = stage.server;
    expect(inner.attributes).toMatchObject({
      'db.system.name': 'postgresql',
      'db.namespace': 'work',
      'db.operation.name': 'SELECT',
      'db.collection.name': 'public.people',
      'db.query.summary': 'SELECT public.people',
      'db.query.text': 'select id , name from people where name = ?',
      'db.response.returned_rows': 1,
      'server.address': server.host,
      'server.port': server.port,
      'network.peer.address': '127.0.0.1',
      'network.peer.port': server.port,
    });
    expect(whole.attributes).toMatchObject({
      'client.address': '127.0.0.1',
      'sqlwarden.upstream': 'work',
      'sqlwarden.verdict': 'allow',
      'sqlwarden.rules': ['everything-else'],
      'sqlwarden.class': 'read',
      'sqlwarden.labels': [],
      'sqlwarden.masked.cells': 0,
    });
    expect(whole.attributes['sqlwarden.policy.digest']).toMatch(/^[0-9a-f]{64}$/);
    const nanoseconds = (of: typeof whole, name: string): bigint => BigInt(of.fields[name] as string);
    expect(nanoseconds(inner, 'startTimeUnixNano') >= nanoseconds(whole, 'startTimeUnixNano')).toBe(true);
    expect(nanoseconds(inner, 'endTimeUnixNano')).toBe(nanoseconds(whole, 'endTimeUnixNano'));
    expect(await entry(whole.attributes['sqlwarden.ledger.seq'])).toMatchObject({
      type: 'statement.completed',
      session: whole.attributes['sqlwarden.session'],
      asserted: { traceparent: { value: traceparent } },
    });
  });

  it('say what was masked, and no value of it', async () => {
    const { traceId, traceparent } = newTrace();
    const { rows } = await client.query(`select email from people where email = $1 /*traceparent='${traceparent}'*/`, [SECRET]);
    expect(rows).not.toEqual([{ email: SECRET }]);
    const whole = ofKind(await spansOf(stage.receiver, traceId, 2), 'server');
    expect(whole.attributes).toMatchObject({
      'sqlwarden.labels': ['pii.email'],
      'sqlwarden.masked.cells': 1,
      'sqlwarden.masked.columns': 1,
      'db.response.returned_rows': 1,
    });
    for (const { body } of stage.receiver.requests) {
      expect(body.includes(SECRET)).toBe(false);
      expect(body.includes(stage.gateway.token(['app']).slice(0, 30))).toBe(false);
    }
  });

  it('are one for what was refused, with the code and the entry', async () => {
    const { traceId, spanId, traceparent } = newTrace();
    await expect(client.query(`delete from people where name = '${SECRET}' /*traceparent='${traceparent}'*/`)).rejects.toThrow();
    const [span, ...others] = await spansOf(stage.receiver, traceId, 1);
    expect(others).toEqual([]);
    expect(span?.fields).toMatchObject({ parentSpanId: spanId, name: 'DELETE public.people', status: { code: ERROR_STATUS } });
    expect(span?.attributes).toMatchObject({
      'error.type': 'policy-denied',
      'sqlwarden.verdict': 'deny',
      'sqlwarden.refusal.code': 'policy-denied',
      'sqlwarden.refusal.rule': 'no-delete',
      'db.query.text': 'delete from people where name = ?',
    });
    expect(await entry(span?.attributes['sqlwarden.ledger.seq'])).toMatchObject({ type: 'statement.refused', code: 'policy-denied' });
  });

  it('say the code of the server where the statement failed', async () => {
    const { traceId, traceparent } = newTrace();
    await expect(client.query(`insert into notes values (1 / 0, 'x') /*traceparent='${traceparent}'*/`)).rejects.toMatchObject({
      code: '22012',
    });
    const spans = await spansOf(stage.receiver, traceId, 2);
    for (const span of spans) {
      expect(span.fields['status']).toMatchObject({ code: ERROR_STATUS });
      expect(span.attributes).toMatchObject({ 'error.type': '22012', 'db.response.status_code': '22012' });
    }
    const seq = ofKind(spans, 'server').attributes['sqlwarden.ledger.seq'];
    expect(await entry(seq)).toMatchObject({ type: 'statement.intent' });
  });

  it.each(['simple', 'extended'])('say how long a statement was held, and by which request it ran: %s', async (how) => {
    const { traceId, traceparent } = newTrace();
    const text = `alter table notes add column ${how}_text text /*traceparent='${traceparent}'*/`;
    const done = how === 'simple' ? client.query(text) : client.query({ name: 'held', text });
    const admin = createAdminClient({ socket: stage.gateway.adminSocket });
    const request = await eventually(async () => (await admin.pending())[0]);
    await admin.decide(request.id, { decision: 'approve', digest: request.digest }, stage.gateway.token(['dba'], { id: 'dana' }));
    await done;
    const spans = await spansOf(stage.receiver, traceId, 2);
    const { attributes, fields } = ofKind(spans, 'server');
    expect(attributes).toMatchObject({ 'sqlwarden.verdict': 'approved', 'sqlwarden.approval.request': request.id });
    const heldMs = Number(attributes['sqlwarden.held_ms']);
    expect(heldMs).toBeGreaterThan(0);
    const nanoseconds = BigInt(fields['endTimeUnixNano'] as string) - BigInt(fields['startTimeUnixNano'] as string);
    expect(Number(nanoseconds) / 1e6).toBeGreaterThanOrEqual(heldMs - 0.001);
  });

  it('do not show what stands at the wrong place, nor what was not understood', async () => {
    const { traceId, traceparent } = newTrace();
    await client.query(`set sqlwarden.traceparent = '${traceparent}'`);
    await expect(client.query(`select "${SECRET}" from people`)).rejects.toThrow();
    await expect(client.query(`select * from "${SECRET}"`)).rejects.toThrow();
    await expect(client.query(`selec '${SECRET}'`)).rejects.toThrow();
    await client.query(String.raw`select E'it\'s ${SECRET}'`);
    await expect(client.query(`delete from people where name = "${SECRET}"`)).rejects.toThrow();
    await client.query(`set app.key = "${SECRET}"`);
    await client.query('reset sqlwarden.traceparent');
    await spansOf(stage.receiver, traceId, 8);
    for (const { body } of stage.receiver.requests) expect(body.includes(SECRET)).toBe(false);
  });

  it('follow the setting of a session, and are not there where the trace is not sampled', async () => {
    const asked = newTrace();
    const unsampled = newTrace('00');
    await client.query(`set sqlwarden.traceparent = '${unsampled.traceparent}'`);
    await client.query('select 1');
    await client.query(`set sqlwarden.traceparent = '${asked.traceparent}'`);
    await client.query({ text: 'select $1::int', values: [1] });
    await client.query('reset sqlwarden.traceparent');
    const whole = ofKind(await spansOf(stage.receiver, asked.traceId, 2), 'server');
    expect(whole.fields['parentSpanId']).toBe(asked.spanId);
    const ids = stage.receiver.items('traces').map(({ fields }) => fields['traceId']);
    expect(ids).not.toContain(unsampled.traceId);
    // Nor does a statement that nobody traces begin one: the configuration says 0.
    expect(new Set(stage.receiver.items('traces').map(({ fields }) => fields['parentSpanId'])).has(undefined)).toBe(false);
  });

  (requireOrSkip(psql) ? it : it.skip)('come of psql too', async () => {
    const { traceId, spanId, traceparent } = newTrace();
    const { gateway } = stage;
    if (!psql.found) throw new Error(psql.reason);
    await runProgram(psql.path, ['-Atc', `select count(*) from notes /*traceparent='${traceparent}'*/`], {
      env: {
        PGHOST: '127.0.0.1',
        PGPORT: String(gateway.ports['work']),
        PGUSER: 'ada',
        PGDATABASE: 'work',
        PGPASSWORD: gateway.token(['app']),
      },
    });
    expect(ofKind(await spansOf(stage.receiver, traceId, 2), 'server').fields['parentSpanId']).toBe(spanId);
  });
});
