import { existsSync, readFileSync } from 'node:fs';
import { describePrincipal, list, type Principal, type TestIdentity } from '@sqlwarden/core';
import { type Explanation, type Inspection, testPrincipal } from '@sqlwarden/runtime';
import { CONFIG_OPTION, defineCommand, JSON_OPTION } from '../command.js';
import { printExplanation } from '../explanation.js';
import { CommandFailure, EXIT, UsageError } from '../failure.js';
import { listOf } from '../lists.js';
import { actorOf, ACTOR_SYNTAX, partyKind } from './party-option.js';
import { chosenUpstream, inspecting, reasonOf } from './inspect.js';

export const explain = defineCommand({
  name: 'explain',
  summary: 'say what a statement does, what policy says of it, and what would be masked',
  positionals: ['<sql>'],
  details: [
    'Who sends it: --groups, --kind, --id and --actor describe somebody; --as takes a token, a file with one, or an identity as in policy',
    `tests ('{"groups": ["app"]}'). Nothing is run. The statement is judged as the first one of a new session.`,
  ],
  options: {
    ...CONFIG_OPTION,
    upstream: { type: 'text', value: '<name>', help: 'where there are several' },
    as: { type: 'text', value: '<identity>', help: 'a token, a file with a token, or JSON as in policy tests' },
    groups: { type: 'text', multiple: true, value: '<a,b>', help: 'groups of the subject' },
    kind: { type: 'text', value: '<kind>', help: 'person (default), service or agent' },
    id: { type: 'text', value: '<id>', help: 'id of the subject' },
    actor: { type: 'text', multiple: true, value: ACTOR_SYNTAX, help: 'who acts for the subject' },
    ...JSON_OPTION,
  },
  run: ({ options, positionals: [sql = ''], out, err }) =>
    inspecting(options.config, err, async (inspection) => {
      const upstream = chosenUpstream(inspection, options.upstream);
      const principal = await principalFor(inspection, options);
      const explanation = await inspection.explain(upstream, sql, principal).catch((error: unknown): Explanation => {
        throw new CommandFailure(`the schema of ${upstream} cannot be read: ${reasonOf(error)}`);
      });
      if (options.json) out.line(JSON.stringify({ ...explanation, principal }, undefined, 2));
      else printExplanation(explanation, sql, describePrincipal(principal), out);
      return EXIT.ok;
    }),
});

interface IdentityOptions {
  readonly as: string | undefined;
  readonly groups: readonly string[];
  readonly kind: string | undefined;
  readonly id: string | undefined;
  readonly actor: readonly string[];
}

async function principalFor(inspection: Inspection, { as, groups, kind, id, actor }: IdentityOptions): Promise<Principal> {
  const described = groups.length + actor.length > 0 || kind !== undefined || id !== undefined;
  if (as === undefined) {
    if (!described) throw new UsageError('say who sends it; write for example --groups app, or --as with a token');
    const { issuer } = inspection.config.identity.issuers[0] ?? { issuer: undefined };
    const common = issuer === undefined ? {} : { issuer };
    return testPrincipal({
      ...common,
      kind: partyKind(kind ?? 'person', '--kind'),
      ...(id === undefined ? {} : { id }),
      groups: listOf(groups),
      actors: actor.map(actorOf).map((party) => ({
        ...common,
        kind: party.kind,
        id: party.id,
        groups: list(party.groups),
        ...(party.version === undefined ? {} : { version: party.version }),
        ...(party.model === undefined ? {} : { model: party.model }),
      })),
    });
  }
  if (described) throw new UsageError('write --as, or --groups, --kind, --id and --actor, not both');
  if (as.trimStart().startsWith('{')) return testPrincipal(identityOf(as));
  const token = existsSync(as) ? readFileSync(as, 'utf8').trim() : as.trim();
  const verified = await inspection.verifyToken(token);
  if (!verified.ok) throw new CommandFailure(`the token is not accepted (${verified.code}): ${verified.message}`);
  return verified.principal;
}

const IDENTITY_KEYS = new Set(['kind', 'issuer', 'id', 'groups', 'actors', 'version', 'model', 'workload', 'run']);

function identityOf(json: string): TestIdentity {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new UsageError(`--as is not JSON; write for example --as '{"groups": ["app"]}'`);
  }
  if (!isIdentity(value))
    throw new UsageError(
      '--as may have kind, issuer, id, version, groups (texts), model, workload, run (objects of texts) and actors (a list of the same)',
    );
  return value;
}

function isIdentity(value: unknown): value is TestIdentity {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, issuer, id, groups, actors, version, model, workload, run } = value as Readonly<Record<string, unknown>>;
  const texts = [kind, issuer, id, version].every((text) => text === undefined || typeof text === 'string');
  const kinds = kind === undefined || ['person', 'service', 'agent'].includes(kind as string);
  const inGroups = groups === undefined || (Array.isArray(groups) && groups.every((group) => typeof group === 'string'));
  const described = [model, workload, run].every((record) => record === undefined || isRecordOfTexts(record));
  const acting = actors === undefined || (Array.isArray(actors) && actors.every(isIdentity));
  return texts && kinds && inGroups && described && acting && Object.keys(value).every((key) => IDENTITY_KEYS.has(key));
}

function isRecordOfTexts(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');
}
