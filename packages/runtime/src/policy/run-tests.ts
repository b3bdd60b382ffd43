import {
  type Actor,
  assertedIntent,
  type CompiledPolicy,
  evaluate,
  type Party,
  type PolicyTest,
  type Principal,
  type ProtectionMap,
  type TestIdentity,
  type UnitFacts,
  unmetRequirement,
  unreachable,
  type Verdict,
} from '@sqlwarden/core';
import type { LocatedTest } from './load-policies.js';

/** One upstream as policy tests need it: how its statements are understood, and what of it is protected. */
export interface TestUpstream {
  readonly name: string;
  readonly protection: ProtectionMap;
  /** The facts of a unit of statements, or why there are none. Should not reject; when it does, the test fails. */
  analyse(sql: string): Promise<{ readonly ok: true; readonly facts: UnitFacts } | { readonly ok: false; readonly message: string }>;
}

export interface RunTestsInput {
  readonly tests: readonly LocatedTest[];
  readonly policy: CompiledPolicy;
  /** For tests that say no environment of their own. */
  readonly environment: string;
  readonly upstreams: readonly TestUpstream[];
}

/** What became of one test. `got` and `want` are for people to compare. */
export interface TestReport {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly passed: boolean;
  readonly want: string;
  readonly got: string;
  /** When it was evaluated. */
  readonly verdict?: Verdict;
}

/** Runs policy tests in their order. Never rejects: what cannot be run has failed. A policy in observe mode is tested as if it enforced. */
export async function runPolicyTests(input: RunTestsInput): Promise<readonly TestReport[]> {
  const reports: TestReport[] = [];
  for (const located of input.tests) reports.push(await runTest(located, input));
  return reports;
}

async function runTest({ file, line, test }: LocatedTest, input: RunTestsInput): Promise<TestReport> {
  const base = { file, line, name: test.note ?? shorten(test.sql), want: describeWant(test.want) };
  const failed = (got: string): TestReport => ({ ...base, passed: false, got });
  const upstream = upstreamFor(test, input.upstreams);
  if (typeof upstream === 'string') return failed(upstream);
  let answer: Awaited<ReturnType<TestUpstream['analyse']>>;
  try {
    answer = await upstream.analyse(test.sql);
  } catch (error) {
    return failed(`the statement could not be analysed: ${error instanceof Error ? error.message : 'unknown error'}`);
  }
  if (!answer.ok) return unparsed(base, test, answer.message);
  const judged = evaluate({
    policy: { ...input.policy, mode: 'enforce' },
    principal: testPrincipal(test.as),
    facts: answer.facts,
    upstream: upstream.name,
    environment: test.environment ?? input.environment,
    protection: upstream.protection,
  });
  const verdict = withRequirements(judged, input.policy, test);
  return { ...base, passed: meets(verdict, answer.facts, test), got: describeGot(verdict, answer.facts), verdict };
}

/** As the engine does it for each unit that may run otherwise. */
function withRequirements(verdict: Verdict, policy: CompiledPolicy, { asserted }: PolicyTest): Verdict {
  if (verdict.requirements === undefined) return verdict;
  const said = asserted === undefined ? undefined : assertedIntent('library', asserted);
  const refusal = unmetRequirement(policy, verdict.requirements, said, (fields) => `the test says it with asserted: ${fields.join(', ')}`);
  return refusal === undefined ? verdict : { ...verdict, effect: 'deny', refusal };
}

function unparsed(base: Pick<TestReport, 'file' | 'line' | 'name' | 'want'>, test: PolicyTest, message: string): TestReport {
  const wanted = 'refused' in test.want && test.want.refused === 'statement-unparsed';
  return { ...base, passed: wanted, got: `refused: statement-unparsed (${message})` };
}

function upstreamFor(test: PolicyTest, upstreams: readonly TestUpstream[]): TestUpstream | string {
  const names = upstreams.map(({ name }) => name).join(', ');
  if (test.upstream === undefined) {
    const [only] = upstreams;
    return only !== undefined && upstreams.length === 1
      ? only
      : `not run: there are several upstreams; write upstream: with one of ${names}`;
  }
  return upstreams.find(({ name }) => name === test.upstream) ?? `not run: there is no upstream "${test.upstream}"; write one of ${names}`;
}

const TEST_ISSUER = 'urn:sqlwarden:policy-tests';

/** A principal with everything proven by a token, that never expires. */
export function testPrincipal(identity: TestIdentity): Principal {
  const actors = (identity.actors ?? []).map((actor, at): Actor => partyOf(actor, 'agent', `test-actor-${at + 1}`));
  const { workload, run } = identity;
  return {
    subject: partyOf(identity, 'person', 'test-subject'),
    actors,
    ...(workload === undefined ? {} : { workload }),
    ...(run === undefined ? {} : { run }),
    proof: { subject: 'token', groups: 'token', actors: 'token', model: 'token', workload: 'token', run: 'token' },
    expiresAt: Number.MAX_SAFE_INTEGER,
  };
}

function partyOf(source: Omit<TestIdentity, 'actors'>, kind: Party['kind'], id: string): Party {
  return {
    kind: source.kind ?? kind,
    issuer: source.issuer ?? TEST_ISSUER,
    id: source.id ?? id,
    groups: source.groups ?? [],
    groupsComplete: true,
    ...(source.model === undefined ? {} : { model: source.model }),
    ...(source.version === undefined ? {} : { version: source.version }),
  };
}

function meets(verdict: Verdict, facts: UnitFacts, { want }: PolicyTest): boolean {
  if ('allowed' in want) return verdict.effect === 'allow';
  if ('approve' in want) return verdict.effect === 'approve' && verdict.rules.includes(want.approve);
  if ('masked' in want) return verdict.effect === 'allow' && sameEntries(maskedOutputs(verdict, facts), want.masked);
  if ('limited' in want) return verdict.effect === 'allow' && sameNames(limitsOf(verdict), want.limited);
  if (verdict.refusal === undefined) return false;
  const { code, rule } = verdict.refusal;
  const decided = rule ?? (code === 'policy-denied' ? 'default' : undefined);
  return want.refused === code || want.refused === decided;
}

/** Which output columns are masked with what, over all statements of the unit. Of columns of one name, the first masked one. */
function maskedOutputs(verdict: Verdict, facts: UnitFacts): ReadonlyMap<string, string> {
  const masked = new Map<string, string>();
  for (const [at, masks] of verdict.masks.entries()) {
    const outputs = facts.statements[at]?.outputs;
    if (masks.kind === 'none' || outputs === undefined || outputs === 'unknown') continue;
    for (const [position, mask] of masks.outputs.entries()) {
      const name = outputs[position]?.name;
      if (mask !== null && name !== undefined && !masked.has(name)) masked.set(name, mask.function.kind);
    }
  }
  return masked;
}

function sameEntries(got: ReadonlyMap<string, string>, want: Readonly<Record<string, string>>): boolean {
  const entries = Object.entries(want);
  return entries.length === got.size && entries.every(([name, kind]) => got.get(name) === kind);
}

/** Ids of the limits that hold for some statement of the unit. */
function limitsOf(verdict: Verdict): readonly string[] {
  return [...new Set((verdict.limits ?? []).flat().map(({ limit }) => limit))].sort();
}

function sameNames(got: readonly string[], want: readonly string[]): boolean {
  const wanted = new Set(want);
  return got.length === wanted.size && got.every((name) => wanted.has(name));
}

function describeWant(want: PolicyTest['want']): string {
  if ('allowed' in want) return 'allowed';
  if ('approve' in want) return `held for approval by ${want.approve}`;
  if ('masked' in want) return `allowed, masked: ${describeMasks(Object.entries(want.masked))}`;
  if ('limited' in want) return `allowed, limited: ${listed(want.limited)}`;
  return `refused: ${want.refused}`;
}

function describeGot(verdict: Verdict, facts: UnitFacts): string {
  switch (verdict.effect) {
    case 'deny':
      return `refused: ${[verdict.refusal?.rule, verdict.refusal?.code].filter((part) => part !== undefined).join(', ')} (${verdict.refusal?.message ?? ''})`;
    case 'approve':
      return `held for approval by ${verdict.approval?.rule ?? ''}`;
    case 'allow': {
      const limited = verdict.limits === undefined ? '' : `, limited: ${listed(limitsOf(verdict))}`;
      return `allowed by ${verdict.rules.join(', ')}, masked: ${describeMasks([...maskedOutputs(verdict, facts)])}${limited}`;
    }
    default:
      return unreachable(verdict.effect);
  }
}

function listed(list: readonly string[]): string {
  return list.length === 0 ? 'nothing' : list.join(', ');
}

function describeMasks(masks: readonly (readonly [string, string])[]): string {
  return masks.length === 0 ? 'nothing' : masks.map(([name, kind]) => `${name} with ${kind}`).join(', ');
}

/** The first line, cut: it is shown to the author of the test only. */
function shorten(sql: string): string {
  const [line = ''] = sql.trim().split('\n');
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
