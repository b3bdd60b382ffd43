import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { protectionFor, type UnitFacts } from '@sqlwarden/core';
import { loadPolicies } from './load-policies.js';
import { runPolicyTests } from './run-tests.js';

const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-described-'));
afterAll(() => rmSync(directory, { recursive: true }));

const POLICY = `version: 1
default: deny
rules:
  - { id: forge, match: { subject: { groups: [app] }, actor: { model: [{ name: forge, version: "2.*" }, { digest: "sha256:aa" }], version: ["1.4", "1.5"] } }, then: allow }
  - { id: trainers, match: { subject: { kind: agent, workload: { namespace: ml, serviceAccount: train-*, imageDigest: "sha256:*" }, run: { trainingRun: "*" } } }, then: allow }
  - { id: said, match: { subject: { id: loud, asserted.model: { name: x }, asserted.version: "1", asserted.workload: [{ node: n }], asserted.run: { job: j } } }, then: allow }
  - { id: withdrawn, match: { actor: { model: { provider: bad } } }, then: deny }
tests:
  - { note: a, as: { groups: [app], actors: [{ model: { provider: acme, name: forge, version: "2.1" }, version: "1.4" }] }, sql: select, want: { allowed: true } }
  - { note: b, as: { groups: [app], actors: [{ model: { provider: acme, name: forge, version: "3.0" }, version: "1.4" }] }, sql: select, want: { refused: default } }
  - { note: c, as: { groups: [app], actors: [{ model: { provider: bad, name: forge, version: "2.1" }, version: "1.4" }] }, sql: select, want: { refused: withdrawn } }
  - { note: d, as: { groups: [app], actors: [{ version: "1.4" }] }, sql: select, want: { refused: withdrawn } }
  - { note: e, as: { kind: agent, workload: { namespace: ml, serviceAccount: train-a, imageDigest: "sha256:bb" }, run: { trainingRun: r } }, sql: select, want: { allowed: true } }
  - { note: f, as: { kind: agent, workload: { namespace: ml, serviceAccount: train-a, imageDigest: "sha256:bb" } }, sql: select, want: { refused: default } }
  - { note: g, as: { kind: agent, workload: { namespace: dev, serviceAccount: train-a, imageDigest: "sha256:bb" }, run: { trainingRun: r } }, sql: select, want: { refused: default } }
  - { note: h, as: { id: loud, model: { name: x }, version: "1", workload: { node: n }, run: { job: j } }, sql: select, want: { allowed: true } }
`;

function load(text: string): ReturnType<typeof loadPolicies> {
  writeFileSync(join(directory, 'p.yaml'), text);
  return loadPolicies(['p.yaml'], directory);
}

describe('conditions on models, workloads and runs', () => {
  it('are read from YAML, and by the tests of the policy', async () => {
    const { policy, tests } = load(POLICY);
    const catalogue = {
      version: 1,
      serverVersion: 180_000,
      database: 'crm',
      relations: new Map(),
      relationsById: new Map(),
      routines: new Map(),
      schemas: new Set<string>(),
    };
    const select = {
      action: 'select',
      class: 'read',
      span: { start: 0, end: 1 },
      reads: ['public.people'],
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
    } as const;
    const facts: UnitFacts = { statements: [select] };
    const upstream = {
      name: 'crm',
      protection: protectionFor(policy, 'crm', catalogue, () => undefined),
      analyse: () => Promise.resolve({ ok: true as const, facts }),
    };
    const reports = await runPolicyTests({ tests, policy, environment: 'test', upstreams: [upstream] });
    expect(reports.filter(({ passed }) => !passed).map(({ name, got }) => `${name}: ${got}`)).toEqual([]);
    expect(reports).toHaveLength(8);
  });

  it.each<[string, string, RegExp]>([
    ['a member that there is not', 'model: { nmae: x }', /model\.nmae/],
    ['no member', 'workload: {}', /workload/],
    ['a number', 'version: 2', /version/],
    ['a text for a run', 'run: r1', /run/],
  ])('are wrong with %s', (_, condition, want) => {
    expect(() => load(`version: 1\nrules:\n  - { id: a, match: { actor: { ${condition} } }, then: allow }\n`)).toThrow(want);
  });
});
