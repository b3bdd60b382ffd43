import type { TokenAnswer, TokenRequest } from '@sqlwarden/runtime';
import type { WorkerProcess } from './worker-process.js';

/** Has a request to the token exchange answered by a worker: each writes what it gives out to a ledger of its own. Never rejects. */
export async function forwardExchange(request: TokenRequest, workers: readonly Pick<WorkerProcess, 'ask'>[]): Promise<TokenAnswer> {
  // Asking another one after a silence could give out two tokens for one request.
  const answer = await workers[Math.floor(Math.random() * workers.length)]?.ask({ about: 'exchange', request });
  if (answer?.about === 'exchange') return answer.answer;
  const description = 'a worker of the gateway does not answer; try again, and see the log of the gateway';
  return { status: 503, body: { error: 'temporarily_unavailable', error_description: description, code: 'fault' } };
}
