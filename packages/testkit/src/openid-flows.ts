import { createHash, randomBytes } from 'node:crypto';

export const CLIENT_SECRET = 'a secret of the tests';
export const REDIRECT_URI = 'http://127.0.0.1/callback';

/** What the token endpoint answered. */
export interface OpenIdTokens {
  /** A JWT for the provider's audience (RFC 9068). */
  readonly accessToken: string;
  /** Absent when nobody logged in. */
  readonly idToken: string | undefined;
}

/** The authorization code flow with PKCE (RFC 6749 section 4.1, RFC 7636), as a tool and a person with a browser go through it. */
export async function codeLogin(issuer: string, account: string): Promise<OpenIdTokens> {
  const { authorization_endpoint, token_endpoint } = await discover(issuer);
  const verifier = randomBytes(32).toString('base64url');
  const request = new URLSearchParams({
    client_id: 'tool',
    response_type: 'code',
    scope: 'openid sql',
    redirect_uri: REDIRECT_URI,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const end = await new Browser(account).open(`${text(authorization_endpoint)}?${request.toString()}`);
  const code = new URL(end.url).searchParams.get('code');
  if (code === null) throw new Error(`the login did not end with a code but at ${end.url}`);
  const grant = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, client_id: 'tool', code_verifier: verifier };
  return tokens(await post(text(token_endpoint), grant));
}

/** The device flow (RFC 8628): the device asks, the person types the code that it shows into a browser, the device gets the token. */
export async function deviceLogin(issuer: string, account: string): Promise<OpenIdTokens> {
  const { device_authorization_endpoint, token_endpoint } = await discover(issuer);
  const asked = await post(text(device_authorization_endpoint), { client_id: 'device', scope: 'openid sql' });
  const grant = {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: text(asked['device_code']),
    client_id: 'device',
  };
  const early = await fetch(text(token_endpoint), { method: 'POST', body: new URLSearchParams(grant) });
  if (early.status !== 400) throw new Error('the device got a token before anybody logged in');
  const browser = new Browser(account);
  const input = await browser.open(text(asked['verification_uri']));
  const confirm = await browser.submit(input, { user_code: text(asked['user_code']) });
  await browser.submit(confirm, { user_code: text(asked['user_code']), confirm: 'yes' });
  return tokens(await post(text(token_endpoint), grant));
}

/** Client credentials (RFC 6749 section 4.4). */
export async function clientLogin(issuer: string, client: string): Promise<OpenIdTokens> {
  const { token_endpoint } = await discover(issuer);
  const basic = Buffer.from(`${client}:${encodeURIComponent(CLIENT_SECRET)}`).toString('base64');
  return tokens(await post(text(token_endpoint), { grant_type: 'client_credentials', scope: 'sql' }, { authorization: `Basic ${basic}` }));
}

type Fields = Readonly<Record<string, unknown>>;

async function discover(issuer: string): Promise<Fields> {
  return (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Fields;
}

async function post(url: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Fields> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form), headers });
  const answer = (await response.json()) as Fields;
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${JSON.stringify(answer)}`);
  return answer;
}

function tokens({ access_token, id_token }: Fields): OpenIdTokens {
  return { accessToken: text(access_token), idToken: id_token === undefined ? undefined : text(id_token) };
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error('the provider left out what it must say');
  return value;
}

interface Page {
  readonly url: string;
  readonly html: string;
}

const MAX_PAGES = 20;

/** As much of a browser as logging in needs: cookies, redirects, forms. It logs in wherever it is asked who it is. */
class Browser {
  readonly #account: string;
  readonly #cookies = new Map<string, string>();
  #pages = 0;

  constructor(account: string) {
    this.#account = account;
  }

  async open(url: string, form?: Record<string, string>): Promise<Page> {
    if (url.startsWith(REDIRECT_URI)) return { url, html: '' };
    this.#pages += 1;
    if (this.#pages > MAX_PAGES) throw new Error(`the login goes round in circles at ${url}`);
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    this.#keepCookies(response);
    const location = response.headers.get('location');
    if (location !== null) return this.open(new URL(location, url).href);
    const html = await response.text();
    if (!response.ok) throw new Error(`${url} answered ${response.status}: ${html}`);
    if (form === undefined && new URL(url).pathname.startsWith('/interaction/')) return this.open(url, { account: this.#account });
    return { url, html };
  }

  /** Sends the form of a page, with its hidden token. */
  submit({ html }: Page, fields: Record<string, string>): Promise<Page> {
    const action = /action="([^"]+)"/.exec(html)?.[1];
    const token = /name="xsrf" value="([^"]+)"/.exec(html)?.[1];
    if (action === undefined || token === undefined) throw new Error('the page has no form');
    return this.open(action, { ...fields, xsrf: token });
  }

  #keepCookies(response: Response): void {
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';');
      const equals = pair.indexOf('=');
      const [name, value] = [pair.slice(0, equals), pair.slice(equals + 1)];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}
