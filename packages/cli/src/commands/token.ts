import { writeFileSync } from 'node:fs';
import { type DevIssuer, type DevParty, type DevTokenRequest, issueDevToken, openDevIssuer } from '@sqlwarden/identity';
import type { Run } from '@sqlwarden/core';
import { type GatewayConfig, loadConfig } from '@sqlwarden/runtime';
import { CONFIG_OPTION, DEFAULT_CONFIG, defineCommand } from '../command.js';
import { durationSeconds } from '../duration.js';
import { CommandFailure, EXIT, UsageError } from '../failure.js';
import { listOf } from '../lists.js';
import { ACTOR_SYNTAX, actorOf, modelOf, partyKind } from './party-option.js';

export const token = defineCommand({
  name: 'token',
  summary: 'issue a token of the development issuer',
  details: [
    'Works where the configuration has an issuer with preset "dev". Writes the token and nothing else to standard output:',
    '',
    '  PGPASSWORD=$(sqlwarden token --subject alice --groups app) psql -h 127.0.0.1 -p 15432 -d crm',
    '  MYSQL_PWD=$(sqlwarden token --subject alice --groups app) mariadb -h 127.0.0.1 -P 13306 crm',
    '',
    'Of several actors the one who acts now is first. --model and --agent-version are those of the first actor, or of the subject',
    'where there is none.',
  ],
  options: {
    ...CONFIG_OPTION,
    subject: { type: 'text', value: '<id>', help: 'for whom' },
    name: { type: 'text', value: '<name>', help: 'its name, for people to read' },
    kind: { type: 'text', value: '<kind>', help: 'person (default), service or agent' },
    groups: { type: 'text', multiple: true, value: '<a,b>', help: 'its groups' },
    actor: { type: 'text', multiple: true, value: ACTOR_SYNTAX, help: 'who acts for it' },
    model: { type: 'text', value: '[provider/]name[:version]', help: 'the model behind the agent' },
    'agent-version': { type: 'text', value: '<version>', help: "the agent's own version" },
    'training-run': { type: 'text', value: '<id>', help: 'what it is a part of' },
    job: { type: 'text', value: '<id>', help: 'what it is a part of' },
    conversation: { type: 'text', value: '<id>', help: 'what it is a part of' },
    lifetime: { type: 'text', value: '<duration>', help: 'how long it is good for, up to 1d (default 1h)' },
    audience: { type: 'text', value: '<audience>', help: 'default: the first one of the issuer in the configuration' },
    issuer: { type: 'text', value: '<name>', help: 'which issuer, where the configuration has several with preset "dev"' },
    output: { type: 'text', value: '<file>', help: 'write it to a new file that only you can read' },
  },
  async run({ options, out }) {
    const { subject } = options;
    if (subject === undefined) throw new UsageError('--subject is missing; write: sqlwarden token --subject alice --groups app');
    const { issuer, audience } = devIssuer(loadConfig(options.config ?? DEFAULT_CONFIG), options.issuer);
    const text = issueDevToken(issuer, {
      ...partiesOf(options, subject),
      ...runOf(options),
      audience: options.audience ?? audience,
      lifetimeSeconds: durationSeconds(options.lifetime ?? '1h', 'lifetime'),
    });
    if (options.output === undefined) out.line(text);
    else writeFileSync(options.output, `${text}\n`, { mode: 0o600, flag: 'wx' });
    return EXIT.ok;
  },
});

interface PartyOptions {
  readonly name: string | undefined;
  readonly kind: string | undefined;
  readonly groups: readonly string[];
  readonly actor: readonly string[];
  readonly model: string | undefined;
  readonly 'agent-version': string | undefined;
}

function partiesOf(options: PartyOptions, id: string): Pick<DevTokenRequest, 'subject' | 'actors'> {
  const version = options['agent-version'];
  const behind: Partial<DevParty> = {
    ...(options.model === undefined ? {} : { model: modelOf(options.model, '--model') }),
    ...(version === undefined ? {} : { version }),
  };
  const [first, ...others] = options.actor.map(actorOf);
  const subject: DevParty = {
    kind: partyKind(options.kind ?? 'person', '--kind'),
    id,
    ...(options.name === undefined ? {} : { name: options.name }),
    groups: listOf(options.groups),
  };
  return first === undefined ? { subject: { ...subject, ...behind } } : { subject, actors: [{ ...first, ...behind }, ...others] };
}

interface RunOptions {
  readonly 'training-run': string | undefined;
  readonly job: string | undefined;
  readonly conversation: string | undefined;
}

function runOf({ 'training-run': trainingRun, job, conversation }: RunOptions): Pick<DevTokenRequest, 'run'> {
  const run: Run = {
    ...(trainingRun === undefined ? {} : { trainingRun }),
    ...(job === undefined ? {} : { job }),
    ...(conversation === undefined ? {} : { conversation }),
  };
  return Object.keys(run).length === 0 ? {} : { run };
}

function devIssuer(config: GatewayConfig, name: string | undefined): { readonly issuer: DevIssuer; readonly audience: string } {
  const candidates = config.identity.issuers.filter(({ preset }) => preset === 'dev');
  const [chosen, ...others] = name === undefined ? candidates : candidates.filter((issuer) => issuer.name === name);
  if (chosen === undefined) {
    const hint = '{ name: dev, preset: dev, issuer: "urn:sqlwarden:dev", audience: sqlwarden, keys: { directory: ./dev } }';
    if (name === undefined) throw new CommandFailure(`${config.file} has no issuer with preset dev; add under identity.issuers: ${hint}`);
    throw new UsageError(
      `--issuer names no issuer with preset dev; there are: ${candidates.map((issuer) => issuer.name).join(', ') || 'none'}`,
    );
  }
  if (others.length > 0) {
    throw new UsageError(
      `there are several issuers with preset dev; write --issuer with one of: ${candidates.map((issuer) => issuer.name).join(', ')}`,
    );
  }
  if (chosen.devDirectory === undefined) {
    throw new CommandFailure(`the issuer ${chosen.name} has no keys.directory, so its key is not here; tokens are issued where it is`);
  }
  const issuer = openDevIssuer({
    directory: chosen.devDirectory,
    issuer: chosen.issuer,
    environment: config.environment,
    ...(chosen.allowInProduction === undefined ? {} : { allowInProduction: chosen.allowInProduction }),
  });
  const audience = typeof chosen.audience === 'string' ? chosen.audience : (chosen.audience[0] ?? '');
  return { issuer, audience };
}
