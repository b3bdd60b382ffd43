import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type DevTokenRequest, issueDevToken, openDevIssuer } from '@sqlwarden/identity';

/** Who appears, and what their tokens say. */
export const CAST = {
  agent: {
    subject: { kind: 'person', id: 'maya', name: 'Maya Chen', groups: ['data-science'] },
    actors: [
      {
        kind: 'agent',
        id: 'schema-bot',
        groups: ['data-science'],
        version: '1.4',
        model: { provider: 'acme', name: 'forge', version: '2.1' },
      },
    ],
    run: { trainingRun: 'risk-2026-11' },
  },
  maya: { subject: { kind: 'person', id: 'maya', name: 'Maya Chen', groups: ['data-science'] } },
  dana: { subject: { kind: 'person', id: 'dana', name: 'Dana Ruiz', groups: ['dba'] } },
  trainer: { subject: { kind: 'service', id: 'risk-trainer', groups: ['training'] }, run: { trainingRun: 'risk-2026-11' } },
  app: { subject: { kind: 'service', id: 'crm-app', groups: ['crm-app'] } },
  pat: { subject: { kind: 'person', id: 'pat', name: 'Pat Okafor', groups: ['privacy-office'] } },
} as const satisfies Readonly<Record<string, Pick<DevTokenRequest, 'subject' | 'actors' | 'run'>>>;

export type CastMember = keyof typeof CAST;

/** What a person may like to try as whom. */
export const TRY_AS: Readonly<Record<CastMember, string>> = {
  agent: 'schema-bot, an agent, for Maya Chen: its schema changes are held',
  maya: 'Maya Chen, data scientist: reads, with personal data masked',
  dana: 'Dana Ruiz, database administrator: approves',
  trainer: 'risk-trainer, the training job: reads features',
  app: 'crm-app, the application: reads and writes',
  pat: 'Pat Okafor, privacy office: reads personal data as it is',
};

export interface Tokens {
  token(member: CastMember): string;
  file(member: CastMember): string;
}

export const ISSUER = 'urn:sqlwarden:dev';
export const AUDIENCE = 'sqlwarden';

/** Issues a token for everybody, good for a working day, each in a file of its own. */
export function issueTokens(directory: string, issuerDirectory: string): Tokens {
  // The environment is called production because that is what the story is about: the configuration allows its development issuer there.
  const issuer = openDevIssuer({ directory: issuerDirectory, issuer: ISSUER, environment: 'production', allowInProduction: true });
  const file = (member: CastMember): string => path.join(directory, member);
  mkdirSync(directory, { mode: 0o700 });
  const tokens = new Map<CastMember, string>();
  for (const member of Object.keys(CAST) as CastMember[]) {
    const token = issueDevToken(issuer, { ...CAST[member], audience: AUDIENCE, lifetimeSeconds: 8 * 60 * 60 });
    writeFileSync(file(member), `${token}\n`, { mode: 0o600 });
    tokens.set(member, token);
  }
  return { file, token: (member) => tokens.get(member) ?? '' };
}
