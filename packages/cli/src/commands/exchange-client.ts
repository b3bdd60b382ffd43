import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { CommandFailure } from '../failure.js';

/** Where a token exchange answers. */
export type ExchangePlace =
  | { readonly kind: 'url'; readonly url: URL; readonly ca: Buffer | undefined }
  | { readonly kind: 'socket'; readonly socket: string; readonly path: string };

export interface ExchangedToken {
  readonly token: string;
  readonly expiresInSeconds: number;
}

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/** Sends a form to `POST /token` (RFC 8693). Rejects with a {@link CommandFailure} when it refuses, or what answers is none. */
export async function askExchange(place: ExchangePlace, form: URLSearchParams): Promise<ExchangedToken> {
  const { status, text } = await post(place, form.toString());
  const body = jsonObject(text);
  if (status === 200) {
    const { access_token: token, expires_in: expiresInSeconds } = body;
    if (typeof token === 'string' && typeof expiresInSeconds === 'number') return { token, expiresInSeconds };
  }
  const { error, error_description: description } = body;
  if (typeof error !== 'string') throw new CommandFailure(`what answers there is no token exchange (status ${status}); check the address`);
  throw new CommandFailure(`the token exchange refused: ${typeof description === 'string' ? description : error} (${error})`);
}

function post(place: ExchangePlace, body: string): Promise<{ readonly status: number; readonly text: string }> {
  const options = {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body), accept: 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  };
  return new Promise((resolve, reject) => {
    const request =
      place.kind === 'socket'
        ? httpRequest({ ...options, socketPath: place.socket, path: place.path })
        : place.url.protocol === 'https:'
          ? httpsRequest(place.url, { ...options, ...(place.ca === undefined ? {} : { ca: place.ca }) })
          : httpRequest(place.url, options);
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MAX_ANSWER_BYTES)
          response.destroy(new CommandFailure('the answer is too long for a token exchange; check the address'));
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.end(body);
  });
}

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
