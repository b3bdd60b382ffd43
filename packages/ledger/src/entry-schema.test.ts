import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { canonicalBytes, LEDGER_EVENT_FIELDS, LedgerEventError, parseEvent } from '@sqlwarden/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { readEntries } from './read.js';
import { instancesOf, type SchemaNode } from './testing/schema-instances.js';
import { openLedger, Player, removeScratch, scratch } from './testing/scenario.js';

afterEach(removeScratch);

const schema = JSON.parse(readFileSync(new URL('../schema/entry.schema.json', import.meta.url), 'utf8')) as SchemaNode & {
  readonly properties: Readonly<Record<string, SchemaNode>>;
  readonly allOf: readonly { readonly if: { readonly properties: { readonly type: { readonly const: string } } } }[];
  readonly $defs: Readonly<Record<string, SchemaNode>>;
};
const { allOf: _branches, ...base } = schema;
const validate = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false }).compile(schema);
const TYPES = Object.keys(LEDGER_EVENT_FIELDS) as (keyof typeof LEDGER_EVENT_FIELDS)[];

type Json = Readonly<Record<string, unknown>>;
const schemaAccepts = (event: Json): boolean => validate(event);
const coreAccepts = (event: Json): boolean => {
  try {
    parseEvent(canonicalBytes(event));
    return true;
  } catch (error) {
    if (error instanceof LedgerEventError) return false;
    throw error;
  }
};

/** Events of any type, as the schema describes them: with optional fields and without. */
const events = fc.constantFrom(...TYPES).chain((type) => eventsOf(type));
function eventsOf(type: string): fc.Arbitrary<Json> {
  return fc
    .tuple(instancesOf(base, schema.$defs), instancesOf(schema.$defs[type] ?? {}, schema.$defs))
    .map(([common, own]) => ({ ...(common as Json), ...(own as Json), type }));
}
const OTHERS = [null, true, 'text', 7, -1, 1.5, [7], {}] as const;

describe('the published schema of entries', () => {
  it('has a branch for each type of event, with the fields that readers check, and no other', () => {
    expect(schema.allOf.map((branch) => branch.if.properties.type.const).sort()).toEqual([...TYPES].sort());
    expect([...(schema.properties['type']?.enum ?? [])].sort()).toEqual([...TYPES].sort());
    for (const type of TYPES) {
      const { properties = {}, required = [] } = schema.$defs[type] ?? {};
      const fields = Object.entries(LEDGER_EVENT_FIELDS[type]);
      expect([type, Object.keys(properties).sort()]).toEqual([type, fields.map(([name]) => name).sort()]);
      expect([type, [...required].sort()]).toEqual([type, fields.flatMap(([name, kind]) => (kind.endsWith('?') ? [] : [name])).sort()]);
    }
  });

  it('describes every type of event and each of its fields', () => {
    for (const type of TYPES) expect(schema.$defs[type]?.description).toMatch(/\.$/);
  });

  it('takes what the log writes', async () => {
    const directory = scratch();
    const ledger = await openLedger(directory);
    const player = new Player(ledger);
    player.scene();
    player.login('s2');
    const decision = player.decided();
    player.complete(player.begin(decision, { session: 's2', parameters: ['a', 'b'] }), {
      errorCode: '57014',
      status: 'cancelled',
      suspended: true,
    });
    player.begin(decision, { session: 's2', record: { asserted: { purpose: { value: 'support', source: 'library' } } } });
    await ledger.close();
    let entries = 0;
    for await (const { event } of readEntries(directory)) {
      if (!validate(event)) throw new Error(`${event.type}: ${JSON.stringify(validate.errors)}`);
      entries += 1;
    }
    expect(entries).toBeGreaterThan(18);
  });

  it('takes no event that readers of the ledger do not take', () => {
    fc.assert(
      fc.property(events, (event) => {
        expect([event['type'], schemaAccepts(event), coreAccepts(event)]).toEqual([event['type'], true, true]);
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with them on fields that are left out, added or of another kind', () => {
    for (const type of TYPES) {
      const [whole] = fc.sample(
        eventsOf(type).filter((event) => Object.keys(LEDGER_EVENT_FIELDS[type]).every((name) => name in event)),
        { numRuns: 1, seed: 7 },
      );
      if (whole === undefined) throw new Error(`no ${type} with all of its fields`);
      expect(schemaAccepts({ ...whole, later: [1] }) && coreAccepts({ ...whole, later: [1] })).toBe(true);
      for (const name of Object.keys(whole)) {
        const { [name]: own, ...without } = whole;
        expect([type, name, 'left out', schemaAccepts(without)]).toEqual([type, name, 'left out', coreAccepts(without)]);
        for (const other of OTHERS) {
          // What stands inside of a field is described by the schema and looked at by nobody else.
          if (isSameKind(own, other)) continue;
          const changed = { ...whole, [name]: other };
          expect([type, name, other, schemaAccepts(changed)]).toEqual([type, name, other, coreAccepts(changed)]);
        }
      }
    }
  });

  it.each([
    ['a status that there is not', 'statement.outcome', { status: 'perhaps' }],
    ['a principal without a subject', 'session.opened', { principal: { actors: [], proof: {}, expiresAt: 0 } }],
    ['a text in clear in place of its commitment', 'statement.intent', { text: 'select 1' }],
    ['a parameter in clear in place of its commitment', 'statement.completed', { parameters: ['7'] }],
  ])('refuses %s', (_note, type, fields) => {
    for (const event of fc.sample(eventsOf(type), 5)) expect(schemaAccepts({ ...event, ...fields })).toBe(false);
  });
});

/** Of one kind as JSON has them; numbers are one kind only where both are whole and not negative. */
function isSameKind(own: unknown, other: unknown): boolean {
  if (typeof own === 'string' || typeof own === 'boolean') return typeof other === typeof own;
  if (Array.isArray(own)) return Array.isArray(other);
  if (typeof own === 'object') return typeof other === 'object' && other !== null && !Array.isArray(other);
  return false;
}
