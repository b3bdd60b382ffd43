import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ConfigError } from '../config/config-error.js';
import { loadPolicies } from './load-policies.js';

const root = mkdtempSync(join(tmpdir(), 'sqlwarden-policies-'));
afterAll(() => rmSync(root, { recursive: true }));

let made = 0;
/** A directory with these files. */
function directory(files: Readonly<Record<string, string | Uint8Array>>): string {
  const path = join(root, String((made += 1)));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

function failure(load: () => unknown): ConfigError {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('it loaded');
}
const problemsOf = (yaml: string | Uint8Array): string[] =>
  failure(() => loadPolicies(['p.yaml'], directory({ 'p.yaml': yaml }))).message.split('\n');

const rule = (text: string): string => `version: 1\nrules:\n  - { id: a, ${text} }\n`;
const classified = (mask: string): string =>
  `version: 1\nclassify:\n  - { label: pii, columns: crm.public.people.ssn }\nmask:\n  - ${mask}\n`;

describe('loadPolicies: what is wrong, where, and what to write instead', () => {
  it.each<[string, string, string[]]>([
    ['a tab', 'version: 1\nrules:\n\t- { id: a, then: allow }\n', ['p.yaml:3:1: is indented by a tab; write spaces instead']],
    ['a duplicate key', 'version: 1\ndefault: deny\ndefault: allow\n', ['p.yaml:3:1: is a key that was given before; write each key once']],
    ['two documents', 'version: 1\n---\nversion: 1\n', ['p.yaml:2:1: begins another document; write one document per file']],
    ['a tag', "version: 1\nrules: !!js/function 'x'\n", ['p.yaml:2:8: has a tag that is not known; write the value without it']],
    ['an open quote', 'version: 1\ndefault: "deny\n', ['p.yaml:3:1: lacks a character, such as a closing quote, bracket or ":"; write it']],
    [
      'a missing comma',
      'version: 1\nclassify:\n  - { label: pii columns: x }\n',
      ['p.yaml:3:14: lacks a comma or a closing bracket; write it'],
    ],
    ['an empty file', '', ['p.yaml:1:1: is empty where a mapping of keys to values is needed; write a mapping of keys to values']],
    ['a list', '- a\n', ['p.yaml:1:1: is a list where a mapping of keys to values is needed; write a mapping of keys to values']],
    ['no version', 'default: deny\n', ['p.yaml:1:1: lacks the key "version"; write it']],
    ['another version', 'version: 2\n', ['p.yaml:1:10: version is not 1; write 1 instead']],
    ['a misspelt section', 'version: 1\nrule: []\n', ['p.yaml:2:1: rule is not a key that is known here; write rules instead']],
    [
      'an unknown section',
      'version: 1\nfoo: 1\n',
      [
        'p.yaml:2:1: foo is not a key that is known here; write one of version, mode, default, classify, mask, rules, limits, require, tests instead',
      ],
    ],
    [
      'a key of the prototype',
      'version: 1\nrules: []\nconstructor: 1\n',
      [
        'p.yaml:3:1: constructor is not a key that is known here; write one of version, mode, default, classify, mask, rules, limits, require, tests instead',
      ],
    ],
    [
      'a misspelt condition',
      'version: 1\nrules:\n  - id: a\n    match: { clas: read }\n    then: allow\n',
      ['p.yaml:4:14: rules[0].match.clas is not a key that is known here; write class instead'],
    ],
    [
      'a key of another product',
      rule('effect: deny, then: deny'),
      ['p.yaml:3:14: rules[0].effect is not a key that is known here; write then instead'],
    ],
    ['a rule without then', rule('message: x'), ['p.yaml:3:5: rules[0] lacks the key "then"; write it']],
    [
      'a misspelt class',
      rule('match: { class: [read, reed] }, then: allow'),
      ['p.yaml:3:37: rules[0].match.class[1] is "reed", which is not known here; write read instead'],
    ],
    [
      'an unknown effect',
      rule('then: permit'),
      ['p.yaml:3:20: rules[0].then is "permit", which is not known here; write allow, deny, or {approve: {groups: [dba]}} instead'],
    ],
    ['a misspelt effect', rule('then: alow'), ['p.yaml:3:20: rules[0].then is "alow", which is not known here; write allow instead']],
    [
      'approval by nobody',
      rule('then: { approve: { people: 1 } }'),
      ['p.yaml:3:31: rules[0].then.approve lacks the key "groups"; write a list of groups, such as [dba]'],
    ],
    [
      'a text for a list',
      rule('then: { approve: { groups: dba } }'),
      ['p.yaml:3:41: rules[0].then.approve.groups is a text where a list is needed; write a list of groups, such as [dba]'],
    ],
    [
      'an empty list',
      rule('then: { approve: { groups: [] } }'),
      ['p.yaml:3:41: rules[0].then.approve.groups is an empty list; write a list of groups, such as [dba]'],
    ],
    [
      'no duration',
      rule('then: { approve: { groups: [dba], within: 15 minutes } }'),
      ['p.yaml:3:56: rules[0].then.approve.within is not right here; write a duration such as 15m'],
    ],
    [
      'no time at all',
      rule('then: { approve: { groups: [dba], within: 0m } }'),
      ['p.yaml:3:56: rules[0].then.approve.within "0m" is not a duration; write one like "15m"'],
    ],
    [
      'no people',
      rule('then: { approve: { groups: [dba], people: 0 } }'),
      ['p.yaml:3:56: rules[0].then.approve.people is out of range; write a number from 1 up to 10'],
    ],
    [
      'a rule id twice',
      'version: 1\nrules:\n  - { id: a, then: allow }\n  - { id: a, then: deny }\n',
      ['p.yaml:4:11: rules[1].id "a" is taken by an earlier rule, limit or requirement; write another one'],
    ],
    [
      'a reserved rule id',
      'version: 1\nrules:\n  - { id: default, then: allow }\n',
      ['p.yaml:3:11: rules[0].id "default" is reserved; write another one'],
    ],
    [
      'a pattern of three parts',
      'version: 1\nclassify:\n  - { label: pii, columns: crm.people.ssn }\n',
      ['p.yaml:3:28: classify[0].columns "crm.people.ssn" has 3 parts instead of 4; write upstream.schema.relation.column'],
    ],
    [
      'a pattern with an empty part',
      'version: 1\nclassify:\n  - label: pii\n    columns: ["crm.public.people.email", "crm.public..ssn"]\n',
      [
        'p.yaml:4:42: classify[0].columns[1] "crm.public..ssn" is not a name pattern; write upstream.schema.relation.column, with "*" for any run of characters inside a part',
      ],
    ],
    [
      'a relation of two parts',
      rule('match: { relations: { read: crm.people } }, then: deny'),
      ['p.yaml:3:42: rules[0].match.relations.read "crm.people" has 2 parts instead of 3; write upstream.schema.relation'],
    ],
    [
      'a routine of three parts',
      rule('match: { routines: [a.b.c] }, then: deny'),
      ['p.yaml:3:34: rules[0].match.routines[0] "a.b.c" has 3 parts instead of 2; write schema.name'],
    ],
    [
      'no label',
      'version: 1\nclassify:\n  - { label: PII Email, columns: crm.public.people.ssn }\n',
      ['p.yaml:3:14: classify[0].label is not right here; write a label such as pii.email'],
    ],
    [
      'a misspelt label',
      classified('{ label: pij, with: email }'),
      ['p.yaml:5:14: mask[0].label "pij" is not the label of any classification; write pii instead'],
    ],
    [
      'a label that nothing has',
      rule('match: { labels: [pii] }, then: deny'),
      ['p.yaml:3:32: rules[0].match.labels[0] "pii" is not the label of any classification; classify columns with it first'],
    ],
    [
      'a function that needs settings',
      classified('{ label: pii, with: partial }'),
      [
        'p.yaml:5:25: mask[0].with is "partial", which is not known here; write null, default, redact, email, last4, hash, token or block, or one with settings such as {partial: {prefix: 2, suffix: 2}} instead',
      ],
    ],
    [
      'two functions',
      classified('{ label: pii, with: { bucket: { size: 1 }, noise: { ratio: 1 } } }'),
      ['p.yaml:5:25: mask[0].with has several keys; write exactly one function, such as {partial: {prefix: 2, suffix: 2}}'],
    ],
    [
      'a number out of range',
      classified('{ label: pii, with: { bucket: { size: 0 } } }'),
      ['p.yaml:5:43: mask[0].with.bucket.size is out of range; write a number over 0'],
    ],
    [
      'a pattern that is not linear',
      classified("{ label: pii, with: { regex: { pattern: '(?=a)b' } } }"),
      [
        'p.yaml:5:45: mask[0].with.regex.pattern is not a regular expression in RE2 syntax (invalid or unsupported Perl syntax: `(?=`); look-around and back-references do not exist in it',
      ],
    ],
    [
      'a condition that is empty',
      rule('match: { subject: {} }, then: allow'),
      ['p.yaml:3:32: rules[0].match.subject is empty; write at least one condition, such as {groups: [app]}'],
    ],
    [
      'a value that is empty',
      rule('match: { subject: { groups: } }, then: allow'),
      ['p.yaml:3:42: rules[0].match.subject.groups is empty where a text is needed; write a text that is not empty'],
    ],
    [
      'an actor by word',
      rule('match: { actor: agent }, then: allow'),
      [
        'p.yaml:3:30: rules[0].match.actor is "agent", which is not known here; write any, none, or conditions such as {kind: agent} instead',
      ],
    ],
    [
      'a text for true',
      rule("match: { opaque: 'yes' }, then: deny"),
      ['p.yaml:3:31: rules[0].match.opaque is a text where true or false is needed; write true or false'],
    ],
    [
      'two wants',
      "version: 1\ntests:\n  - { as: {}, sql: 'x', want: { allowed: true, refused: a } }\n",
      ['p.yaml:3:31: tests[0].want has several keys; write exactly one of allowed, refused, approve, masked, limited'],
    ],
    [
      'a limit of nothing',
      'version: 1\nlimits:\n  - { id: a, each: identity }\n',
      ['p.yaml:3:5: limits[0] "a" limits nothing; write rowsReturned, rowsAffected or statements'],
    ],
    [
      'statements without a time',
      'version: 1\nlimits:\n  - { id: a, statements: { max: 3 } }\n',
      ['p.yaml:3:26: limits[0].statements lacks the key "per"; write a duration such as 1h'],
    ],
    [
      'a limit in no time',
      'version: 1\nlimits:\n  - { id: a, rowsReturned: { max: 3, per: 0s } }\n',
      ['p.yaml:3:43: limits[0].rowsReturned.per "0s" is neither "statement" nor a duration; write one like "1h"'],
    ],
    [
      'a limit with the id of a rule',
      'version: 1\nrules:\n  - { id: a, then: allow }\nlimits:\n  - { id: a, rowsAffected: { max: 3 } }\n',
      ['p.yaml:5:11: limits[0].id "a" is taken by an earlier rule, limit or requirement; write another one'],
    ],
    [
      'a requirement with the id of a rule',
      'version: 1\nrules:\n  - { id: a, then: allow }\nrequire:\n  - { id: a, ticket: "." }\n',
      ['p.yaml:5:11: require[0].id "a" is taken by an earlier rule, limit or requirement; write another one'],
    ],
    [
      'a requirement of nothing',
      'version: 1\nrequire:\n  - { id: a }\n',
      ['p.yaml:3:5: require[0] "a" requires nothing; write ticket, purpose or traceparent'],
    ],
    [
      'a limit by a label that nothing has',
      'version: 1\nlimits:\n  - { id: a, match: { labels: pii }, rowsAffected: { max: 3 } }\n',
      ['p.yaml:3:31: limits[0].match.labels "pii" is not the label of any classification; classify columns with it first'],
    ],
    [
      'a path that is none',
      'version: 1\nclassify:\n  - { label: a, columns: "crm.a.b.c#/x~5" }\n',
      ['p.yaml:3:26: classify[0].columns "crm.a.b.c#/x~5" has a path that is no JSON Pointer; write one like #/user/email'],
    ],
    [
      'several things at once, in the order of the file',
      'version: 1\nmode: enforced\ndefault: block\nrules:\n  - { id: a, then: allow, mesage: x }\n',
      [
        'p.yaml:2:7: mode is "enforced", which is not known here; write enforce instead',
        'p.yaml:3:10: default is "block", which is not known here; write one of deny, allow instead',
        'p.yaml:5:27: rules[0].mesage is not a key that is known here; write message instead',
      ],
    ],
  ])('%s', (_, yaml, want) => {
    expect(problemsOf(yaml)).toEqual(want);
  });

  it('bounds what a small file can cost', () => {
    const list = (name: string, item: string): string => `${name}: &${name} [${Array.from({ length: 10 }, () => item).join(',')}]\n`;
    const bomb = `version: 1\n${list('a', 'x')}${list('b', '*a')}${list('c', '*b')}${list('d', '*c')}`;
    expect(problemsOf(bomb)).toEqual(['p.yaml: expands aliases too often; write the values out']);
    expect(problemsOf(`version: 1\nrules: ${'['.repeat(100_000)}\n`)).toEqual(['p.yaml:2:48: is nested deeper than 40 levels']);
    expect(problemsOf(`${'- '.repeat(100_000)}x\n`)).toEqual(['p.yaml:1:1: is nested deeper than 40 levels']);
    const tooLarge = failure(() => loadPolicies(['p.yaml'], directory({ 'p.yaml': `version: 1\n# ${'x'.repeat(1024 * 1024)}\n` })));
    expect(tooLarge.code).toBe('file-too-large');
  });

  it('takes no time quadratic in the number of keys', () => {
    const many = Array.from({ length: 60_000 }, (_, at) => `k${at}: 1\n`).join('');
    const started = performance.now();
    expect(problemsOf(`version: 1\n${many}k7: 1\n`)).toEqual(['p.yaml:60002:1: is a key that was given before; write each key once']);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('finds keys given twice at every level, all at once', () => {
    const yaml = 'version: 1\nversion: 1\nrules:\n  - { id: a, id: b, then: allow }\n  - match: { class: read, "class": write }\n';
    expect(problemsOf(yaml).map((line) => line.split(' ')[0])).toEqual(['p.yaml:2:1:', 'p.yaml:4:14:', 'p.yaml:5:27:']);
  });

  it('refuses what is not UTF-8', () => {
    expect(problemsOf(new Uint8Array([0x76, 0xff]))).toEqual(['p.yaml: is not UTF-8; save it as UTF-8']);
  });

  it('collects the problems of all files', () => {
    const base = directory({ 'a.yaml': 'version: 2\n', 'b.yaml': 'version: 1\nrulez: []\n' });
    expect(failure(() => loadPolicies(['*.yaml'], base)).problems.map(({ file, line }) => [file, line])).toEqual([
      ['a.yaml', 1],
      ['b.yaml', 2],
    ]);
  });

  it('finds ids that are taken by another file', () => {
    const base = directory({ 'a.yaml': rule('then: allow'), 'b.yaml': rule('then: deny') });
    expect(failure(() => loadPolicies(['*.yaml'], base)).message).toBe(
      'b.yaml:3:11: rules[0].id "a" is taken by an earlier rule, limit or requirement; write another one',
    );
  });

  it('names a file that cannot be read and a pattern that fits none', () => {
    const base = directory({ 'a.yaml': rule('then: allow') });
    expect(failure(() => loadPolicies(['missing.yaml'], base))).toMatchObject({ code: 'file-unreadable' });
    expect(failure(() => loadPolicies(['a.yaml', 'other/*.yaml'], base)).message).toBe(
      'other/*.yaml: no file fits this pattern; correct it or add a policy',
    );
  });
});

describe('loadPolicies: what it loads', () => {
  const full = `# yaml-language-server: $schema=./node_modules/@sqlwarden/runtime/schema/policy.schema.json
version: 1
mode: enforce
default: deny
classify:
  - { label: pii.email, columns: ["crm.*.*.email", 'crm."Odd Schema".people."e.mail"'] }
mask:
  - label: pii.email
    with: null
    except: [{ groups: [privacy-office] }, { subjects: [{ issuer: https://id.example, id: bob }], actors: any }]
    predicates: deny
    derive: allow
    write: allow
rules:
  - { id: a, match: { subject: { asserted.groups: app, kind: [person] }, actor: none, labels: pii.*, statements: { min: 2 } }, then: allow }
tests:
  - { as: { groups: [app] }, sql: "select 1", want: { allowed: true } }
  - as: { kind: agent, actors: [{ id: bot }] }
    sql: select email from people
    want: { masked: { email: "null" } }
`;
  it('gives the policy, its tests with their lines, and the files', () => {
    const loaded = loadPolicies(['p.yaml'], directory({ 'p.yaml': full }));
    expect(loaded.tests.map(({ file, line }) => [file, line])).toEqual([
      ['p.yaml', 17],
      ['p.yaml', 18],
    ]);
    expect(loaded.policy.masks.get('pii.email')?.[0]?.function).toEqual({ kind: 'null' });
    expect(loaded.documents[0]?.file).toBe('p.yaml');
  });

  it('has a digest that sha256sum can check, and that any changed byte changes', () => {
    const files = { 'a.yaml': rule('then: allow'), 'b.yaml': 'version: 1\n' };
    const loaded = loadPolicies(['*.yaml'], directory(files));
    const hex = (data: string): string => createHash('sha256').update(data).digest('hex');
    expect(loaded.files).toEqual([
      { path: 'a.yaml', sha256: hex(files['a.yaml']) },
      { path: 'b.yaml', sha256: hex(files['b.yaml']) },
    ]);
    expect(loaded.digest).toBe(hex(`${hex(files['a.yaml'])}\n${hex(files['b.yaml'])}\n`));
    expect(loadPolicies(['*.yaml'], directory({ ...files, 'b.yaml': 'version: 1\n\n' })).digest).not.toBe(loaded.digest);
    expect(loadPolicies(['b.yaml', 'a.yaml'], directory(files)).digest).not.toBe(loaded.digest);
  });

  it('takes files by patterns, sorted, once, without hidden ones', () => {
    const base = directory({
      'x/b.yaml': 'version: 1\n',
      'x/a.yaml': 'version: 1\n',
      'x/.c.yaml': '(',
      'y/d.yaml': 'version: 1\n',
      'y/e.yml': '(',
    });
    symlinkSync(join(base, 'y', 'd.yaml'), join(base, 'x', 'z.yaml'));
    expect(loadPolicies(['x/b.yaml', '*/*.yaml'], base).files.map(({ path }) => path)).toEqual([
      'x/b.yaml',
      'x/a.yaml',
      'x/z.yaml',
      'y/d.yaml',
    ]);
  });
});
