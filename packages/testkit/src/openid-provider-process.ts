import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Provider, type RequestContext } from 'oidc-provider';
import type { ProviderSettings } from './openid-provider.js';

/**
 * The process of {@link startOpenIdProvider}: gets its settings as its first message, says each request's path to its parent, and ends with it.
 * Logging in is a page that takes the account's name; everything is consented to.
 */
const RESOURCE = 'urn:sqlwarden:tests';
const SCOPE = 'sql';

function configuration({ accounts, audience, clients, keys, tokenSeconds }: ProviderSettings): object {
  const [newest] = keys;
  return {
    jwks: { keys },
    clients,
    cookies: { keys: ['only for tests'] },
    scopes: ['openid', 'offline_access'],
    claims: { openid: ['sub', 'name', 'groups'] },
    conformIdTokenClaims: false,
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'] },
    findAccount: (_context: unknown, id: string) =>
      Object.hasOwn(accounts, id) ? { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) } : undefined,
    extraTokenClaims: (_context: unknown, token: { readonly accountId?: string; readonly clientId: string }) =>
      accounts[token.accountId ?? token.clientId],
    interactions: { url: (_context: unknown, { uid }: { readonly uid: string }) => `/interaction/${uid}` },
    loadExistingGrant: grantEverything,
    ttl: { AccessToken: tokenSeconds, ClientCredentials: tokenSeconds, IdToken: tokenSeconds },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: SCOPE,
          audience,
          accessTokenTTL: tokenSeconds,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: newest?.alg } },
        }),
      },
    },
  };
}

async function grantEverything({ oidc }: RequestContext): Promise<object> {
  const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope('openid offline_access');
  grant.addResourceScope(RESOURCE, SCOPE);
  await grant.save();
  return grant;
}

async function logIn(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') {
    response.end('<form method="post"><input name="account"></form>');
    return;
  }
  const account = new URLSearchParams(await text(request)).get('account');
  await provider.interactionFinished(request, response, { login: { accountId: account }, consent: {} });
}

function serve(settings: ProviderSettings): void {
  const server = createServer();
  server.listen(settings.port, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    server.on('request', requestListener(new Provider(`http://127.0.0.1:${port}`, configuration(settings))));
    process.send?.(port);
  });
}

function requestListener(provider: Provider): RequestListener {
  const answer = provider.callback();
  return (request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?');
    process.send?.(path);
    if (path.startsWith('/interaction/')) {
      logIn(provider, request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    } else {
      answer(request, response);
    }
  };
}

process.once('message', (settings) => serve(settings as ProviderSettings));
process.once('disconnect', () => process.exit());
