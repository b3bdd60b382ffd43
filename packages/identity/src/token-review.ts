import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { Claims } from './claims.js';
import { IdentityError, TokenRefused } from './errors.js';
import type { Issuer } from './issuer.js';
import type { TokenReviewOptions } from './issuer-options.js';
import type { KeyPorts } from './open-keys.js';
import { isJsonObject, parseStrictJson } from './strict-json.js';

const PATH = '/apis/authentication.k8s.io/v1/tokenreviews';
const API_VERSION = 'authentication.k8s.io/v1';
const POD_UID = 'authentication.kubernetes.io/pod-uid';
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 256 * 1024;
const MAX_ANSWERS = 1_024;
const DEFAULT_CACHE_MS = 10_000;

interface Answer {
  readonly until: number;
  readonly status: Promise<Claims>;
}

/**
 * Asks a cluster about tokens of its service accounts (Kubernetes API reference, "TokenReview", authentication.k8s.io/v1), which knows of
 * pods and service accounts that are gone. Answers are kept by the token's digest for a short while; askers for one token share one request.
 */
export class TokenReview {
  readonly #options: TokenReviewOptions;
  readonly #issuer: Issuer;
  readonly #clock: () => number;
  readonly #report: (problem: Error) => void;
  readonly #answers = new Map<string, Answer>();

  constructor(options: TokenReviewOptions, issuer: Issuer, { clock, report }: Pick<KeyPorts, 'clock' | 'report'>) {
    this.#options = options;
    this.#issuer = issuer;
    this.#clock = clock;
    this.#report = report;
  }

  /**
   * Resolves when the cluster says that the token is good, for one of our audiences, and of the service account and pod in its claims.
   *
   * @param expiresAt milliseconds since the epoch
   * @throws TokenRefused `not-confirmed`, or `keys-unavailable` when the cluster cannot be asked
   */
  async confirm(token: string, claims: Claims, expiresAt: number): Promise<void> {
    let status;
    try {
      status = await this.#statusOf(token, expiresAt);
    } catch (cause) {
      this.#report(new IdentityError('keys', `issuer ${this.#issuer.name}: the cluster cannot be asked about tokens`, { cause }));
      throw new TokenRefused('keys-unavailable', `the cluster of ${this.#issuer.name} cannot be asked at the moment`);
    }
    if (!isConfirmed(status, claims, this.#issuer)) {
      throw new TokenRefused('not-confirmed', `the cluster of ${this.#issuer.name} does not vouch for the token`);
    }
  }

  #statusOf(token: string, expiresAt: number): Promise<Claims> {
    const key = createHash('sha256').update(token).digest('base64url');
    const kept = this.#answers.get(key);
    if (kept !== undefined && this.#clock() < kept.until) return kept.status;
    const answer = {
      until: Math.min(this.#clock() + (this.#options.cacheMs ?? DEFAULT_CACHE_MS), expiresAt),
      status: this.#ask(token),
    };
    this.#keep(key, answer);
    return answer.status;
  }

  #keep(key: string, answer: Answer): void {
    this.#answers.delete(key);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size >= MAX_ANSWERS && oldest !== undefined) this.#answers.delete(oldest);
    this.#answers.set(key, answer);
    // What could not be asked is asked again by whoever comes next.
    answer.status.catch(() => {
      if (this.#answers.get(key) === answer) this.#answers.delete(key);
    });
  }

  async #ask(token: string): Promise<Claims> {
    const { url, tokenFile, caFile } = this.#options;
    const own = (await readFile(tokenFile, 'utf8')).trim();
    const ca = caFile === undefined ? undefined : await readFile(caFile);
    const review = { apiVersion: API_VERSION, kind: 'TokenReview', spec: { token, audiences: this.#issuer.audiences } };
    const answer = parseStrictJson(await post(new URL(PATH, url), JSON.stringify(review), own, ca));
    const fields = new Claims(isJsonObject(answer) ? answer : {});
    if (fields.get('apiVersion') !== API_VERSION || fields.get('kind') !== 'TokenReview')
      throw new Error('the answer is not a TokenReview');
    return fields.object('status') ?? new Claims({});
  }
}

/** A server that knows nothing of audiences leaves them out, and has checked none. */
function isConfirmed(status: Claims, claims: Claims, { audiences }: Issuer): boolean {
  if (status.get('authenticated') !== true || status.has('error')) return false;
  if (status.ids('audiences')?.some((audience) => audiences.includes(audience)) !== true) return false;
  const bound = (...path: string[]) => claims.requiredId(['kubernetes.io', ...path]);
  const name = `system:serviceaccount:${bound('namespace')}:${bound('serviceaccount', 'name')}`;
  if (status.get(['user', 'username']) !== name || status.get(['user', 'uid']) !== bound('serviceaccount', 'uid')) return false;
  const pods = status.ids(['user', 'extra', POD_UID]);
  return pods === undefined || pods.every((pod) => pod === claims.get(['kubernetes.io', 'pod', 'uid']));
}

/** Status 200 or 201, at most 256 KiB, within 5 s; redirects are not followed. */
function post(url: URL, body: string, token: string, ca: Buffer | undefined): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json' };
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', headers, signal: AbortSignal.timeout(TIMEOUT_MS), agent: false, ...(ca && { ca }) });
    asked.once('error', reject);
    asked.once('response', (response) => {
      if (response.statusCode !== 200 && response.statusCode !== 201) {
        response.destroy();
        reject(new Error(`the cluster answered with status ${String(response.statusCode)}`));
        return;
      }
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > MAX_BYTES) response.destroy(new Error(`the cluster answered with more than ${MAX_BYTES} bytes`));
      });
      response.once('error', reject);
      response.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    });
    asked.end(body);
  });
}
