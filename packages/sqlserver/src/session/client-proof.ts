import { type ClientCredential, type ClientMethod, type OAuthDiscovery, type Refusal, unreachable } from '@sqlwarden/core';

/** What a client's LOGIN7 holds to prove who it is. */
export interface ShownProof {
  readonly password: string;
  readonly fedAuth: ShownFedAuth | undefined;
}

/** The FEDAUTH feature of LOGIN7 ([MS-TDS] section 2.2.6.4). `ask`: the client gets its token when it was told from where (ADAL workflow). */
export type ShownFedAuth = { readonly kind: 'token'; readonly token: string } | { readonly kind: 'ask' } | { readonly kind: 'unknown' };

/** Who gives tokens, and for what: FEDAUTHINFO. */
export interface TokenSource {
  readonly stsUrl: string;
  readonly spn: string;
}

/** `ask`: the client is told where its token is to come from, and gives it in a message of its own. */
export type ProofStep =
  | { readonly kind: 'proven'; readonly credential: ClientCredential }
  | { readonly kind: 'ask'; readonly source: TokenSource };

/** What a client has shown by what `method` asks for. INVARIANT: one method for one login, and nothing else will do. */
export function proofOf(method: ClientMethod, { password, fedAuth }: ShownProof): ProofStep {
  switch (method.kind) {
    case 'none':
    case 'certificate':
    case 'workload':
      return proven({ kind: method.kind });
    case 'refuse':
      return refused(method.refusal);
    case 'scram':
      if (fedAuth !== undefined) return missing('tokens are not taken here, log in with user name and password');
      return proven(password === '' ? { kind: 'none' } : { kind: 'password', password });
    case 'token':
      return fedAuth === undefined ? tokenInPassword(password) : fedAuthOf(fedAuth, undefined);
    case 'oauth':
      return fedAuth === undefined ? missing('a password is not taken here, give an access token') : fedAuthOf(fedAuth, method.discovery);
    default:
      return unreachable(method);
  }
}

/** [MS-TDS] section 2.2.6.4: what clients that keep to it allow for a password. No signed token is so short. */
const MAX_PASSWORD = 128;

function tokenInPassword(password: string): ProofStep {
  if (password.length !== MAX_PASSWORD) return tokenOf(password);
  return refused({
    code: 'identity-invalid',
    message:
      'the client has cut the token at the 128 characters of a password, give it as an access token, or log in with user name and password',
  });
}

/** The token that a client has given, wherever it came from; what is empty is none. */
export function tokenOf(token: string): ProofStep {
  return proven(token === '' ? { kind: 'none' } : { kind: 'token', token });
}

function fedAuthOf(fedAuth: ShownFedAuth, discovery: OAuthDiscovery | undefined): ProofStep {
  switch (fedAuth.kind) {
    case 'token':
      return tokenOf(fedAuth.token);
    case 'ask': {
      const source = discovery && sourceOf(discovery);
      return source === undefined
        ? missing('this listener does not say where tokens come from, give an access token with the login')
        : { kind: 'ask', source };
    }
    case 'unknown':
      return missing('the library of this federated authentication is not supported, give an access token with the login');
    default:
      return unreachable(fedAuth);
  }
}

const DISCOVERY = '/.well-known/openid-configuration';

/** STSURL is the issuer's authority, which Entra ID has without its version; SPN is what the token is for, to which clients add the scope themselves. */
function sourceOf({ openidConfiguration, scope = '' }: OAuthDiscovery): TokenSource | undefined {
  if (openidConfiguration === undefined || !openidConfiguration.endsWith(DISCOVERY)) return undefined;
  const issuer = openidConfiguration.slice(0, -DISCOVERY.length);
  const [first = ''] = scope.split(' ');
  return { stsUrl: issuer.replace(/\/v2\.0$/, ''), spn: first.replace(/\/\.default$/, '') };
}

function proven(credential: ClientCredential): ProofStep {
  return { kind: 'proven', credential };
}

function missing(message: string): ProofStep {
  return refused({ code: 'identity-missing', message });
}

function refused(refusal: Refusal): ProofStep {
  return proven({ kind: 'refused', refusal });
}
