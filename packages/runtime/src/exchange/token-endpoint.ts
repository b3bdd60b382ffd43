import type { NewLedgerEvent, Principal, Refusal } from '@sqlwarden/core';
import {
  ACCESS_TOKEN,
  type ExchangeAnswer,
  type ExchangeError,
  openTokenExchange,
  type TokenExchange,
  TOKEN_EXCHANGE,
  type Verifier,
} from '@sqlwarden/identity';
import type { ExchangeConfig } from '../config/gateway-config.js';
import type { Recorder } from '../engine/recorder.js';
import { RefusalMeter } from './refusal-meter.js';

/** A request over HTTP as plain data, so that another process may answer it. */
export interface TokenRequest {
  readonly method: string;
  readonly url: string;
  readonly contentType?: string;
  /** Of a POST; `null` when it was too long or not UTF-8. */
  readonly body?: string | null;
  /** The address it came from. */
  readonly client: string;
}

/** What to answer over HTTP. The body is sent as JSON. */
export interface TokenAnswer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TokenEndpointOptions {
  readonly config: ExchangeConfig;
  readonly verifier: Pick<Verifier, 'verify'>;
  readonly revocations: { refusal(principal: Principal): Refusal | undefined };
  readonly recorder: Pick<Recorder, 'before' | 'after' | 'durable' | 'flush'>;
  readonly now: () => number;
  readonly onTrouble: (error: Error) => void;
}

/** Two tokens of 16 KiB each, encoded, and room for the other parameters. */
export const MAX_FORM_BYTES = 64 * 1024;

/**
 * The token exchange over HTTP: `POST /token` (RFC 8693), and what others verify its tokens by: `GET /.well-known/openid-configuration` (OpenID
 * Connect Discovery 1.0 section 4, RFC 8414) and `GET /jwks.json`. All paths are below that of the issuer.
 */
export class TokenEndpoint {
  readonly #options: TokenEndpointOptions;
  readonly #exchange: TokenExchange;
  readonly #base: string;
  /** Of strangers and of those whose tokens were good, so that a flood of the ones does not hide the others. */
  readonly #meters: { readonly strangers: RefusalMeter; readonly known: RefusalMeter };

  /** Throws an `IdentityError` when the keys cannot be used. */
  constructor(options: TokenEndpointOptions) {
    const { config, verifier, revocations, now, onTrouble } = options;
    this.#options = options;
    this.#base = new URL(config.issuer).pathname.replace(/\/$/, '');
    this.#meters = { strangers: new RefusalMeter(now), known: new RefusalMeter(now) };
    this.#exchange = openTokenExchange(config, {
      verifier,
      revoked: (principal) => revocations.refusal(principal)?.message,
      clock: now,
      report: onTrouble,
    });
  }

  /** Rejects only for a fault of the gateway. */
  async answer(request: TokenRequest): Promise<TokenAnswer> {
    // A query is looked at by nobody, and never written anywhere: it may hold a token.
    const [path = '', query] = request.url.split('?', 2);
    switch (path) {
      case `${this.#base}/token`:
        return this.#token(request, query);
      case `${this.#base}/jwks.json`:
        return forReading(request, () => this.#exchange.jwks());
      case `${this.#base}/.well-known/openid-configuration`:
        return forReading(request, () => metadata(this.#options.config.issuer));
      default:
        return { status: 404, body: { error: 'invalid_request', error_description: 'there is nothing here' } };
    }
  }

  async #token(request: TokenRequest, query: string | undefined): Promise<TokenAnswer> {
    const { client, method, body } = request;
    if (method !== 'POST') return this.#refuse(client, 405, badRequest('use POST'), { allow: 'POST' });
    if (query !== undefined) return this.#refuse(client, 400, badRequest('give parameters in the body: addresses are written to logs'));
    if (mediaType(request.contentType) !== 'application/x-www-form-urlencoded') {
      return this.#refuse(client, 400, badRequest('the content type must be application/x-www-form-urlencoded'));
    }
    if (body === null || body === undefined || Buffer.byteLength(body) > MAX_FORM_BYTES) {
      return this.#refuse(client, 413, badRequest(`the body is longer than ${MAX_FORM_BYTES} bytes, or not utf-8`));
    }
    const answer = await this.#exchange.exchange(body);
    return answer.ok ? this.#issue(client, answer) : this.#refuse(client, STATUS[answer.error], answer);
  }

  /** INVARIANT: nobody has a token that the ledger does not know of, whatever happens to this machine. */
  async #issue(client: string, issued: Extract<ExchangeAnswer, { ok: true }>): Promise<TokenAnswer> {
    const { recorder, config, onTrouble } = this.#options;
    const { principal, agent, inputs, token, expiresInSeconds, scope } = issued;
    try {
      const event: NewLedgerEvent = {
        type: 'token.issued',
        principal,
        audience: config.audience,
        agent,
        client,
        inputs: inputs.map(({ role, issuer, principal: { tokenId, expiresAt } }) => ({
          role,
          issuer,
          ...(tokenId === undefined ? {} : { tokenId }),
          expiresAt,
        })),
      };
      await recorder.durable(recorder.before(event, []));
    } catch (error) {
      onTrouble(error as Error);
      return errorAnswer(503, 'temporarily_unavailable', 'fault', 'the ledger cannot be written, and without it no token is given');
    }
    return {
      status: 200,
      body: {
        access_token: token,
        issued_token_type: ACCESS_TOKEN,
        token_type: 'Bearer',
        expires_in: expiresInSeconds,
        ...(scope === undefined ? {} : { scope: scope.join(' ') }),
      },
    };
  }

  #refuse(client: string, status: number, refusal: Refused, headers?: TokenAnswer['headers']): TokenAnswer {
    const { error, code, message } = refusal;
    const { record, missed } = this.#meters[refusal.subject === undefined ? 'strangers' : 'known'].count();
    if (missed > 0) {
      const more = `${missed} more were refused and are not written down one by one`;
      this.#record('', { error: 'invalid_request', code: 'request', message: more });
    }
    if (record) this.#record(client, refusal);
    return { ...errorAnswer(status, error, code, message), ...(headers && { headers }) };
  }

  #record(client: string, { error, code, message, subject, actor }: Refused): void {
    const { recorder, onTrouble } = this.#options;
    recorder.after({ type: 'token.refused', client, error, code, message, ...(subject && { subject }), ...(actor && { actor }) });
    try {
      recorder.flush();
    } catch (failure) {
      onTrouble(failure as Error);
    }
  }
}

type Refused = Omit<Extract<ExchangeAnswer, { ok: false }>, 'ok'>;

const STATUS = {
  invalid_request: 400,
  invalid_scope: 400,
  invalid_target: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  temporarily_unavailable: 503,
  server_error: 500,
} as const satisfies Record<ExchangeError, number>;

function badRequest(message: string): Refused {
  return { error: 'invalid_request', code: 'request', message };
}

/** RFC 6749 section 5.2, and the code of our own. */
function errorAnswer(status: number, error: ExchangeError, code: string, description: string): TokenAnswer {
  return { status, body: { error, error_description: description, code } };
}

function forReading({ method }: TokenRequest, body: () => object): TokenAnswer {
  if (method === 'GET' || method === 'HEAD') return { status: 200, body: body(), headers: { 'cache-control': 'public, max-age=300' } };
  return { ...errorAnswer(405, 'invalid_request', 'request', 'use GET'), headers: { allow: 'GET' } };
}

function metadata(issuer: string): object {
  const base = issuer.replace(/\/$/, '');
  return {
    issuer,
    token_endpoint: `${base}/token`,
    jwks_uri: `${base}/jwks.json`,
    grant_types_supported: [TOKEN_EXCHANGE],
    response_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    token_endpoint_auth_methods_supported: ['none'],
  };
}

function mediaType(contentType: string | undefined): string | undefined {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase();
}
