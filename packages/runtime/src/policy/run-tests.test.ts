// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { describe, expect, it } from '@jest/globals';
import {
  compilePolicy,
  type OutputColumn,
  type PolicyDocument,
  type PolicyTest,
  type PolicyTestWant,
  protectionFor,
  type StatementFacts,
  type UnitFacts,
} from '@sqlwarden/core';
import { compilePattern } from './compile-pattern.js';
import { runPolicyTests, testPrincipal, type TestUpstream } from './run-tests.js';

const document: PolicyDocument = {
  file: 'p.yaml',
  version: 1,
  mode: 'observe',
  classify: [{ label: 'pii', columns: '*.public.people.*mail' }],
  mask: [{ label: 'pii', with: 'email', except: { groups: ['office'] } }],
  rules: [
    { id: 'reads', match: { class: 'read', subject: { groups: ['app', 'office', 'audit'] } }, then: 'allow' },
    { id: 'no-staging', match: { environment: 'staging' }, then: 'deny' },
    { id: 'ddl', match: { class: 'schema', actor: { kind: 'agent' } }, then: { approve: { groups: ['dba'] } } },
  ],
  require: [{ id: 'ticket', match: { class: 'read', subject: { groups: ['audit'] } }, ticket: 'CHG-[0-9]+' }],
  limits: [{ id: 'few', match: { class: 'read', subject: { groups: ['app'] } }, rowsReturned: { max: 5 } }],
};
const policy = compilePolicy([document], { compilePattern });
const catalogue = {
  version: 1,
  serverVersion: 180_000,
  database: 'crm',
  relations: new Map(),
  relationsById: new Map(),
  routines: new Map(),
  schemas: new Set<string>(),
};

const column = (name: string): OutputColumn => ({ name, opaque: false, origins: [{ column: `public.people.${name}`, how: 'same' }] });
const facts = (more: Partial<StatementFacts>): UnitFacts => ({
  statements: [
    {
      action: 'select',
      class: 'read',
      span: { start: 0, end: 1 },
      reads: [],
      writes: [],
      columns: [],
      outputs: undefined,
      routines: [],
      filter: 'none',
      limit: null,
      opaque: [],
      flows: [],
      locks: false,
      schemaChanges: [],
      stateEffect: 'none',
      elevated: false,
      ...more,
    },
  ],
});
/** What a dialect would have found in these texts. */
const FACTS: Readonly<Record<string, UnitFacts>> = {
  'select id, email, workmail': facts({ outputs: [column('id'), column('email'), column('workmail')] }),
  'order by email': facts({ columns: [{ column: 'public.people.email', use: 'order' }] }),
  'alter table': facts({ action: 'alter', class: 'schema' }),
};
const upstream = (name: string): TestUpstream => ({
  name,
  protection: protectionFor(policy, name, catalogue, () => undefined),
  analyse: (sql) => {
    if (sql === 'boom') return Promise.reject(new Error('no parser'));
    const found = FACTS[sql];
    return Promise.resolve(found === undefined ? { ok: false, message: 'syntax error' } : { ok: true, facts: found });
  },
});
const run = async (test: PolicyTest, upstreams = [upstream('crm')]) => {
  const [report] = await runPolicyTests({ tests: [{ file: 'p.yaml', line: 7, test }], policy, environment: 'production', upstreams });
  if (report === undefined) throw new Error('no report');
  return report;
};

const app = { groups: ['app'] };
const READ = 'select id, email, workmail';

describe('runPolicyTests', () => {
  it.each<[string, PolicyTest['as'], string, PolicyTestWant, boolean]>([
    ['allowed', app, READ, { allowed: true }, true],
    ['allowed, but it is refused', {}, READ, { allowed: true }, false],
    ['allowed, but it is held', { actors: [{}] }, 'alter table', { allowed: true }, false],
    ['refused by the default', {}, READ, { refused: 'default' }, true],
    ['refused by code', {}, READ, { refused: 'policy-denied' }, true],
    ['refused by another rule', {}, READ, { refused: 'no-staging' }, false],
    ['refused to protect, by code', app, 'order by email', { refused: 'protected-predicate' }, true],
    ['refused to protect, by a rule that allows', app, 'order by email', { refused: 'reads' }, false],
    ['refused to protect, by the default', app, 'order by email', { refused: 'default' }, false],
    ['refused, but it is allowed', app, READ, { refused: 'default' }, false],
    ['refused, because it cannot be parsed', app, 'selec', { refused: 'statement-unparsed' }, true],
    ['allowed, but it cannot be parsed', app, 'selec', { allowed: true }, false],
    ['held', { actors: [{}] }, 'alter table', { approve: 'ddl' }, true],
    ['held by another rule', { actors: [{}] }, 'alter table', { approve: 'reads' }, false],
    ['held, but nobody acts', {}, 'alter table', { approve: 'ddl' }, false],
    ['held, but a service acts', { actors: [{ kind: 'service' }] }, 'alter table', { approve: 'ddl' }, false],
    ['masked', app, READ, { masked: { email: 'email', workmail: 'email' } }, true],
    ['masked, but not all are said', app, READ, { masked: { email: 'email' } }, false],
    ['masked, but another way', app, READ, { masked: { email: 'email', workmail: 'token' } }, false],
    ['masked, but one is not', app, READ, { masked: { id: 'email', email: 'email', workmail: 'email' } }, false],
    ['nothing masked', { groups: ['office'] }, READ, { masked: {} }, true],
    ['nothing masked, but some are', app, READ, { masked: {} }, false],
    ['masked, but it is refused', {}, READ, { masked: {} }, false],
    ['limited', app, READ, { limited: ['few'] }, true],
    ['limited, but by another limit', app, READ, { limited: ['many'] }, false],
    ['limited by nothing, but it is', app, READ, { limited: [] }, false],
    ['limited by nothing', { groups: ['office'] }, READ, { limited: [] }, true],
    ['limited, but it is refused', {}, READ, { limited: [] }, false],
    ['an analysis that fails', app, 'boom', { refused: 'policy-denied' }, false],
  ])('%s', async (_, as, sql, want, passed) => {
    expect((await run({ as, sql, want })).passed).toBe(passed);
  });

  it.each<[string, PolicyTest['asserted'], PolicyTestWant, boolean]>([
    ['without a ticket', undefined, { refused: 'ticket' }, true],
    ['without a ticket, by code', { purpose: 'audit' }, { refused: 'intent-missing' }, true],
    ['with another ticket', { ticket: 'CHG-' }, { refused: 'ticket' }, true],
    ['with a ticket', { ticket: 'CHG-7' }, { allowed: true }, true],
    ['without a ticket, but it is refused', undefined, { allowed: true }, false],
  ])('asks for what is required: %s', async (_, asserted, want, passed) => {
    const test = { as: { groups: ['audit'] }, sql: READ, want, ...(asserted === undefined ? {} : { asserted }) };
    expect((await run(test)).passed).toBe(passed);
  });

  it('says what was wanted and what came, and where the test is written', async () => {
    expect(await run({ as: app, sql: READ, want: { masked: { email: 'token' } }, note: 'mail is a token' })).toMatchObject({
      file: 'p.yaml',
      line: 7,
      name: 'mail is a token',
      passed: false,
      want: 'allowed, masked: email with token',
      got: 'allowed by reads, masked: email with email, workmail with email, limited: few',
    });
  });

  it('takes the environment of the test over that of the gateway', async () => {
    expect((await run({ as: app, sql: READ, environment: 'staging', want: { refused: 'no-staging' } })).passed).toBe(true);
  });

  it('asks for the upstream where there are several, and for one that exists', async () => {
    const both = [upstream('crm'), upstream('billing')];
    expect(await run({ as: app, sql: READ, want: { allowed: true } }, both)).toMatchObject({
      passed: false,
      got: 'not run: there are several upstreams; write upstream: with one of crm, billing',
    });
    expect(await run({ as: app, sql: READ, upstream: 'billing', want: { allowed: true } }, both)).toMatchObject({ passed: true });
    expect(await run({ as: app, sql: READ, upstream: 'bill', want: { allowed: true } }, both)).toMatchObject({ passed: false });
  });
});

describe('testPrincipal', () => {
  it('proves everything that the test says and nothing else', () => {
    expect(testPrincipal({ groups: ['a'], actors: [{ id: 'bot', groups: ['b'] }] })).toMatchObject({
      subject: { kind: 'person', groups: ['a'] },
      actors: [{ kind: 'agent', id: 'bot', groups: ['b'] }],
      proof: { subject: 'token', groups: 'token', actors: 'token' },
    });
  });
});
