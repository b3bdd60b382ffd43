export {
  CERTIFICATE_ISSUER,
  type CertificateSubject,
  type ClientCertificate,
  principalOfCertificate,
} from './client-certificate.js';
export {
  openPasswordUsers,
  PASSWORD_ISSUER,
  type PasswordUser,
  type PasswordUserProblem,
  passwordUserProblems,
  type PasswordUsers,
} from './password-users.js';
export { makeScramVerifier, mockScramVerifier, parseScramVerifier } from './scram-verifier.js';
export { ALGORITHMS, type Algorithm } from './algorithms.js';
export { MAX_TOKEN_BYTES } from './compact-jws.js';
export {
  DEFAULT_DEV_ISSUER,
  issueDevToken,
  MAX_DEV_LIFETIME_SECONDS,
  openDevIssuer,
  type DevIssuer,
  type DevIssuerOptions,
  type DevParty,
  type DevTokenRequest,
} from './dev-issuer.js';
export { devJwksPath } from './dev-key.js';
export { isProduction } from './environment.js';
export { IdentityError, TOKEN_REFUSAL_CODES, type IdentityErrorCode, type TokenRefusalCode } from './errors.js';
export type { Fetch } from './fetch-key-set.js';
export {
  PRESETS,
  type AgentClient,
  type ClaimPath,
  type ClaimsMapping,
  type IssuerOptions,
  type KeysOptions,
  type Preset,
} from './issuer-options.js';
export {
  createVerifier,
  type IssuerDescription,
  type Verification,
  type VerifiedToken,
  type Verifier,
  type VerifierOptions,
} from './verifier.js';
