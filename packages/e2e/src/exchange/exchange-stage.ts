import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { type OpenIdProvider, startOpenIdProvider } from '@sqlwarden/testkit';

/** The token exchange of a gateway's configuration. `agent` is the provider's client; workloads are those that the development issuer says. */
export function exchangeConfig(port: number, more: object = {}): object {
  return {
    listen: `127.0.0.1:${port}`,
    issuer: `http://127.0.0.1:${port}`,
    audience: 'sqlwarden',
    keys: { directory: './exchange-keys' },
    agents: [
      {
        name: 'schema-bot',
        match: { issuer: 'idp', id: 'agent' },
        version: '1.4.0',
        model: { provider: 'acme', name: 'forge', version: '2026-10-02', digest: 'sha256:aa' },
        groups: ['app'],
      },
      {
        name: 'trainer',
        match: { issuer: 'dev', workload: { namespace: 'ml', serviceAccount: 'train-*' } },
        model: { name: 'ranker', version: '7' },
      },
    ],
    ...more,
  };
}

export async function startPeople(tokenSeconds = 300): Promise<OpenIdProvider> {
  return startOpenIdProvider({
    tokenSeconds,
    accounts: { ada: { name: 'Ada', groups: ['app', 'dba'] }, mallory: { groups: ['nobody'] }, agent: { groups: ['app'] } },
  });
}

/** Both people and the client `agent` have tokens of the provider. */
export function issuersWith(provider: OpenIdProvider): readonly object[] {
  return [
    { name: 'dev', preset: 'dev', issuer: 'urn:sqlwarden:dev', audience: 'sqlwarden', keys: { directory: './issuer' } },
    {
      name: 'idp',
      preset: 'generic',
      issuer: provider.issuer,
      audience: provider.audience,
      keys: { url: `${provider.issuer}/jwks` },
      subjectKind: 'person',
      agents: [{ clientId: 'agent', groups: ['app'] }],
    },
  ];
}

const JWT = 'urn:ietf:params:oauth:token-type:jwt';

export function exchangeForm(subject: string, actor?: string, more: Readonly<Record<string, string>> = {}): string {
  return new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subject,
    subject_token_type: JWT,
    ...(actor === undefined ? {} : { actor_token: actor, actor_token_type: JWT }),
    ...more,
  }).toString();
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, unknown>>;
}

/** One request over a connection of its own. */
export function ask(
  port: number,
  method: string,
  path: string,
  body = '',
  headers: Readonly<Record<string, string>> = { 'content-type': 'application/x-www-form-urlencoded' },
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1',
      port,
      method,
      path,
      agent: false,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      text(response).then((json) => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: json === '' ? {} : (JSON.parse(json) as Readonly<Record<string, unknown>>),
        });
      }, reject);
    });
    sent.end(body);
  });
}

export async function exchanged(port: number, form: string): Promise<string> {
  const { status, body } = await ask(port, 'POST', '/token', form);
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return String(body['access_token']);
}
