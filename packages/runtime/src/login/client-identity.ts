import type { ClientCredential, ClientIntroduction, ClientMethod, LoginRequest, OAuthDiscovery, Principal, Refusal } from '@sqlwarden/core';
import { unreachable } from '@sqlwarden/core';
import {
  type CertificateSubject,
  fitsScramVerifier,
  type PasswordUsers,
  principalOfCertificate,
  svidProblem,
  type TokenRefusalCode,
  type Verification,
  type Verifier,
} from '@sqlwarden/identity';
import type { ClientProof } from '../config/gateway-config.js';
import type { ShownCertificate } from '../transport/client-tls.js';
import type { Renewed } from './session-identity.js';
import type { TokenFile } from './token-file.js';

/** What is known of a client by its transport. */
export interface ClientTransport {
  readonly shown: ShownCertificate;
  /** `tls-server-end-point` of the certificate that the client sees; absent outside of TLS. */
  readonly endPoint: Uint8Array | undefined;
  /** It comes from this machine: a unix socket or loopback. */
  readonly isPrivate: boolean;
}

/** How the clients of one upstream may prove who they are. */
export interface ClientRules {
  readonly proofs: readonly ClientProof[];
  readonly requireCertificate: boolean;
  /** Who certificates stand for here. */
  readonly certificates: readonly CertificateSubject[];
  /** With the proof `oauth`: where clients get tokens. */
  readonly discovery?: OAuthDiscovery;
}

/** `isGuess`: a secret was given, and it was wrong. `source`: who it is later, asked without the client when the principal has expired. */
export type Identified =
  | { readonly ok: true; readonly principal: Principal; readonly source?: (() => Promise<Renewed>) | undefined }
  | { readonly ok: false; readonly refusal: Refusal; readonly isGuess: boolean };

export interface ClientIdentityOptions {
  readonly verifier: Pick<Verifier, 'verify'>;
  /** Asked at each login. */
  readonly users: (() => PasswordUsers) | undefined;
  /** The token of the workload that the gateway stands beside. */
  readonly workload: Pick<TokenFile, 'verify'> | undefined;
  readonly onTrouble: (error: Error) => void;
}

/**
 * Who clients are. How a client is to prove itself follows from the configuration, its certificate and the name that it gives, once for each login:
 * INVARIANT: a proof that fails refuses, and what is not among the `proofs` of the upstream is never taken.
 */
export class ClientIdentity {
  readonly #options: ClientIdentityOptions;

  constructor(options: ClientIdentityOptions) {
    this.#options = options;
  }

  /** What to ask of a client. */
  method({ user }: ClientIntroduction, rules: ClientRules, transport: ClientTransport): ClientMethod {
    const { shown } = transport;
    if (shown.kind === 'untrusted') {
      this.#options.onTrouble(new Error(`the certificate of a client is not trusted: ${shown.reason}`));
      return refused('identity-invalid', 'the client certificate is not trusted, show one of a configured authority that has not ended');
    }
    if (rules.requireCertificate && shown.kind === 'none') return refused('identity-missing', 'show a client certificate');
    const problem = shown.kind === 'trusted' ? svidProblem(shown.certificate) : undefined;
    if (problem !== undefined) return refused('identity-invalid', `the client certificate is no X.509-SVID: ${problem}`);
    if (rules.proofs.includes('certificate') && certified(shown, rules) !== undefined) return { kind: 'certificate' };
    if (rules.proofs.includes('workload'))
      return transport.isPrivate ? { kind: 'workload' } : refused('identity-missing', 'this is only for clients on the same machine');
    return this.#secretOf(user, rules, transport);
  }

  #secretOf(user: string, { proofs, discovery = {} }: ClientRules, { endPoint, shown }: ClientTransport): ClientMethod {
    const users = proofs.includes('password') ? this.#options.users?.() : undefined;
    const takesTokens = proofs.includes('token') || proofs.includes('oauth');
    if (users !== undefined && (users.has(user) || !takesTokens)) return { kind: 'scram', verifier: users.verifier(user), endPoint };
    if (proofs.includes('token')) return { kind: 'token' };
    if (proofs.includes('oauth')) return { kind: 'oauth', discovery };
    if (shown.kind === 'none') return refused('identity-missing', 'show a client certificate');
    return refused('identity-invalid', 'the client certificate stands for nobody that is configured');
  }

  /** Who has proven to be who, by what `method` asked for. Never rejects. */
  async identify(login: LoginRequest, rules: ClientRules, transport: ClientTransport): Promise<Identified> {
    const { credential } = login;
    if (!isTaken(credential, rules.proofs)) return no('identity-invalid', 'this is no way to log in here');
    switch (credential.kind) {
      case 'refused':
        return { ok: false, refusal: credential.refusal, isGuess: credential.isGuess === true };
      case 'none':
        return no('identity-missing', rules.proofs.includes('oauth') ? 'give a bearer token' : 'give a token as the password');
      case 'token':
        return this.byToken(credential.token, rules);
      case 'workload':
        return transport.isPrivate ? this.#byWorkload() : no('identity-invalid', 'this is only for clients on the same machine');
      case 'scram': {
        const principal = this.#options.users?.().principal(login.user);
        return principal === undefined ? no('identity-invalid', 'the password is wrong') : { ok: true, principal };
      }
      case 'password':
        return this.#byPassword(login.user, credential.password);
      case 'certificate': {
        const principal = certified(transport.shown, rules);
        return principal === undefined ? no('identity-invalid', 'the client certificate stands for nobody') : { ok: true, principal };
      }
      default:
        return unreachable(credential);
    }
  }

  /** Who a token is of, where tokens are taken. Never rejects. */
  async byToken(token: string, { proofs }: ClientRules): Promise<Identified> {
    if (!isTaken({ kind: 'token', token }, proofs)) return no('identity-invalid', 'no tokens are taken here; connect again as you did');
    return identifiedBy(await this.#options.verifier.verify(token));
  }

  /** Who has given the password of `user` in clear, where the protocol has no SCRAM. Never rejects. */
  async #byPassword(user: string, password: string): Promise<Identified> {
    const users = this.#options.users?.();
    if (users === undefined) return no('identity-invalid', 'this is no way to log in here');
    const fits = await fitsScramVerifier(password, users.verifier(user));
    const principal = users.principal(user);
    if (fits && principal !== undefined) return { ok: true, principal };
    return { ok: false, refusal: { code: 'identity-invalid', message: 'the password is wrong' }, isGuess: true };
  }

  /** Who the workload is by the token that is there now; asked again by its sessions when that token has ended. Never rejects. */
  async #byWorkload(): Promise<Identified> {
    const verified = await this.#options.workload?.verify();
    if (verified === undefined) return no('identity-missing', 'the gateway has no token for this workload; its log says why');
    const identified = identifiedBy(verified);
    if (identified.ok) return { ...identified, source: () => this.#byWorkload() };
    // Whoever asked gave nothing, so nothing was guessed.
    return { ...identified, isGuess: false };
  }
}

function certified(shown: ShownCertificate, { certificates }: ClientRules): Principal | undefined {
  return shown.kind === 'trusted' ? principalOfCertificate(shown.certificate, certificates) : undefined;
}

function isTaken({ kind }: ClientCredential, proofs: readonly ClientProof[]): boolean {
  switch (kind) {
    case 'token':
      return proofs.includes('token') || proofs.includes('oauth');
    case 'workload':
      return proofs.includes('workload');
    case 'scram':
    case 'password':
      return proofs.includes('password');
    case 'certificate':
      return proofs.includes('certificate');
    case 'none':
    case 'refused':
      // Neither lets anybody in.
      return true;
    default:
      return unreachable(kind);
  }
}

function refused(code: Refusal['code'], message: string): ClientMethod {
  return { kind: 'refuse', refusal: { code, message } };
}

function no(code: Refusal['code'], message: string): Identified {
  return { ok: false, refusal: { code, message }, isGuess: false };
}

/** What is wrong with tokens that nobody has issued. Those of an issuer that have ended, or that cannot be checked now, are no guesses. */
const GUESSED: ReadonlySet<TokenRefusalCode> = new Set([
  'malformed',
  'too-large',
  'encrypted',
  'critical-header',
  'issuer',
  'algorithm',
  'signature',
  // Where a cluster alone decides, a forged token is one that it does not know, and each is a request to it.
  'not-confirmed',
]);

function identifiedBy(verified: Verification): Identified {
  if (verified.ok) return { ok: true, principal: verified.principal };
  const { code, message } = verified;
  return {
    ok: false,
    refusal: { code: code === 'expired' ? 'identity-expired' : 'identity-invalid', message },
    isGuess: GUESSED.has(code),
  };
}
