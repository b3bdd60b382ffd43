import type { ClientCredential, ClientIntroduction, ClientMethod, LoginRequest, Principal, Refusal } from '@sqlwarden/core';
import { unreachable } from '@sqlwarden/core';
import { type CertificateSubject, type PasswordUsers, principalOfCertificate, type Verifier } from '@sqlwarden/identity';
import type { ClientProof } from '../config/gateway-config.js';
import type { ShownCertificate } from '../transport/client-tls.js';

/** What is known of a client by its transport. */
export interface ClientTransport {
  readonly shown: ShownCertificate;
  /** `tls-server-end-point` of the certificate that the client sees; absent outside of TLS. */
  readonly endPoint: Uint8Array | undefined;
}

/** How the clients of one upstream may prove who they are. */
export interface ClientRules {
  readonly proofs: readonly ClientProof[];
  readonly requireCertificate: boolean;
}

export type Identified = { readonly ok: true; readonly principal: Principal } | { readonly ok: false; readonly refusal: Refusal };

export interface ClientIdentityOptions {
  readonly verifier: Pick<Verifier, 'verify'>;
  /** Asked at each login. */
  readonly users: (() => PasswordUsers) | undefined;
  readonly certificates: readonly CertificateSubject[];
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
    if (rules.proofs.includes('certificate') && this.#certified(shown) !== undefined) return { kind: 'certificate' };
    const users = rules.proofs.includes('password') ? this.#options.users?.() : undefined;
    const takesTokens = rules.proofs.includes('token');
    if (users !== undefined && (users.has(user) || !takesTokens))
      return { kind: 'scram', verifier: users.verifier(user), endPoint: transport.endPoint };
    if (takesTokens) return { kind: 'token' };
    if (shown.kind === 'none') return refused('identity-missing', 'show a client certificate');
    return refused('identity-invalid', 'the client certificate stands for nobody that is configured');
  }

  /** Who has proven to be who, by what `method` asked for. Never rejects. */
  async identify(login: LoginRequest, rules: ClientRules, transport: ClientTransport): Promise<Identified> {
    const { credential } = login;
    if (!isTaken(credential, rules.proofs)) return no('identity-invalid', 'this is no way to log in here');
    switch (credential.kind) {
      case 'refused':
        return { ok: false, refusal: credential.refusal };
      case 'none':
        return no('identity-missing', 'give a token as the password');
      case 'token':
        return this.#byToken(credential.token);
      case 'scram': {
        const principal = this.#options.users?.().principal(login.user);
        return principal === undefined ? no('identity-invalid', 'the password is wrong') : { ok: true, principal };
      }
      case 'certificate': {
        const principal = this.#certified(transport.shown);
        return principal === undefined ? no('identity-invalid', 'the client certificate stands for nobody') : { ok: true, principal };
      }
      default:
        return unreachable(credential);
    }
  }

  async #byToken(token: string): Promise<Identified> {
    const verified = await this.#options.verifier.verify(token);
    if (verified.ok) return { ok: true, principal: verified.principal };
    return no(verified.code === 'expired' ? 'identity-expired' : 'identity-invalid', verified.message);
  }

  #certified(shown: ShownCertificate): Principal | undefined {
    return shown.kind === 'trusted' ? principalOfCertificate(shown.certificate, this.#options.certificates) : undefined;
  }
}

function isTaken({ kind }: ClientCredential, proofs: readonly ClientProof[]): boolean {
  switch (kind) {
    case 'token':
      return proofs.includes('token');
    case 'scram':
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
  return { ok: false, refusal: { code, message } };
}
