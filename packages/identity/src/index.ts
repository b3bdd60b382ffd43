export {
  CERTIFICATE_ISSUER,
  type CertificateSubject,
  type ClientCertificate,
  KEY_USAGES,
  type KeyUsage,
  principalOfCertificate,
  svidProblem,
} from './client-certificate.js';
export {
  openPasswordUsers,
  PASSWORD_ISSUER,
  type PasswordUser,
  type PasswordUserProblem,
  passwordUserProblems,
  type PasswordUsers,
} from './password-users.js';
export { fitsScramVerifier, makeScramVerifier, mockScramVerifier, parseScramVerifier } from './scram-verifier.js';
export { spiffeIdProblem } from './spiffe-id.js';
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
export type { Fetch } from './fetch-document.js';
export {
  PRESETS,
  type AgentClient,
  type ClaimPath,
  type ClaimsMapping,
  type IssuerOptions,
  type KeysOptions,
  type Preset,
  type RemoteKeys,
  type TokenReviewOptions,
} from './issuer-options.js';
export {
  createVerifier,
  type IssuerDescription,
  type Verification,
  type VerifiedToken,
  type Verifier,
  type VerifierOptions,
} from './verifier.js';
export {
  EXCHANGE_ISSUER_NAME,
  exchangeIssuer,
  fitsEverybody,
  type ActsFor,
  type AgentMatch,
  type ExchangeAgent,
  type ExchangeOptions,
} from './exchange/exchange-options.js';
export { EXCHANGE_REFUSAL_CODES, type ExchangeError, type ExchangeRefusalCode } from './exchange/exchange-refused.js';
export { ACCESS_TOKEN, JWT, TOKEN_EXCHANGE } from './exchange/exchange-request.js';
export {
  openSigningKeys,
  openTokenExchange,
  type ExchangeAnswer,
  type TokenExchange,
  type TokenExchangePorts,
} from './exchange/token-exchange.js';
