import { availableParallelism } from 'node:os';
import type { InactiveRule } from '@sqlwarden/core';
import type { GatewayConfig, Inspection } from '@sqlwarden/runtime';
import { CONFIG_OPTION, defineCommand, JSON_OPTION } from '../command.js';
import { EXIT } from '../failure.js';
import { oneLine, type Terminal } from '../terminal.js';
import { inspecting, reasonOf } from './inspect.js';

export const check = defineCommand({
  name: 'check',
  summary: 'check configuration and policy; say which parts of the policy do nothing',
  details: [
    'Finds every problem of the files, with line and column. With --connect it also reads the schema of each upstream and lists the',
    'rules and classifications that do nothing there; it fails when an upstream cannot be reached, and with --strict when anything is',
    'inactive.',
  ],
  options: {
    ...CONFIG_OPTION,
    connect: { type: 'flag', help: 'look at the schemas of the upstreams too' },
    strict: { type: 'flag', help: 'fail on warnings and inactive parts' },
    ...JSON_OPTION,
  },
  run: ({ options, out, err }) =>
    inspecting(options.config, err, async (inspection) => {
      const result = await checked(inspection, options.connect);
      if (options.json) out.line(JSON.stringify(result, undefined, 2));
      else printCheck(result, out);
      const unreachable = result.upstreams.some((upstream) => upstream.unreachable !== undefined);
      const loud = result.warnings.length + result.upstreams.reduce((sum, upstream) => sum + (upstream.inactive?.length ?? 0), 0);
      return unreachable || (options.strict && loud > 0) ? EXIT.failure : EXIT.ok;
    }),
});

interface CheckedUpstream {
  readonly name: string;
  /** Absent when it was not looked at. */
  readonly inactive?: readonly InactiveRule[];
  /** What is weak in the roles that its sessions run as. */
  readonly warnings?: readonly string[];
  readonly unreachable?: string;
}

interface CheckResult {
  readonly file: string;
  readonly environment: string;
  /** Processes that serve clients. */
  readonly workers: number;
  readonly policy: {
    readonly mode: string;
    readonly default: string;
    readonly digest: string;
    readonly files: readonly string[];
    readonly rules: number;
    readonly tests: number;
  };
  readonly issuers: readonly { readonly name: string; readonly preset: string; readonly issuer: string }[];
  readonly upstreams: readonly CheckedUpstream[];
  readonly warnings: readonly string[];
}

async function checked(inspection: Inspection, connect: boolean): Promise<CheckResult> {
  const { config, policies } = inspection;
  const issuers = inspection.issuers();
  const upstreams = connect
    ? await Promise.all(config.upstreams.map(({ name }) => lookedAt(inspection, name)))
    : config.upstreams.map(({ name }) => ({ name }));
  return {
    file: config.file,
    environment: config.environment,
    workers: config.workers,
    policy: {
      mode: policies.policy.mode,
      default: policies.policy.default,
      digest: policies.digest,
      files: policies.files.map((file) => file.path),
      rules: policies.policy.rules.length,
      tests: policies.tests.length,
    },
    issuers: issuers.map(({ name, preset, issuer }) => ({ name, preset, issuer })),
    upstreams,
    warnings: [
      ...(policies.policy.mode === 'observe' ? ['the policy is in observe mode: nothing is refused, held or masked'] : []),
      ...issuers.flatMap(({ name, warnings }) => warnings.map((warning) => `issuer ${name}: ${warning}`)),
      ...inspection.accessWarnings(),
      ...upstreams.flatMap((upstream) => ('warnings' in upstream ? (upstream.warnings ?? []) : [])),
      ...processWarnings(config),
      ...inspection.unknownUpstreams().map(({ rule, reason }) => `${rule}: ${reason}`),
    ],
  };
}

/** Settings of processes and connections that do not do what they seem to. */
function processWarnings({ workers, limits, admin, upstreams }: GatewayConfig): readonly string[] {
  const cores = availableParallelism();
  const { maxSessions, maxSessionsPerIdentity } = limits;
  const listeners = upstreams.filter(({ listen }) => listen !== undefined).length;
  return [
    ...(workers > cores ? [`workers: ${workers} processes share ${cores} ${cores === 1 ? 'core' : 'cores'}; write auto, or fewer`] : []),
    ...(maxSessionsPerIdentity > maxSessions * listeners
      ? [`limits.maxSessionsPerIdentity: ${maxSessionsPerIdentity} is more than all listeners together let in, and limits nothing`]
      : []),
    ...(workers > 1 && admin === undefined
      ? ['workers: without an admin socket nobody can see or decide what their sessions wait for; write admin: { socket: … }']
      : []),
  ];
}

async function lookedAt(inspection: Inspection, name: string): Promise<CheckedUpstream> {
  try {
    return { name, inactive: await inspection.inactive(name), warnings: await inspection.accountWarnings(name) };
  } catch (error) {
    return { name, unreachable: reasonOf(error) };
  }
}

function printCheck(result: CheckResult, out: Terminal): void {
  const { policy } = result;
  out.line(`configuration  ${result.file}: environment ${result.environment}`);
  if (result.workers > 1) out.line(`workers        ${result.workers}, each with a log of its own in the ledger's directory`);
  out.line(`issuers        ${result.issuers.map(({ name, preset }) => `${name} (${preset})`).join(', ')}`);
  out.line(`policy         ${policy.files.join(', ')}`);
  out.line(
    `               ${policy.rules} rules, default ${policy.default}, mode ${policy.mode}, ${policy.tests} tests (run them: sqlwarden test)`,
  );
  for (const upstream of result.upstreams) printUpstream(upstream, out);
  for (const warning of result.warnings) out.line(`${out.style('yellow', 'warning')}        ${oneLine(warning, 500)}`);
}

function printUpstream({ name, inactive, unreachable }: CheckedUpstream, out: Terminal): void {
  const head = `upstream       ${name}: `;
  if (unreachable !== undefined)
    out.line(`${head}${out.style('red', 'cannot be reached')}, so what does nothing there is not known: ${unreachable}`);
  else if (inactive === undefined) out.line(`${head}not looked at (--connect looks)`);
  else if (inactive.length === 0) out.line(`${head}${out.style('green', 'every part of the policy has something to act on')}`);
  else {
    out.line(`${head}${out.style('yellow', `${inactive.length} ${inactive.length === 1 ? 'part' : 'parts'} of the policy do nothing`)}`);
    for (const { rule, reason } of inactive)
      out.line(`  ${out.style('yellow', 'INACTIVE')}     ${oneLine(rule, 200)}: ${oneLine(reason, 300)}`);
  }
}
