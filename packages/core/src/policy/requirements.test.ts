// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { describe, expect, it } from '@jest/globals';
import type { Principal } from '../identity/principal.js';
import { type AssertedIntent, assertedIntent } from '../session/asserted-intent.js';
import type { StatementFacts } from '../sql/facts.js';
import { compilePolicy } from './compile.js';
import type { PolicyDocument, RequirementSource } from './document.js';
import { evaluate } from './evaluate.js';
import { inactiveRules } from './inactive.js';
import { PolicyError } from './policy-error.js';
import { protectionFor } from './protection.js';
import { unmetRequirement } from './requirements.js';
import { rightsKey } from './rights-key.js';

// The engine's patterns are RE2's; these are simple enough to mean the same.
const compilePattern = (source: string) => {
  const pattern = new RegExp(source.replace('\\A', '^').replace('\\z', '$'));
  return { test: (text: string) => pattern.test(text), replaceAll: (text: string) => text };
};
const compile = (require: readonly RequirementSource[], more: Partial<PolicyDocument> = {}) =>
  compilePolicy([{ file: 'p.yaml', version: 1, default: 'allow', require, ...more }], { compilePattern });
const catalogue = {
  version: 1,
  serverVersion: 180_000,
  database: 'crm',
  relations: new Map(),
  relationsById: new Map(),
  routines: new Map(),
  schemas: new Set<string>(),
};
const SELECT: StatementFacts = {
  action: 'select',
  class: 'read',
  span: { start: 0, end: 1 },
  reads: ['public.people'],
  writes: [],
  columns: [],
  outputs: [],
  routines: [],
  filter: 'absent',
  limit: null,
  opaque: [],
  flows: [],
  locks: false,
  schemaChanges: [],
  stateEffect: 'none',
  elevated: false,
};
const ALTER: StatementFacts = { ...SELECT, action: 'alter', class: 'schema', reads: [], outputs: undefined };
const SET: StatementFacts = { ...SELECT, action: 'set', class: 'session', reads: [], outputs: undefined };
const BLIND: StatementFacts = { ...SELECT, reads: [], opaque: [{ kind: 'dynamic-sql', detail: 'execute' }] };

const person = (groups: readonly string[], agents: readonly string[] = []): Principal => {
  const party = (kind: 'person' | 'agent', id: string, of: readonly string[]) =>
    ({ kind, issuer: 'https://id.example', id, groups: of, groupsComplete: true }) as const;
  return {
    subject: party('person', 'alice', groups),
    actors: agents.map((id) => party('agent', id, [])),
    proof: { subject: 'token', groups: 'token', actors: 'token' },
    expiresAt: 1,
  };
};
const judge = (policy: ReturnType<typeof compile>, statements: readonly StatementFacts[], principal = person(['app'])) =>
  evaluate({
    policy,
    principal,
    facts: { statements },
    upstream: 'crm',
    environment: 'production',
    protection: protectionFor(policy, 'crm', catalogue, () => undefined),
  });
const TICKET: RequirementSource = { id: 'change-ticket', match: { class: 'schema' }, ticket: 'CHG-[0-9]+' };
const hint = (fields: readonly string[]): string => `give ${fields.join(', ')}`;
const unmet = (policy: ReturnType<typeof compile>, asserted: AssertedIntent | undefined, ids = policy.requirements.map(({ id }) => id)) =>
  unmetRequirement(policy, ids, asserted, hint);

describe('a requirement', () => {
  it('holds for the statements that it speaks of, whoever is allowed to run them', () => {
    const policy = compile([TICKET]);
    expect(judge(policy, [ALTER])).toMatchObject({ effect: 'allow', requirements: ['change-ticket'] });
    expect(judge(policy, [SELECT]).requirements).toBeUndefined();
    expect(judge(policy, [SELECT, ALTER]).requirements).toEqual(['change-ticket']);
    expect(judge(policy, [BLIND]).requirements).toEqual(['change-ticket']);
  });

  const CALL: StatementFacts = {
    ...SELECT,
    action: 'call',
    class: 'procedural',
    reads: ['public.people'],
    writes: ['public.visits'],
    alsoActions: ['delete'],
  };
  const UPSERT: StatementFacts = {
    ...SELECT,
    action: 'update',
    class: 'write',
    reads: [],
    writes: ['public.visits'],
    alsoActions: ['insert'],
  };
  const change = (operation: 'create' | 'drop' | 'rename', name: string): StatementFacts => ({
    ...ALTER,
    action: operation,
    schemaChanges: [{ operation, kind: 'schema', name }],
  });
  const DO: StatementFacts = { ...CALL, action: 'do', reads: [], writes: [], alsoActions: [] };
  it.each<[string, RequirementSource['match'], StatementFacts, boolean]>([
    ['what a CALL writes', { class: 'write', relations: 'crm.public.visits' }, CALL, true],
    ['what a CALL reads', { class: 'read', relations: 'crm.public.people' }, CALL, true],
    ['what a CALL runs', { action: 'delete' }, CALL, true],
    ['the INSERT of an upsert', { action: 'insert' }, UPSERT, true],
    ['the schema of a relation that is dropped', { class: 'schema', relations: 'crm.public.people' }, change('drop', 'public'), true],
    ['the schema of a relation that gets another name', { relations: { write: 'crm.public.*' } }, change('rename', 'public'), true],
    ['not the INSERT of a trigger', { action: 'insert' }, { ...UPSERT, firedActions: ['insert'] }, false],
    ['another schema', { relations: 'crm.public.people' }, change('drop', 'other'), false],
    ['a schema that is made', { relations: 'crm.public.people' }, change('create', 'public'), false],
    ['a block that touches nothing', { class: ['read', 'write'] }, DO, false],
    ['another action', { action: 'insert' }, CALL, false],
  ])('holds for what is inside of a statement, whatever that is called: %s', (_, match, facts, holds) => {
    const policy = compile([{ id: 'why', ticket: '.+', ...(match === undefined ? {} : { match }) }]);
    expect(judge(policy, [facts]).requirements).toEqual(holds ? ['why'] : undefined);
  });

  it('is as deny rules are: what an upsert inserts, or a CALL deletes, is denied', () => {
    const rules = [{ id: 'no', match: { action: ['insert', 'delete'] }, then: 'deny' }] as const;
    for (const facts of [UPSERT, CALL]) expect(judge(compile([], { rules }), [facts])).toMatchObject({ effect: 'deny' });
    expect(judge(compile([], { rules }), [{ ...UPSERT, alsoActions: [] }])).toMatchObject({ effect: 'allow' });
    // What is granted is what a statement is called after, as before.
    const granting = [{ id: 'yes', match: { action: 'insert' }, then: 'allow' }] as const;
    expect(judge(compile([], { rules: granting, default: 'deny' }), [UPSERT])).toMatchObject({ effect: 'deny' });
  });

  it('asks nothing of statements that steer the session: that is how a ticket is given', () => {
    expect(judge(compile([{ id: 'all', ticket: '.+' }]), [SET]).requirements).toBeUndefined();
  });

  it('gives no rights', () => {
    expect(judge(compile([TICKET], { default: 'deny' }), [ALTER]).effect).toBe('deny');
  });

  it('speaks of any party: the agent of somebody else, too', () => {
    const policy = compile([{ id: 'agents', match: { subject: { kind: 'agent' } }, purpose: 'training' }]);
    expect(judge(policy, [SELECT], person(['app'], ['bot'])).requirements).toEqual(['agents']);
    expect(judge(policy, [SELECT], person(['app'])).requirements).toBeUndefined();
    expect(rightsKey(policy, person(['app'], ['bot']))).not.toBe(rightsKey(policy, person(['app'])));
  });

  it('tells principals apart by the groups that only it mentions', () => {
    const policy = compile([{ id: 'contractors', match: { subject: { groups: ['contractors'] } }, ticket: '.+' }]);
    expect(rightsKey(policy, person(['contractors']))).not.toBe(rightsKey(policy, person(['app'])));
  });

  it('is not there in observe mode', () => {
    expect(judge(compile([TICKET], { mode: 'observe' }), [ALTER]).requirements).toBeUndefined();
  });

  it.each([
    ['CHG-12', true],
    ['CHG-', false],
    ['see CHG-12', false],
    ['CHG-12; drop', false],
  ])('wants the whole ticket to match: %j', (ticket, fits) => {
    const refusal = unmet(compile([TICKET]), assertedIntent('setting', { ticket }));
    expect(refusal === undefined).toBe(fits);
  });

  it('says what is missing and how to give it, and never what was given', () => {
    const policy = compile([{ id: 'why', ticket: 'CHG-[0-9]+', purpose: ['support', 'billing'], traceparent: true }]);
    expect(unmet(policy, undefined)).toEqual({
      code: 'intent-missing',
      rule: 'why',
      message:
        'the requirement why wants a ticket like CHG-[0-9]+; none was given, and one of the purposes support, billing; none was given, and a trace context (traceparent); none was given',
      hint: 'give ticket, purpose, traceparent',
    });
    const wrong = unmet(policy, assertedIntent('comment', { ticket: 'secret-ticket', purpose: 'secret-purpose' }));
    expect(wrong?.message).toContain('the one that was given is none of these');
    expect(JSON.stringify(wrong)).not.toContain('secret');
    expect(unmet(compile([{ ...TICKET, message: 'ask the change board' }]), undefined)?.message).toBe('ask the change board');
  });

  it('is met by all of its fields, by whichever way they came', () => {
    const policy = compile([{ id: 'why', ticket: 'CHG-[0-9]+', purpose: 'support' }]);
    expect(unmet(policy, assertedIntent('startup', { ticket: 'CHG-1', purpose: 'support' }))).toBeUndefined();
    expect(unmet(policy, assertedIntent('startup', { ticket: 'CHG-1' }))?.rule).toBe('why');
    expect(unmet(policy, assertedIntent('startup', { ticket: 'CHG-1', purpose: 'Support' }))?.rule).toBe('why');
  });

  it('that the policy does not know refuses', () => {
    expect(unmet(compile([]), undefined, ['gone'])).toMatchObject({ code: 'policy-error', rule: 'gone' });
  });

  it.each([
    ['nothing required', { id: 'x' }, 'requires nothing'],
    ['a pattern that is none', { id: 'x', ticket: '(' }, 'ticket'],
    ['a purpose that cannot be given', { id: 'x', purpose: 'two\nlines' }, 'is nothing that can be given'],
    ['an unknown label', { id: 'x', ticket: '.', match: { labels: 'pii' } }, 'is not the label of any classification'],
    ['a reserved id', { id: 'default', ticket: '.' }, 'is reserved'],
  ] as const)('is refused when it is wrong: %s', (_, source, message) => {
    const compiling = (): unknown => compile([source]);
    expect(compiling).toThrow(PolicyError);
    expect(problemsOf(compiling)).toContain(message);
  });

  it('is listed when it can do nothing', () => {
    const policy = compile([{ id: 'x', ticket: '.', match: { relations: 'crm.public.gone' } }]);
    expect(inactiveRules(policy, 'crm', catalogue)).toMatchObject([{ rule: 'x', reason: 'no relation is called crm.public.gone' }]);
  });
});

function problemsOf(compiling: () => unknown): string {
  try {
    compiling();
  } catch (error) {
    if (error instanceof PolicyError) return JSON.stringify(error.problems);
  }
  return '';
}
