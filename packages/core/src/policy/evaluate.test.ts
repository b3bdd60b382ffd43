// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { describe, expect, it } from '@jest/globals';
import type { Catalogue, CatalogueRelation } from '../catalog/catalogue.js';
import type { Actor, Principal } from '../identity/principal.js';
import type { OpaqueReason, OutputColumn, StatementFacts } from '../sql/facts.js';
import { originByName } from '../masking/mask.js';
import { joinName } from '../sql/names.js';
import { compilePolicy } from './compile.js';
import type { MatchSource, PolicyDocument, RuleSource } from './document.js';
import { evaluate, originMasks } from './evaluate.js';
import { protectionFor } from './protection.js';
import type { Verdict } from './verdict.js';

const tools = { compilePattern: () => ({ test: () => false, replaceAll: (text: string) => text }) };

const compile = (...documents: readonly Partial<PolicyDocument>[]) =>
  compilePolicy(
    documents.map((document) => ({ file: 'policy.yaml', version: 1, ...document })),
    tools,
  );

function table(name: string, columns: readonly string[], more: Partial<CatalogueRelation> = {}): CatalogueRelation {
  const numbered = columns.map((column, at) => ({ name: column, number: at + 1, type: 'text', typeId: 25, notNull: false }));
  return { id: name.length * 1000, schema: 'public', name, kind: 'table', columns: numbered, parents: [], hasTriggers: false, ...more };
}

function catalogueOf(...relations: readonly CatalogueRelation[]): Catalogue {
  return {
    version: 1,
    serverVersion: 180_004,
    database: 'crm',
    relations: new Map(relations.map((relation) => [joinName(relation.schema, relation.name), relation])),
    relationsById: new Map(relations.map((relation) => [relation.id, relation])),
    routines: new Map(),
    schemas: new Set(['public']),
  };
}

const people = table('people', ['id', 'name', 'email', 'ssn', 'salary']);
const catalogue = catalogueOf(people, table('orders', ['id', 'person', 'total']), table('archive', ['ssn_copy', 'note', 'email']));

const NOTHING: StatementFacts = {
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
};
const facts = (more: Partial<StatementFacts>): StatementFacts => ({ ...NOTHING, ...more });

const out = (name: string, how: 'same' | 'derived' | 'counted' = 'same', ...columns: readonly string[]): OutputColumn => ({
  name,
  opaque: false,
  origins: (columns.length > 0 ? columns : [name]).map((column) => ({ column: `public.people.${column}`, how })),
});
const select = (...outputs: readonly OutputColumn[]): StatementFacts =>
  facts({
    reads: ['public.people'],
    outputs,
    columns: outputs.flatMap((output) =>
      output.origins.map(({ column, how }) => ({ column, use: how === 'counted' ? 'count' : 'output' })),
    ),
  });

const person = (groups: readonly string[] = ['app'], more: Partial<Principal> = {}): Principal => ({
  subject: { kind: 'person', issuer: 'https://id.example', id: 'alice', groups, groupsComplete: true },
  actors: [],
  proof: { subject: 'token', groups: 'token', actors: 'token' },
  expiresAt: 1,
  ...more,
});
const agent = (groups: readonly string[] = [], more: Partial<Actor> = {}): Actor => ({
  kind: 'agent',
  issuer: 'https://id.example',
  id: 'bot',
  groups,
  groupsComplete: true,
  ...more,
});

interface Case {
  readonly policy: Partial<PolicyDocument>;
  readonly statements: readonly StatementFacts[];
  readonly as?: Principal;
  readonly environment?: string;
  readonly schema?: Catalogue;
  /** The outputs of views. */
  readonly views?: Readonly<Record<string, readonly OutputColumn[]>>;
}
function run({ policy, statements, as = person(), environment = 'production', schema = catalogue, views = {} }: Case): Verdict {
  const compiled = compile(policy);
  const protection = protectionFor(compiled, 'crm', schema, (name) => views[name]);
  return evaluate({ policy: compiled, principal: as, facts: { statements }, upstream: 'crm', environment, protection });
}
const outcome = (verdict: Verdict): string =>
  verdict.effect === 'allow'
    ? 'allow'
    : verdict.effect === 'approve'
      ? `approve ${verdict.approval?.rule}`
      : (verdict.refusal?.code ?? '?');

const everybody: RuleSource = { id: 'everybody', then: 'allow' };
const protectedPolicy: Partial<PolicyDocument> = {
  classify: [
    { label: 'pii.email', columns: 'crm.*.people.email' },
    { label: 'pii.ssn', columns: ['crm.public.people.ssn'] },
    { label: 'pay', columns: 'crm.public.people.salary' },
    { label: 'internal', columns: 'crm.public.people.name' },
  ],
  mask: [
    { label: 'pii.email', with: 'email', except: { groups: ['privacy-office'] } },
    { label: 'pii.ssn', with: 'token', predicates: 'deny' },
    { label: 'pay', with: { bucket: { size: 1000 } }, predicates: 'allow', derive: 'allow', write: 'allow' },
  ],
  rules: [everybody],
};
const use = (column: string, kind: StatementFacts['columns'][number]['use']) => ({ column: `public.people.${column}`, use: kind });
const opaque = (kind: OpaqueReason['kind']): OpaqueReason => ({ kind, detail: 'public.f' });
const masksOf = (verdict: Verdict, statement = 0): (string | null)[] | 'none' => {
  const masks = verdict.masks[statement];
  return masks?.kind === 'outputs' ? masks.outputs.map((mask) => mask?.function.kind ?? null) : 'none';
};

describe('evaluate: rules by strength', () => {
  const allow: RuleSource = { id: 'allow', then: 'allow' };
  const approve: RuleSource = { id: 'approve', then: { approve: { groups: ['dba'] } } };
  const deny: RuleSource = { id: 'deny', then: 'deny', message: 'not here' };
  it.each([
    ['nothing', [], 'policy-denied', ['default']],
    ['allow', [allow], 'allow', ['allow']],
    ['approve over allow', [allow, approve], 'approve approve', ['approve', 'allow']],
    ['deny over approve and allow, whatever the order', [allow, approve, deny], 'policy-denied', ['deny', 'approve', 'allow']],
  ] as const)('%s', (_, rules, want, ids) => {
    const verdict = run({ policy: { rules }, statements: [facts({})] });
    expect(outcome(verdict)).toBe(want);
    expect(verdict.rules).toEqual(ids);
  });

  it('says the rule and its message when it denies', () => {
    expect(run({ policy: { rules: [deny] }, statements: [facts({})] }).refusal).toEqual({
      code: 'policy-denied',
      message: 'not here',
      rule: 'deny',
    });
  });

  it('shows the first of two equal rules in the order of the file', () => {
    const verdict = run({ policy: { rules: [deny, { id: 'second', then: 'deny' }] }, statements: [facts({})] });
    expect(verdict.rules[0]).toBe('deny');
  });

  it('allows what no rule speaks of where the default is allow, and still holds and denies', () => {
    expect(outcome(run({ policy: { default: 'allow' }, statements: [facts({})] }))).toBe('allow');
    expect(outcome(run({ policy: { default: 'allow', rules: [approve] }, statements: [facts({})] }))).toBe('approve approve');
    expect(outcome(run({ policy: { default: 'allow', rules: [deny] }, statements: [facts({})] }))).toBe('policy-denied');
  });

  it('refuses the whole unit for one refused statement', () => {
    const policy = { rules: [{ id: 'reads', match: { class: 'read' }, then: 'allow' }] } as const;
    const drop = facts({ action: 'drop', class: 'schema', schemaChanges: [{ operation: 'drop', kind: 'table', name: 'public.orders' }] });
    expect(outcome(run({ policy, statements: [facts({}), drop, facts({})] }))).toBe('policy-denied');
    expect(outcome(run({ policy, statements: [facts({}), facts({})] }))).toBe('allow');
  });

  it('holds the whole unit for one held statement', () => {
    const rules: RuleSource[] = [
      everybody,
      { id: 'ddl', match: { class: 'schema' }, then: { approve: { groups: ['dba'], people: 2, within: '1h' } } },
    ];
    const verdict = run({ policy: { rules }, statements: [facts({}), facts({ class: 'schema', action: 'alter' })] });
    expect(verdict.approval).toEqual({ rule: 'ddl', groups: ['dba'], people: 2, withinMs: 3_600_000 });
    expect(verdict.masks).toHaveLength(2);
  });
});

describe('evaluate: several approvals for one unit', () => {
  const ask = (id: string, groups: string[], count: number, within: string): RuleSource => ({
    id,
    then: { approve: { groups, people: count, within } },
  });
  it('asks for what satisfies all of them', () => {
    const verdict = run({
      policy: { rules: [ask('a', ['dba', 'security'], 1, '1h'), ask('b', ['security'], 2, '5m')] },
      statements: [facts({})],
    });
    expect(verdict.approval).toEqual({ rule: 'a', groups: ['security'], people: 2, withinMs: 300_000 });
  });
  it('refuses when no group can satisfy all of them', () => {
    const verdict = run({ policy: { rules: [ask('a', ['dba'], 1, '1h'), ask('b', ['security'], 1, '1h')] }, statements: [facts({})] });
    expect(outcome(verdict)).toBe('policy-error');
  });
});

describe('evaluate: what a rule matches', () => {
  const update = facts({ action: 'update', class: 'write', filter: 'absent', reads: ['public.orders'], writes: ['public.orders'] });
  const read = facts({ reads: ['public.orders', 'public.people'], columns: [use('email', 'output')], outputs: [out('email')] });
  const call = facts({
    action: 'call',
    class: 'procedural',
    routines: [
      { name: 'app.pay', category: 'volatile' },
      { name: 'pg_catalog.now', category: 'pure' },
    ],
  });
  /** [what, match, statement, matched by a deny rule, matched by an allow rule] */
  const table_: readonly (readonly [string, MatchSource, StatementFacts, boolean, boolean])[] = [
    ['action', { action: ['update', 'delete'] }, update, true, true],
    ['another action', { action: 'delete' }, update, false, false],
    ['class', { class: 'write' }, update, true, true],
    ['another class', { class: 'read' }, update, false, false],
    ['filter', { filter: ['absent', 'always-true'] }, update, true, true],
    ['another filter', { filter: 'present' }, update, false, false],
    ['environment', { environment: ['production'] }, update, true, true],
    ['another environment', { environment: 'staging' }, update, false, false],
    ['upstream', { upstream: 'c*' }, update, true, true],
    ['another upstream', { upstream: 'billing' }, update, false, false],
    ['keys that do not all hold', { action: 'update', class: 'read' }, update, false, false],
    ['one of several relations', { relations: 'crm.public.orders' }, read, true, false],
    ['all relations', { relations: ['crm.public.orders', 'crm.*.people'] }, read, true, true],
    ['letter case of relations, when it denies only', { relations: 'crm.public.Orders' }, update, true, false],
    ['relations of another upstream', { relations: 'billing.*.*' }, update, false, false],
    ['relations read', { relations: { read: 'crm.public.*' } }, read, true, true],
    ['relations read, of a statement that also writes', { relations: { read: 'crm.public.*' } }, update, true, false],
    ['relations written', { relations: { write: 'crm.public.orders' } }, update, true, false],
    ['relations read and written', { relations: { read: 'crm.public.*', write: 'crm.public.orders' } }, update, true, true],
    ['a label', { labels: 'pii.*' }, read, true, true],
    ['another label', { labels: 'pay' }, read, false, false],
    ['labels of a statement that touches none', { labels: 'pii.*' }, update, false, false],
    ['elevated', { elevated: true }, facts({ elevated: true }), true, true],
    ['not elevated', { elevated: true }, update, false, false],
    ['opaque', { opaque: true }, facts({ opaque: [opaque('schema-changed')], action: 'drop', class: 'schema' }), true, true],
    ['not opaque', { opaque: true }, update, false, false],
    ['a routine', { routines: 'app.*' }, call, true, true],
    ['another routine', { routines: 'billing.*' }, call, false, false],
    [
      'a routine beside one that is not meant',
      { routines: 'app.*' },
      facts({ routines: [...call.routines, { name: 'x.y', category: 'volatile' }] }),
      true,
      false,
    ],
    ['routines of a statement that calls none', { routines: 'app.*' }, update, false, false],
    ['statements', { statements: { min: 2 } }, update, false, false],
  ];
  it.each(table_)('%s', (_, match, statement, denies, allows) => {
    const classify = protectedPolicy.classify ?? [];
    const denied = run({ policy: { classify, rules: [everybody, { id: 'x', match, then: 'deny' }] }, statements: [statement] });
    expect(outcome(denied)).toBe(denies ? 'policy-denied' : 'allow');
    const allowed = run({ policy: { classify, rules: [{ id: 'x', match, then: 'allow' }] }, statements: [statement] });
    expect(outcome(allowed)).toBe(allows ? 'allow' : 'policy-denied');
  });

  it('counts the statements of the unit', () => {
    const rules: RuleSource[] = [everybody, { id: 'one', match: { statements: { min: 2 } }, then: 'deny' }];
    expect(outcome(run({ policy: { rules }, statements: [facts({}), facts({})] }))).toBe('policy-denied');
  });

  it('takes objects that a schema statement changes as written, resolved or not', () => {
    const drop = (name: string) => facts({ action: 'drop', class: 'schema', schemaChanges: [{ operation: 'drop', kind: 'table', name }] });
    const deny: RuleSource[] = [everybody, { id: 'x', match: { relations: 'crm.public.people' }, then: 'deny' }];
    const allow: RuleSource[] = [{ id: 'x', match: { relations: 'crm.public.people' }, then: 'allow' }];
    expect(outcome(run({ policy: { rules: deny }, statements: [drop('public.people')] }))).toBe('policy-denied');
    expect(outcome(run({ policy: { rules: deny }, statements: [drop('people')] }))).toBe('policy-denied');
    expect(outcome(run({ policy: { rules: allow }, statements: [drop('public.people')] }))).toBe('allow');
    expect(outcome(run({ policy: { rules: allow }, statements: [drop('people')] }))).toBe('policy-denied');
    expect(outcome(run({ policy: { rules: allow }, statements: [drop('"')] }))).toBe('policy-denied');
  });

  it('lets a rule about relations allow SELECT 1, and nothing else that names no relation', () => {
    const rules: RuleSource[] = [{ id: 'x', match: { relations: 'crm.public.*' }, then: 'allow' }];
    const kill = facts({ routines: [{ name: 'pg_catalog.pg_terminate_backend', category: 'elevated' }] });
    expect(outcome(run({ policy: { rules }, statements: [facts({ outputs: [] })] }))).toBe('allow');
    expect(outcome(run({ policy: { rules }, statements: [kill] }))).toBe('policy-denied');
    expect(outcome(run({ policy: { rules }, statements: [facts({ action: 'do', class: 'procedural' })] }))).toBe('policy-denied');
  });

  it('takes dropping, emptying or renaming a relation as touching all its labels', () => {
    const rules: RuleSource[] = [everybody, { id: 'x', match: { labels: 'pii.ssn' }, then: 'deny' }];
    const { classify = [] } = protectedPolicy;
    const truncate = facts({ action: 'truncate', class: 'write', writes: ['public.people'] });
    const drop = facts({ action: 'drop', class: 'schema', schemaChanges: [{ operation: 'drop', kind: 'table', name: 'public.people' }] });
    const alter = (column: string) =>
      facts({
        action: 'alter',
        class: 'schema',
        writes: ['public.people'],
        schemaChanges: [{ operation: 'alter', kind: 'table', name: 'public.people', columns: [{ operation: 'drop', name: column }] }],
      });
    for (const statement of [truncate, drop, alter('ssn')]) {
      expect(outcome(run({ policy: { classify, rules }, statements: [statement] }))).toBe('policy-denied');
    }
    expect(outcome(run({ policy: { classify, rules }, statements: [alter('id')] }))).toBe('allow');
  });
});

describe('evaluate: what cannot be seen through, against rules', () => {
  const classify = [{ label: 'pii.ssn', columns: 'crm.public.people.ssn' }];
  const rule = (match: MatchSource, then: RuleSource['then']): RuleSource => ({ id: 'x', match, then });
  const doBlock = facts({ action: 'do', class: 'procedural', opaque: [opaque('dynamic-sql')] });
  const unknownCall = facts({ opaque: [opaque('unknown-routine')], reads: ['public.orders'] });

  it('may be any action, class, filter and elevated where a rule denies or holds', () => {
    for (const match of [{ action: 'drop' }, { class: 'privilege' }, { filter: 'absent' }, { elevated: true }] as const) {
      expect(outcome(run({ policy: { rules: [everybody, rule(match, 'deny')] }, statements: [doBlock] }))).toBe('policy-denied');
      expect(outcome(run({ policy: { rules: [everybody, rule(match, { approve: { groups: ['dba'] } })] }, statements: [doBlock] }))).toBe(
        'approve x',
      );
      expect(outcome(run({ policy: { rules: [rule(match, 'allow')] }, statements: [doBlock] }))).toBe('policy-denied');
    }
  });

  it('may read any relation and label where a rule denies, and grants neither', () => {
    for (const match of [{ relations: 'crm.public.people' }, { labels: 'pii.ssn' }] as const) {
      expect(outcome(run({ policy: { classify, rules: [everybody, rule(match, 'deny')] }, statements: [unknownCall] }))).toBe(
        'policy-denied',
      );
      expect(outcome(run({ policy: { classify, rules: [rule(match, 'allow')] }, statements: [unknownCall] }))).toBe('policy-denied');
    }
  });

  it('does not make a call of an unknown routine a DROP', () => {
    expect(outcome(run({ policy: { rules: [everybody, rule({ action: 'drop' }, 'deny')] }, statements: [unknownCall] }))).toBe('allow');
  });

  it('says in a hint why the rule met it', () => {
    expect(run({ policy: { rules: [rule({ action: 'drop' }, 'deny')] }, statements: [doBlock] }).refusal?.hint).toContain('dynamic-sql');
  });
});

describe('evaluate: rights are the intersection over the chain', () => {
  const chain = (subject: readonly string[], ...actors: readonly Actor[]) => person(subject, { actors });
  const inApp: RuleSource = { id: 'app', match: { subject: { groups: 'app' } }, then: 'allow' };
  const table_: readonly (readonly [string, readonly RuleSource[], Principal, string])[] = [
    ['the subject alone', [inApp], person(['app']), 'allow'],
    ['a subject without the group', [inApp], person(['other']), 'policy-denied'],
    ['an agent does not get the groups of its subject', [inApp], chain(['app'], agent([])), 'policy-denied'],
    ['an agent that has the group itself', [inApp], chain(['app'], agent(['app'])), 'allow'],
    ['an agent with the group for a subject without it', [inApp], chain([], agent(['app'])), 'policy-denied'],
    ['one of two actors without the group', [inApp], chain(['app'], agent(['app']), agent([], { id: 'b' })), 'policy-denied'],
    [
      'different rules may grant to different parties',
      [inApp, { id: 'bots', match: { subject: { groups: 'bots' } }, then: 'allow' }],
      chain(['app'], agent(['bots'])),
      'allow',
    ],
    [
      'an allow rule with an actor grants to the subject and the actors that meet it',
      [{ id: 'x', match: { subject: { groups: 'app' }, actor: { kind: 'agent' } }, then: 'allow' }],
      chain(['app'], agent([])),
      'allow',
    ],
    [
      'an actor that does not meet it stays without',
      [{ id: 'x', match: { subject: { groups: 'app' }, actor: { kind: 'agent' } }, then: 'allow' }],
      chain(['app'], agent([]), agent([], { kind: 'service', id: 's' })),
      'policy-denied',
    ],
    ['actor: any grants to all', [{ id: 'x', match: { actor: 'any' }, then: 'allow' }], chain([], agent([])), 'allow'],
    ['actor: any needs one', [{ id: 'x', match: { actor: 'any' }, then: 'allow' }], person(), 'policy-denied'],
    ['actor: none needs none', [{ id: 'x', match: { actor: 'none' }, then: 'allow' }], chain([], agent([])), 'policy-denied'],
    [
      'actor: none, of a deny rule, when one acts',
      [everybody, { id: 'x', match: { actor: 'none' }, then: 'deny' }],
      chain([], agent([])),
      'allow',
    ],
    [
      'an actor condition that the subject meets',
      [everybody, { id: 'x', match: { actor: { kind: 'person' } }, then: 'deny' }],
      person(),
      'allow',
    ],
    [
      'an actor condition that the subject meets, when one acts',
      [everybody, { id: 'x', match: { actor: { kind: 'person' } }, then: 'deny' }],
      chain([], agent([])),
      'allow',
    ],
    ['actor: none', [{ id: 'x', match: { actor: 'none' }, then: 'allow' }], person(), 'allow'],
    [
      'a deny rule meets any party',
      [everybody, { id: 'x', match: { subject: { kind: 'agent' } }, then: 'deny' }],
      chain([], agent([])),
      'policy-denied',
    ],
    [
      'an approve rule meets any actor',
      [everybody, { id: 'x', match: { actor: { kind: 'agent' } }, then: { approve: { groups: ['dba'] } } }],
      chain([], agent([]), agent([], { kind: 'service', id: 's' })),
      'approve x',
    ],
    [
      'an approve rule grants no more than an allow rule would',
      [{ id: 'x', match: { subject: { groups: 'app' } }, then: { approve: { groups: ['dba'] } } }],
      chain(['app'], agent([])),
      'policy-denied',
    ],
    [
      'an approve rule for one party holds what others may do freely',
      [everybody, { id: 'x', match: { subject: { groups: 'interns' } }, then: { approve: { groups: ['dba'] } } }],
      chain(['app'], agent(['interns'])),
      'approve x',
    ],
    [
      'by issuer and id',
      [{ id: 'x', match: { subject: { issuer: 'https://id.example', id: 'alice' } }, then: 'allow' }],
      person(),
      'allow',
    ],
    [
      'by the id of another issuer',
      [{ id: 'x', match: { subject: { issuer: 'https://x', id: 'alice' } }, then: 'allow' }],
      person(),
      'policy-denied',
    ],
  ];
  it.each(table_)('%s', (_, rules, as, want) => {
    expect(outcome(run({ policy: { rules }, statements: [facts({})], as }))).toBe(want);
  });

  it('names the party that lacks a rule', () => {
    const verdict = run({ policy: { rules: [inApp] }, statements: [facts({})], as: chain(['app'], agent([])) });
    expect(verdict.refusal?.message).toContain('the agent that acts for the subject');
  });
});

describe('evaluate: proof', () => {
  const inApp = (key: 'groups' | 'asserted.groups', then: RuleSource['then']): RuleSource => ({
    id: 'x',
    match: { subject: { [key]: 'app' } },
    then,
  });
  const asserted = person(['app'], { proof: { subject: 'token', groups: 'asserted' } });
  const unsaid = person(['app'], { proof: { subject: 'token' } });
  it('grants nothing for what is merely asserted, unless the rule says so', () => {
    for (const as of [asserted, unsaid]) {
      expect(outcome(run({ policy: { rules: [inApp('groups', 'allow')] }, statements: [facts({})], as }))).toBe('policy-denied');
      expect(outcome(run({ policy: { rules: [inApp('asserted.groups', 'allow')] }, statements: [facts({})], as }))).toBe('allow');
    }
  });
  it('takes away also for what is merely asserted', () => {
    expect(outcome(run({ policy: { rules: [everybody, inApp('groups', 'deny')] }, statements: [facts({})], as: asserted }))).toBe(
      'policy-denied',
    );
  });
  it('grants nothing to an actor that nobody vouched for', () => {
    const as = person(['app'], { actors: [agent(['app'])], proof: { subject: 'token', groups: 'token' } });
    expect(outcome(run({ policy: { rules: [inApp('groups', 'allow')] }, statements: [facts({})], as }))).toBe('policy-denied');
  });
  it('reads kind, issuer and id only of a proven subject', () => {
    const as = person([], { proof: { groups: 'token' } });
    for (const subject of [{ kind: 'person' }, { id: 'alice' }, { issuer: 'https://id.example' }] as const) {
      expect(outcome(run({ policy: { rules: [{ id: 'x', match: { subject }, then: 'allow' }] }, statements: [facts({})], as }))).toBe(
        'policy-denied',
      );
    }
  });

  const outside = (then: RuleSource['then']): RuleSource => ({ id: 'x', match: { subject: { notGroups: 'contractors' } }, then });
  const incomplete = person([], { subject: { ...person([]).subject, groupsComplete: false } });
  it('grants by the absence of a group only where no group was left out', () => {
    expect(outcome(run({ policy: { rules: [outside('allow')] }, statements: [facts({})], as: person([]) }))).toBe('allow');
    expect(outcome(run({ policy: { rules: [outside('allow')] }, statements: [facts({})], as: person(['contractors']) }))).toBe(
      'policy-denied',
    );
    expect(outcome(run({ policy: { rules: [outside('allow')] }, statements: [facts({})], as: incomplete }))).toBe('policy-denied');
    expect(outcome(run({ policy: { rules: [outside('allow')] }, statements: [facts({})], as: { ...incomplete, proof: {} } }))).toBe(
      'policy-denied',
    );
  });
  it('grants nothing by the absence of a group from groups that are merely asserted', () => {
    const as = person([], { proof: { subject: 'token', groups: 'asserted' } });
    expect(outcome(run({ policy: { rules: [outside('allow')] }, statements: [facts({})], as }))).toBe('policy-denied');
  });
  it('denies by the absence of a group unless the group is proven', () => {
    const rules = [everybody, outside('deny')];
    expect(outcome(run({ policy: { rules }, statements: [facts({})], as: person(['contractors']) }))).toBe('allow');
    expect(outcome(run({ policy: { rules }, statements: [facts({})], as: incomplete }))).toBe('policy-denied');
    expect(
      outcome(
        run({
          policy: { rules },
          statements: [facts({})],
          as: person(['contractors'], { proof: { subject: 'token', groups: 'asserted' } }),
        }),
      ),
    ).toBe('policy-denied');
  });
});

describe('evaluate: sessions and transactions', () => {
  const begin = facts({ action: 'begin', class: 'transaction' });
  it('allows BEGIN and SET without any rule', () => {
    for (const action of ['begin', 'commit', 'rollback', 'savepoint'] as const) {
      expect(run({ policy: {}, statements: [facts({ action, class: 'transaction' })] })).toMatchObject({
        effect: 'allow',
        rules: ['built-in'],
      });
    }
    for (const action of ['set', 'reset', 'show', 'discard', 'deallocate', 'close'] as const) {
      expect(outcome(run({ policy: {}, statements: [facts({ action, class: 'session' })] }))).toBe('allow');
    }
    expect(outcome(run({ policy: {}, statements: [] }))).toBe('allow');
  });
  it('denies them by a rule all the same', () => {
    expect(outcome(run({ policy: { rules: [{ id: 'x', match: { action: 'begin' }, then: 'deny' }] }, statements: [begin] }))).toBe(
      'policy-denied',
    );
  });
  it.each<[string, Partial<StatementFacts>]>([
    ['raise rights', { action: 'set', class: 'session', elevated: true }],
    ['are of another class', { action: 'set', class: 'privilege' }],
    ['cannot be seen through', { action: 'set', class: 'session', opaque: [opaque('unknown-node')] }],
    ['read', { action: 'set', class: 'session', reads: ['public.people'] }],
    ['send to others', { action: 'notify', class: 'session' }],
  ])('needs a rule for those that %s', (_, more) => {
    expect(outcome(run({ policy: {}, statements: [facts(more)] }))).toBe('policy-denied');
  });
});

describe('evaluate: masks', () => {
  const masked = (output: OutputColumn, as = person()) => masksOf(run({ policy: protectedPolicy, statements: [select(output)], as }));
  it.each<[string, OutputColumn, (string | null)[]]>([
    ['passes a column without a label', out('id'), [null]],
    ['passes a column whose label has no mask', out('name'), [null]],
    ['masks a column passed through', out('email'), ['email']],
    ['masks it under another name', out('x', 'same', 'email'), ['email']],
    ['redacts what is derived', out('x', 'derived', 'email'), ['redact']],
    ['redacts what is derived from it and others', out('x', 'derived', 'id', 'ssn'), ['redact']],
    ['passes what is derived where policy allows it', out('x', 'derived', 'salary'), [null]],
    ['masks what is passed through where derivation is allowed', out('salary'), ['bucket']],
    ['passes a count', out('n', 'counted', 'ssn'), [null]],
    ['takes the strictest of several columns', out('x', 'same', 'email', 'ssn'), ['token']],
    ['makes no tokens of values that the statement chose', { ...out('ssn'), mixed: 'values' }, ['redact']],
    ['makes no tokens of values from an unprotected column', { ...out('x', 'same', 'ssn', 'id'), mixed: 'columns' }, ['redact']],
    ['masks a column alike in every branch', { ...out('ssn'), mixed: 'columns' }, ['token']],
    ['shows chosen values through a mask that needs no key', { ...out('email'), mixed: 'values' }, ['email']],
  ])('%s', (_, output, want) => {
    expect(masked(output)).toEqual(want);
  });

  it('does not let a count hide a derivation', () => {
    const output: OutputColumn = {
      name: 'x',
      opaque: false,
      origins: [...out('n', 'counted', 'ssn').origins, ...out('n', 'derived', 'ssn').origins],
    };
    expect(masked(output)).toEqual(['redact']);
  });

  it('names label, function and sources', () => {
    const verdict = run({ policy: protectedPolicy, statements: [select(out('x', 'same', 'email', 'ssn', 'id'))] });
    expect(verdict.masks[0]).toEqual({
      kind: 'outputs',
      outputs: [
        { label: 'pii.ssn', function: { kind: 'token', domain: 'pii.ssn' }, sources: ['public.people.email', 'public.people.ssn'] },
      ],
    });
    expect(verdict.labels).toEqual(['pii.email', 'pii.ssn']);
    expect(verdict.protectedColumns).toEqual([
      { column: 'public.people.email', label: 'pii.email' },
      { column: 'public.people.ssn', label: 'pii.ssn' },
    ]);
  });

  it('keeps a plan for the second opinion where nothing is masked but something is protected', () => {
    expect(masked(out('id'))).toEqual([null]);
    const free = { ...protectedPolicy, mask: [{ label: 'pii.email', with: 'email', except: { groups: ['app'] } }] } as const;
    expect(masksOf(run({ policy: free, statements: [select(out('email'))] }))).toBe('none');
  });

  it('plans each statement of a unit', () => {
    const verdict = run({
      policy: protectedPolicy,
      statements: [select(out('email')), facts({ action: 'begin', class: 'transaction' }), select(out('ssn'))],
    });
    expect([0, 1, 2].map((at) => masksOf(verdict, at))).toEqual([['email'], [], ['token']]);
  });

  it('refuses a blocked column, passed through or derived, but not counted', () => {
    const policy: Partial<PolicyDocument> = { ...protectedPolicy, mask: [{ label: 'pii.ssn', with: 'block' }] };
    expect(outcome(run({ policy, statements: [select(out('ssn'))] }))).toBe('mask-blocked');
    expect(outcome(run({ policy, statements: [select(out('x', 'derived', 'ssn'))] }))).toBe('mask-blocked');
    expect(outcome(run({ policy, statements: [select(out('x', 'counted', 'ssn'))] }))).toBe('allow');
  });

  it('takes the strictest over several labels and several masks of one label', () => {
    const policy: Partial<PolicyDocument> = {
      classify: [...(protectedPolicy.classify ?? []), { label: 'gdpr', columns: 'crm.public.people.email' }],
      mask: [
        { label: 'pii.email', with: 'last4', predicates: 'allow', write: 'allow', derive: 'allow' },
        { label: 'gdpr', with: { partial: { prefix: 1 } }, predicates: 'equality', write: 'allow', derive: 'allow' },
        { label: 'gdpr', with: 'hash', except: { groups: ['app'] } },
      ],
      rules: [everybody],
    };
    expect(masksOf(run({ policy, statements: [select(out('email'))], as: person(['x']) }))).toEqual(['hash']);
    expect(masksOf(run({ policy, statements: [select(out('email'))], as: person(['app']) }))).toEqual(['last4']);
    const ordered = facts({ columns: [use('email', 'order')] });
    expect(outcome(run({ policy, statements: [ordered], as: person(['app']) }))).toBe('protected-predicate');
  });

  it('lets one mask that says deny stand against writing', () => {
    const policy: Partial<PolicyDocument> = {
      ...protectedPolicy,
      mask: [
        { label: 'pay', with: 'default', write: 'allow' },
        { label: 'pay', with: 'default', write: 'deny' },
      ],
    };
    expect(outcome(run({ policy, statements: [facts({ columns: [use('salary', 'write-target')] })] }))).toBe('protected-write');
  });

  it('redacts what a materialised view holds of a derivation, and passes it where derivation is allowed', () => {
    const summary = table('summary', ['pay', 'number'], { kind: 'materialized-view', definition: 'select …' });
    const views = { 'public.summary': [out('pay', 'derived', 'salary'), out('number', 'derived', 'ssn')] };
    const outputs = ['pay', 'number'].map(
      (name): OutputColumn => ({ name, opaque: false, origins: [{ column: `public.summary.${name}`, how: 'same' }] }),
    );
    const schema = catalogueOf(people, summary);
    expect(masksOf(run({ policy: protectedPolicy, statements: [facts({ outputs })], schema, views }))).toEqual([null, 'redact']);
  });

  it('protects columns that were made since, where nothing else is protected', () => {
    const policy: Partial<PolicyDocument> = {
      classify: [{ label: 'x', columns: 'crm.*.fresh.*' }],
      mask: [{ label: 'x', with: 'email' }],
      rules: [everybody],
    };
    const outputs: OutputColumn[] = [{ name: 'a', opaque: false, origins: [{ column: 'public.fresh.a', how: 'same' }] }];
    expect(masksOf(run({ policy, statements: [facts({ outputs })] }))).toEqual(['email']);
  });

  it('names the labels of columns that only outputs or flows mention', () => {
    const outputs = [out('email')];
    const flows: StatementFacts['flows'] = [{ from: ['public.people.name'], to: { kind: 'column', column: 'public.people.salary' } }];
    expect(run({ policy: protectedPolicy, statements: [facts({ outputs, flows })] }).labels).toEqual(['internal', 'pay', 'pii.email']);
  });

  it('protects columns that were made since the catalogue was read', () => {
    const policy: Partial<PolicyDocument> = {
      ...protectedPolicy,
      classify: [{ label: 'pii.email', columns: 'crm.*.*.email' }],
      mask: [{ label: 'pii.email', with: 'email' }],
    };
    const statement = facts({ outputs: [{ name: 'email', opaque: false, origins: [{ column: 'public.fresh.email', how: 'same' }] }] });
    expect(masksOf(run({ policy, statements: [statement] }))).toEqual(['email']);
  });
});

describe('evaluate: exceptions from masks', () => {
  const read = (except: NonNullable<PolicyDocument['mask']>[number]['except'], as: Principal) => {
    const policy: Partial<PolicyDocument> = {
      ...protectedPolicy,
      mask: [{ label: 'pii.email', with: 'email', ...(except && { except }) }],
    };
    return masksOf(run({ policy, statements: [select(out('email'))], as }));
  };
  const office = { groups: ['privacy-office'] };
  const withAgent = (groups: readonly string[]) => person(['privacy-office'], { actors: [agent(groups)] });
  it.each<[string, Parameters<typeof read>[0], Principal, boolean]>([
    ['the group', office, person(['privacy-office']), true],
    ['another group', office, person(['app']), false],
    ['the group, merely asserted', office, person(['privacy-office'], { proof: { subject: 'token', groups: 'asserted' } }), false],
    ['an agent without the group', office, withAgent([]), false],
    ['an agent with the group', office, withAgent(['privacy-office']), true],
    ['an agent without the group, where actors do not count', { ...office, actors: 'any' }, withAgent([]), true],
    [
      'an agent of a subject without the group, where actors do not count',
      { ...office, actors: 'any' },
      person([], { actors: [agent(['privacy-office'])] }),
      false,
    ],
    ['the party by name', { subjects: [{ issuer: 'https://id.example', id: 'alice' }] }, person(), true],
    ['a party of the same id by another issuer', { subjects: [{ issuer: 'https://other.example', id: 'alice' }] }, person(), false],
    ['the party by name, unproven', { subjects: [{ issuer: 'https://id.example', id: 'alice' }] }, person([], { proof: {} }), false],
    ['two conditions of which one holds', { groups: ['privacy-office'], kind: 'service' }, person(['privacy-office']), false],
    ['two exceptions of which one holds', [{ kind: 'service' }, office], person(['privacy-office']), true],
    [
      'not in a group, where groups may be missing',
      { notGroups: 'contractors' },
      person([], { subject: { ...person([]).subject, groupsComplete: false } }),
      false,
    ],
    ['not in a group', { notGroups: 'contractors' }, person([]), true],
  ])('%s', (_, except, as, reads) => {
    expect(read(except, as)).toEqual(reads ? 'none' : ['email']);
  });
});

describe('evaluate: conditions on protected columns', () => {
  const table_: readonly (readonly [StatementFacts['columns'][number]['use'], string, string, string])[] = [
    // use, predicates: deny (ssn), equality (email), allow (salary)
    ['predicate-equality', 'protected-predicate', 'allow', 'allow'],
    ['join', 'protected-predicate', 'allow', 'allow'],
    ['predicate-other', 'protected-predicate', 'protected-predicate', 'allow'],
    ['group', 'protected-predicate', 'protected-predicate', 'allow'],
    ['order', 'protected-predicate', 'protected-predicate', 'allow'],
    ['argument', 'protected-flow', 'protected-flow', 'protected-flow'],
    ['count', 'allow', 'allow', 'allow'],
    ['output', 'allow', 'allow', 'allow'],
    ['write-target', 'protected-write', 'protected-write', 'allow'],
    ['write-source', 'protected-flow', 'protected-flow', 'protected-flow'],
  ];
  it.each(table_)('%s', (kind, deny, equality, allow) => {
    const of = (column: string, as = person()) =>
      outcome(run({ policy: protectedPolicy, statements: [facts({ columns: [use(column, kind)] })], as }));
    expect(of('ssn')).toBe(deny);
    expect(of('email')).toBe(equality);
    expect(of('salary')).toBe(allow);
    expect(of('name')).toBe('allow');
    expect(of('email', person(['privacy-office']))).toBe('allow');
  });
});

describe('evaluate: protected values that move', () => {
  const flow = (from: string, to: StatementFacts['flows'][number]['to']) =>
    facts({ action: 'insert', class: 'write', columns: [use(from, 'write-source')], flows: [{ from: [`public.people.${from}`], to }] });
  const policy: Partial<PolicyDocument> = {
    ...protectedPolicy,
    classify: [...(protectedPolicy.classify ?? []), { label: 'pii.ssn', columns: 'crm.public.archive.ssn_copy' }],
    mask: [...(protectedPolicy.mask ?? []).filter((mask) => mask.label !== 'pii.ssn'), { label: 'pii.ssn', with: 'token', write: 'allow' }],
  };
  it.each<[string, StatementFacts, string]>([
    ['to a column without labels', flow('ssn', { kind: 'column', column: 'public.archive.note' }), 'protected-flow'],
    ['to a column with another label', flow('email', { kind: 'column', column: 'public.archive.ssn_copy' }), 'protected-flow'],
    ['to a column with the same label', flow('ssn', { kind: 'column', column: 'public.archive.ssn_copy' }), 'allow'],
    ['to a relation', flow('ssn', { kind: 'relation', relation: 'public.copy' }), 'protected-flow'],
    ['to a setting', flow('ssn', { kind: 'setting', name: 'app.x' }), 'protected-flow'],
    ['to a file', flow('ssn', { kind: 'file', name: 'file' }), 'protected-flow'],
    ['to a notification', flow('ssn', { kind: 'notification', name: 'channel' }), 'protected-flow'],
    ['to something outside', flow('ssn', { kind: 'external', name: 'dblink' }), 'protected-flow'],
    ['of a column that is not protected', flow('id', { kind: 'relation', relation: 'public.copy' }), 'allow'],
    ['of a column that only has a label', flow('name', { kind: 'relation', relation: 'public.copy' }), 'allow'],
  ])('%s', (_, statement, want) => {
    expect(outcome(run({ policy, statements: [statement] }))).toBe(want);
  });
  it('to a column that lacks one of several labels', () => {
    const two: Partial<PolicyDocument> = {
      ...policy,
      classify: [...(policy.classify ?? []), { label: 'gdpr', columns: 'crm.public.people.ssn' }],
      mask: [...(policy.mask ?? []), { label: 'gdpr', with: 'hash', write: 'allow' }],
    };
    const statement = flow('ssn', { kind: 'column', column: 'public.archive.ssn_copy' });
    expect(outcome(run({ policy: two, statements: [statement] }))).toBe('protected-flow');
  });
  it('back into a materialised view that has the label by derivation', () => {
    const summary = table('summary', ['number', 'other'], { kind: 'materialized-view', definition: 'select …' });
    const views = { 'public.summary': [out('number', 'derived', 'ssn'), out('other', 'same', 'id')] };
    const refresh = (column: string) => flow('ssn', { kind: 'column', column: `public.summary.${column}` });
    expect(outcome(run({ policy, statements: [refresh('number')], schema: catalogueOf(people, summary), views }))).toBe('allow');
    expect(outcome(run({ policy, statements: [refresh('other')], schema: catalogueOf(people, summary), views }))).toBe('protected-flow');
  });
  it('lets those move them who read them as they are', () => {
    const statement = flow('email', { kind: 'relation', relation: 'public.copy' });
    expect(outcome(run({ policy, statements: [statement], as: person(['privacy-office']) }))).toBe('allow');
  });
});

describe('evaluate: names that carry protection', () => {
  const policy: Partial<PolicyDocument> = {
    classify: [
      { label: 'pii.ssn', columns: ['crm.public.people.ssn', 'crm.public.people.national_id'] },
      { label: 'pii.email', columns: 'crm.*.*.email' },
    ],
    mask: [
      { label: 'pii.ssn', with: 'token' },
      { label: 'pii.email', with: 'email', except: { groups: ['dba'] } },
    ],
    rules: [everybody],
  };
  /** The change of an object, followed by its new name where it gets one. */
  const change = ({ to, ...more }: Partial<StatementFacts['schemaChanges'][number]> & { readonly to?: string }) => {
    const changed = { operation: 'rename', kind: 'table', name: 'public.people', ...more } as const;
    const renamed = to === undefined ? [] : [{ operation: 'rename', kind: changed.kind, name: to } as const];
    return facts({ action: 'rename', class: 'schema', schemaChanges: [changed, ...renamed] });
  };
  const column = (name: string, to: string) => change({ columns: [{ operation: 'rename', name, to }] });
  it.each<[string, StatementFacts, string]>([
    ['a column to a name without the label', column('ssn', 'note'), 'protected-flow'],
    ['a column to another name with the label', column('ssn', 'national_id'), 'allow'],
    ['a column by wildcard', column('email', 'mail'), 'protected-flow'],
    ['a column without labels', column('name', 'full_name'), 'allow'],
    ['a column without a label to one with it', column('name', 'email'), 'protected-write'],
    ['a relation whose labels go by its name', change({ to: 'public.folk' }), 'protected-flow'],
    ['a relation to a name that is not known', change({}), 'protected-flow'],
    ['a relation whose labels go by its column', change({ name: 'public.archive', to: 'public.attic' }), 'allow'],
    ['a schema', change({ kind: 'schema', name: 'public', to: 'other' }), 'protected-flow'],
    ['a relation to another schema', { ...change({ operation: 'alter', to: 'other.people' }), action: 'alter' }, 'protected-flow'],
    [
      'a relation beside another one, whose new names are not given',
      facts({
        action: 'rename',
        class: 'schema',
        schemaChanges: ['orders', 'people'].map((name) => ({ operation: 'rename', kind: 'table', name: `public.${name}` })),
      }),
      'protected-flow',
    ],
    ['a relation that is only changed', { ...change({ operation: 'alter' }), action: 'alter' }, 'allow'],
  ])('%s', (_, statement, want) => {
    expect(outcome(run({ policy, statements: [statement] }))).toBe(want);
  });
  const parent = table('people', ['id', 'ssn', 'email'], { kind: 'partitioned' });
  const child = table('people_eu', ['id', 'ssn', 'email'], { parents: ['public.people'] });
  const view = table('v', ['number', 'ssn'], { kind: 'view', definition: 'select …' });
  const schema = catalogueOf(parent, child, view);
  const views = { 'public.v': [out('number', 'same', 'ssn'), out('ssn', 'same', 'id')] };
  const rename = (name: string, more: Parameters<typeof change>[0]) => change({ name, ...more });
  it.each<[string, StatementFacts, string]>([
    [
      'a column whose label comes from its parent',
      rename('public.people_eu', { columns: [{ operation: 'rename', name: 'ssn', to: 'x' }] }),
      'protected-flow',
    ],
    ['a partition, which keeps what its parent gives', rename('public.people_eu', { to: 'public.eu' }), 'allow'],
    [
      'a partition that leaves the parent it has its labels from',
      { ...rename('public.people_eu', { operation: 'alter', leaves: 'public.people' }), action: 'alter' },
      'protected-flow',
    ],
    [
      'a child without labels that leaves its parent',
      { ...rename('public.orders', { operation: 'alter', leaves: 'public.people' }), action: 'alter' },
      'allow',
    ],
    [
      'a column of a view, which keeps what it derives from',
      rename('public.v', { kind: 'view', columns: [{ operation: 'rename', name: 'number', to: 'x' }] }),
      'allow',
    ],
  ])('%s', (_, statement, want) => {
    expect(outcome(run({ policy, statements: [statement], schema, views }))).toBe(want);
  });
  it('keeps a label that a view has by its own name', () => {
    const named: Partial<PolicyDocument> = {
      ...policy,
      classify: [...(policy.classify ?? []), { label: 'pii.ssn', columns: 'crm.public.v.ssn' }],
    };
    const statement = rename('public.v', { kind: 'view', columns: [{ operation: 'rename', name: 'ssn', to: 'x' }] });
    expect(outcome(run({ policy: named, statements: [statement], schema, views }))).toBe('protected-flow');
  });
  it('binds only those who read the column masked', () => {
    expect(outcome(run({ policy, statements: [column('email', 'mail')], as: person(['dba']) }))).toBe('allow');
  });
});

describe('evaluate: what cannot be seen through, with protected columns in reach', () => {
  const table_: readonly (readonly [string, StatementFacts, string])[] = [
    ...(['unknown-node', 'unknown-routine', 'dynamic-sql', 'session-state', 'schema-changed', 'foreign-data', 'complexity'] as const).map(
      (kind) => [`SELECT with ${kind}`, facts({ opaque: [opaque(kind)] }), 'opaque-statement'] as const,
    ),
    ...(['unknown-relation', 'unknown-column', 'session-state', 'schema-changed'] as const).map(
      (kind) => [`DROP with ${kind}`, facts({ action: 'drop', class: 'schema', opaque: [opaque(kind)] }), 'allow'] as const,
    ),
    ...(['unknown-node', 'dynamic-sql', 'unknown-routine', 'foreign-data', 'complexity'] as const).map(
      (kind) => [`DROP with ${kind}`, facts({ action: 'drop', class: 'schema', opaque: [opaque(kind)] }), 'opaque-statement'] as const,
    ),
    ['SELECT with unknown-relation', facts({ opaque: [opaque('unknown-relation')] }), 'relation-unknown'],
    ['SELECT with unknown-column', facts({ opaque: [opaque('unknown-column')] }), 'column-unknown'],
    [
      'CREATE with unknown-relation',
      facts({ action: 'create', class: 'schema', opaque: [opaque('unknown-relation')] }),
      'relation-unknown',
    ],
    ['an opaque output', facts({ outputs: [{ name: 'x', origins: [], opaque: true }] }), 'opaque-statement'],
    ['an unknown result', facts({ outputs: 'unknown' }), 'opaque-statement'],
    [
      'ALTER with session-state, that moves values',
      facts({
        action: 'alter',
        class: 'schema',
        opaque: [opaque('session-state')],
        flows: [{ from: ['public.orders.id'], to: { kind: 'column', column: 'public.orders.total' } }],
      }),
      'opaque-statement',
    ],
    ['SHOW', facts({ action: 'show', class: 'session', outputs: 'unknown' }), 'allow'],
    ['a plain statement', facts({ reads: ['public.orders'], outputs: [] }), 'allow'],
  ];
  it.each(table_)('%s', (_, statement, want) => {
    expect(outcome(run({ policy: protectedPolicy, statements: [statement] }))).toBe(want);
  });
  it('is up to the rules where nothing is protected from the principal', () => {
    const policy: Partial<PolicyDocument> = {
      ...protectedPolicy,
      mask: [{ label: 'pii.ssn', with: 'token', except: { groups: ['app'] } }],
    };
    expect(outcome(run({ policy, statements: [facts({ opaque: [opaque('unknown-routine')] })] }))).toBe('allow');
    expect(outcome(run({ policy: { rules: [everybody] }, statements: [facts({ opaque: [opaque('unknown-routine')] })] }))).toBe('allow');
  });
  it('touches every label of the upstream', () => {
    const policy: Partial<PolicyDocument> = { ...protectedPolicy, mask: [] };
    expect(run({ policy, statements: [facts({ opaque: [opaque('unknown-routine')] })] }).labels).toEqual([
      'internal',
      'pay',
      'pii.email',
      'pii.ssn',
    ]);
  });
});

describe('evaluate: names that stand for nothing', () => {
  const probe = facts({ opaque: [opaque('unknown-relation')], outputs: [{ name: 'x', origins: [], opaque: true }] });
  const deny = (match: MatchSource): RuleSource => ({ id: 'deny', match, then: 'deny' });
  it.each<[string, readonly RuleSource[], StatementFacts, string]>([
    ['a deny rule about other relations', [everybody, deny({ relations: 'crm.public.people' })], probe, 'relation-unknown'],
    ['a deny rule about labels', [everybody, deny({ labels: 'pii.ssn' })], probe, 'relation-unknown'],
    ['an allow rule about relations', [{ id: 'x', match: { relations: 'crm.public.*' }, then: 'allow' }], probe, 'relation-unknown'],
    ['a deny rule that meets it anyway', [everybody, deny({ class: 'read' })], probe, 'policy-denied'],
    ['no rule', [], probe, 'policy-denied'],
    [
      'more that cannot be seen through',
      [everybody, deny({ relations: 'crm.public.people' })],
      facts({ opaque: [opaque('unknown-relation'), opaque('unknown-routine')] }),
      'policy-denied',
    ],
    [
      'a deny rule about a relation that is read beside it',
      [everybody, deny({ relations: 'crm.public.people' })],
      { ...probe, reads: ['public.people'] },
      'policy-denied',
    ],
  ])('%s', (_, rules, statement, want) => {
    const { classify = [] } = protectedPolicy;
    expect(outcome(run({ policy: { classify, rules }, statements: [statement] }))).toBe(want);
  });
});

describe('evaluate: indexes', () => {
  const index = (kind: string): StatementFacts =>
    facts({
      action: 'create',
      class: 'schema',
      columns: [use('ssn', 'write-source')],
      schemaChanges: [{ operation: 'create', kind, name: 'public.people_ssn' }],
    });
  it('may be made over a protected column, unlike anything else that keeps its values', () => {
    expect(outcome(run({ policy: protectedPolicy, statements: [index('index')] }))).toBe('allow');
    const unnamed = { ...index('index'), schemaChanges: [{ operation: 'alter', kind: 'table', name: 'public.people' }] } as const;
    expect(outcome(run({ policy: protectedPolicy, statements: [unnamed] }))).toBe('allow');
    expect(outcome(run({ policy: protectedPolicy, statements: [index('statistics')] }))).toBe('protected-flow');
    expect(outcome(run({ policy: protectedPolicy, statements: [{ ...unnamed, action: 'alter' }] }))).toBe('protected-flow');
  });
});

describe('evaluate: protection against rules', () => {
  it('refuses before it asks for approval what approval could not make right', () => {
    const policy: Partial<PolicyDocument> = { ...protectedPolicy, rules: [{ id: 'x', then: { approve: { groups: ['dba'] } } }] };
    expect(outcome(run({ policy, statements: [facts({ columns: [use('ssn', 'order')] })] }))).toBe('protected-predicate');
    const held = run({ policy, statements: [select(out('ssn'))] });
    expect(outcome(held)).toBe('approve x');
    expect(masksOf(held)).toEqual(['token']);
  });
  it('does not let an allow rule unmask', () => {
    expect(masksOf(run({ policy: { ...protectedPolicy, default: 'allow' }, statements: [select(out('ssn'))] }))).toEqual(['token']);
  });
});

describe('evaluate: observe', () => {
  const policy: Partial<PolicyDocument> = { ...protectedPolicy, mode: 'observe', rules: [] };
  it('refuses, holds and masks nothing, and says what it would have done', () => {
    const verdict = run({ policy, statements: [select(out('ssn'))] });
    expect(verdict.effect).toBe('allow');
    expect(verdict.masks).toEqual([{ kind: 'none' }]);
    expect(verdict.refusal).toBeUndefined();
    expect(verdict.observed).toMatchObject({ effect: 'deny', refusal: { code: 'policy-denied' } });
    expect(verdict.labels).toEqual(['pii.ssn']);
    const held = run({ policy: { ...policy, rules: [{ id: 'x', then: { approve: { groups: ['dba'] } } }] }, statements: [facts({})] });
    expect(held).toMatchObject({ effect: 'allow', observed: { effect: 'approve', approval: { rule: 'x' } } });
    expect(held.approval).toBeUndefined();
  });
  it('takes one document that enforces for all', () => {
    expect(compile({ mode: 'observe' }, { mode: 'enforce' }).mode).toBe('enforce');
    expect(compile({ mode: 'observe' }, {}).mode).toBe('observe');
    expect(compile({}, {}).mode).toBe('enforce');
    expect(compile({ default: 'allow' }, { default: 'deny' }).default).toBe('deny');
  });
});

describe('evaluate: errors', () => {
  it('refuses what it cannot evaluate', () => {
    const broken = facts({ columns: [{ column: '"unterminated', use: 'output' }] });
    const verdict = run({ policy: protectedPolicy, statements: [broken] });
    expect(verdict).toMatchObject({ effect: 'deny', refusal: { code: 'policy-error' }, masks: [] });
  });
});

describe('originMasks', () => {
  it('gives the mask of every column that is protected from the principal, by the numbers of the server and by its names', () => {
    const policy = compile(protectedPolicy);
    const protection = protectionFor(policy, 'crm', catalogue, () => undefined);
    const masks = originMasks(policy, person(), catalogue, protection);
    expect([...masks].map(([key, mask]) => [key, mask.function.kind])).toEqual([
      [`${people.id}.3`, 'email'],
      [originByName('public', 'People', 'EMAIL'), 'email'],
      [`${people.id}.4`, 'token'],
      [originByName('public', 'people', 'ssn'), 'token'],
      [`${people.id}.5`, 'bucket'],
      [originByName('public', 'people', 'salary'), 'bucket'],
    ]);
    expect(originMasks(policy, person(['privacy-office']), catalogue, protection).has(`${people.id}.3`)).toBe(false);
    expect(originMasks(compile({ ...protectedPolicy, mode: 'observe' }), person(), catalogue, protection).size).toBe(0);
  });
});
