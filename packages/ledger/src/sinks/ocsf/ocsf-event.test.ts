import { describe, expect, it, test } from '@jest/globals';
import { SAMPLE_EVENTS } from '../../testing/sample-events.js';
import { SAMPLE_ENTRIES, sampleEntry } from '../../testing/sample-entries.js';
import { ocsfEvent } from './ocsf-event.js';

/** What classes require (schema.ocsf.io 1.9), beyond what every event does. The whole schema is asked by `npm run ocsf`. */
const REQUIRED: Readonly<Record<number, readonly string[]>> = {
  2006: ['finding_info'],
  3002: ['user', 'service'],
  6002: ['app'],
  6003: ['actor', 'api', 'src_endpoint'],
  6005: ['actor', 'src_endpoint', 'database'],
};
const ALWAYS = ['activity_id', 'category_uid', 'class_uid', 'type_uid', 'severity_id', 'time', 'metadata'];

const byType = new Map(SAMPLE_ENTRIES.map((entry) => [entry.event.type, ocsfEvent(entry)]));

test.each([...byType].filter(([type]) => type !== 'statement.decided'))('%s has what its class requires', (_type, event) => {
  const classUid = Number(event?.['class_uid']);
  for (const key of [...ALWAYS, ...(REQUIRED[classUid] ?? ['no such class'])]) expect(event).toHaveProperty(key);
  expect(event?.['type_uid']).toBe(classUid * 100 + Number(event?.['activity_id']));
  expect(event?.['category_uid']).toBe(Math.floor(classUid / 1000));
});

describe('an OCSF event', () => {
  it('is not made of a decision, which tells of nothing that happened', () => {
    expect(byType.get('statement.decided')).toBeUndefined();
  });

  it('of an outcome says who, on whose behalf, what, why it was let through and how it ended', () => {
    expect(byType.get('statement.outcome')).toMatchObject({
      class_uid: 6005,
      activity_id: 2,
      status_id: 2,
      status_code: '23505',
      actor: { user: { uid: 'ada', type_id: 1 }, session: { uid: 's1' }, invoked_by: 'The bot' },
      ai_agent: { uid: 'bot', ai_model: { name: 'planner' } },
      src_endpoint: { ip: '10.0.0.7', port: 5001 },
      database: { name: 'crmdb', type_id: 1, data_classifications: [{ category_id: 1 }, { category_id: 3 }] },
      table: { name: 'orders', uid: 'public.orders' },
      query_info: { query_string: 'UPDATE public.orders public.people; SELECT public.people', bytes: 120 },
      policy: { is_applied: true },
      authorizations: [{ policy: { name: 'people-read' } }],
      action_id: 4,
      disposition_id: 11,
      metadata: { uid: 'gateway.example/production#3', sequence: 3, correlation_uid: 'gateway.example/production#2' },
      unmapped: { statements: [{ rowsReturned: 2, rowsAffected: 3 }], actors: [{ id: 'bot' }] },
    });
  });

  it('of a refusal is a finding that says it was blocked, of a held unit that it waits', () => {
    expect(byType.get('statement.refused')).toMatchObject({ class_uid: 2006, action_id: 2, disposition_id: 14, is_alert: true });
    const refusal = SAMPLE_EVENTS[6];
    const { request: _request, ...blocked } = refusal;
    expect(ocsfEvent(sampleEntry(blocked))).toMatchObject({ disposition_id: 2, data_security: { detection_system_id: 9 } });
  });
});
