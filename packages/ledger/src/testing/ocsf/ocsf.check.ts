import { expect, test } from '@jest/globals';
import { ocsfEvent } from '../../sinks/ocsf/ocsf-event.js';
import { SAMPLE_ENTRIES } from '../sample-entries.js';
import { OcsfSchema } from './ocsf-schema.js';

/** Run by `npm run ocsf`, which fetches the schema. */

const schema = new OcsfSchema(process.env['SQLWARDEN_OCSF'] ?? '');
const events = SAMPLE_ENTRIES.flatMap((entry) => {
  const event = ocsfEvent(entry);
  // As it goes over the wire.
  return event === undefined ? [] : [[entry.event.type, JSON.parse(JSON.stringify(event)) as Record<string, unknown>] as const];
});

test('the schema is of version 1.9', () => {
  expect(schema.version).toMatch(/^1\.9\./);
});

test.each(events)('an event made of %s is valid', (_type, event) => {
  expect(schema.problems(event)).toEqual([]);
});

test.each(events)('an event made of %s without what is required, or with what is not known, is found', (_type, event) => {
  for (const key of ['class_uid', 'activity_id', 'metadata', 'time', 'severity_id', 'type_uid']) {
    const { [key]: _taken, ...rest } = event;
    if (key !== 'metadata' && key !== 'class_uid') expect(schema.problems(rest)).not.toEqual([]);
  }
  expect(schema.problems({ ...event, invented: 1 })).not.toEqual([]);
  expect(schema.problems({ ...event, severity_id: 77 })).not.toEqual([]);
  expect(schema.problems({ ...event, time: 'now' })).not.toEqual([]);
});
