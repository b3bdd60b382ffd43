import type { TokenRefusalCode } from '../errors.js';

/** The `error` of an answer: RFC 6749 section 5.2 and RFC 8693 section 2.2.2. */
export type ExchangeError =
  | 'invalid_request'
  | 'invalid_scope'
  | 'invalid_target'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'temporarily_unavailable'
  | 'server_error';

/**
 * Why the exchange gave no token, more exactly than its `error`. Closed; match on it. What is wrong with a token itself has the code that the
 * verifier gives it.
 *
 * - `request`: a parameter is missing, given twice, or not what it can be
 * - `agent-unknown`: whoever would act is none of the configured agents
 * - `agent-not-allowed`: it may not act for this subject
 * - `agent-delegated`: the actor token is not the actor's own
 * - `exchanged`: a token of this exchange cannot be made longer, or another, by exchanging it
 * - `subject-unproven`: nobody vouches for who the subject is
 * - `chain`: too many act one through the other
 * - `scope`: asks for what the subject does not have
 * - `target`: asks for a token for somebody else
 * - `revoked`: one of the parties or tokens was revoked
 * - `fault`: of the gateway
 */
export const EXCHANGE_REFUSAL_CODES = [
  'request',
  'agent-unknown',
  'agent-not-allowed',
  'agent-delegated',
  'exchanged',
  'subject-unproven',
  'chain',
  'scope',
  'target',
  'revoked',
  'fault',
] as const;
export type ExchangeRefusalCode = (typeof EXCHANGE_REFUSAL_CODES)[number] | TokenRefusalCode;

/** Thrown while a request is judged, and turned into its answer. The message can be shown to who asked, and holds nothing of a token. */
export class ExchangeRefused extends Error {
  override readonly name = 'ExchangeRefused';
  readonly error: ExchangeError;
  readonly code: ExchangeRefusalCode;

  constructor(error: ExchangeError, code: ExchangeRefusalCode, message: string) {
    super(message);
    this.error = error;
    this.code = code;
  }
}
