import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { JWT, TOKEN_EXCHANGE } from '@sqlwarden/identity';
import { type GatewayConfig, loadConfig } from '@sqlwarden/runtime';
import { CONFIG_OPTION, DEFAULT_CONFIG, defineCommand } from '../command.js';
import { CommandFailure, EXIT, UsageError } from '../failure.js';
import { listOf } from '../lists.js';
import { oneLine, type Terminal } from '../terminal.js';
import { askExchange, type ExchangedToken, type ExchangePlace } from './exchange-client.js';

export const exchange = defineCommand({
  name: 'exchange',
  summary: "get a token that carries the chain, by a workload's own token",
  details: [
    'Shows the tokens in these files to a token exchange (RFC 8693) and writes what it gives to a file of mode 0600, at once or not at all:',
    '',
    '  sqlwarden exchange --url https://gateway:15480 --actor-token-file /var/run/secrets/tokens/sqlwarden \\',
    '    --subject-token-file ./person.jwt --output ./agent.jwt --watch',
    '',
    'A workload that acts for itself gives its own token as --subject-token-file. With --watch the token is made anew before it ends, and the',
    'files are read again each time. Where the exchange is: --url or --socket; else what the configuration says of this gateway.',
  ],
  options: {
    ...CONFIG_OPTION,
    url: { type: 'text', value: '<url>', help: "the exchange's issuer; https, or http on this machine" },
    socket: { type: 'text', value: '<path>', help: 'the unix socket of the exchange' },
    ca: { type: 'text', value: '<file>', help: "PEM of the authorities to trust with --url (default: the system's)" },
    'subject-token-file': { type: 'text', value: '<file>', help: 'the token of whom it is for' },
    'actor-token-file': { type: 'text', value: '<file>', help: 'the token of who acts' },
    groups: { type: 'text', multiple: true, value: '<a,b>', help: 'keep only these groups of the subject' },
    'training-run': { type: 'text', value: '<id>', help: 'what it is a part of, merely asserted' },
    job: { type: 'text', value: '<id>', help: 'what it is a part of, merely asserted' },
    conversation: { type: 'text', value: '<id>', help: 'what it is a part of, merely asserted' },
    output: { type: 'text', value: '<file>', help: 'where the token goes (default: standard output)' },
    watch: { type: 'flag', help: 'keep the file fresh until SIGTERM or SIGINT' },
  },
  async run({ options, out, err }) {
    const { output, watch } = options;
    if (watch && output === undefined) throw new UsageError('--watch keeps a file fresh; write --output too');
    if (options['subject-token-file'] === undefined) throw new UsageError('--subject-token-file is missing; write whose token it is');
    const place = placeOf(options);
    const ask = (): Promise<ExchangedToken> => askExchange(place, formOf(options));
    if (output === undefined) {
      out.line((await ask()).token);
      return EXIT.ok;
    }
    const first = await ask();
    replace(output, first.token);
    if (watch) await keepFresh({ ask, output, first, err });
    return EXIT.ok;
  },
});

type Text<Names extends string> = { readonly [name in Names]: string | undefined };

function placeOf({ url, socket, ca, config }: Text<'url' | 'socket' | 'ca' | 'config'>): ExchangePlace {
  if (url !== undefined && socket !== undefined) throw new UsageError('--url and --socket name two places; write one of them');
  if (socket !== undefined) return { kind: 'socket', socket, path: '/token' };
  if (url !== undefined) return { kind: 'url', url: tokenUrl(url), ca: ca === undefined ? undefined : readFileSync(ca) };
  return placeOfConfig(loadConfig(config ?? DEFAULT_CONFIG));
}

function placeOfConfig({ file, exchange: configured }: GatewayConfig): ExchangePlace {
  if (configured === undefined) throw new CommandFailure(`${file} has no token exchange; write --url or --socket, or add exchange there`);
  const { listen, issuer, tls } = configured;
  const { pathname } = tokenUrl(issuer);
  if (listen.kind === 'socket') return { kind: 'socket', socket: listen.path, path: pathname };
  if (tls !== undefined) return { kind: 'url', url: tokenUrl(issuer), ca: undefined };
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  return { kind: 'url', url: new URL(pathname, `http://${host}:${listen.port}`), ca: undefined };
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

function tokenUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(`${text.replace(/\/$/, '')}/token`) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))) return url;
  throw new UsageError('--url must be an https address, or http on this machine: others would read the tokens on the way');
}

type FormOptions = Text<'subject-token-file' | 'actor-token-file' | 'training-run' | 'job' | 'conversation'> & {
  readonly groups: readonly string[];
};

function formOf(options: FormOptions): URLSearchParams {
  const form = new URLSearchParams({ grant_type: TOKEN_EXCHANGE });
  for (const name of ['subject', 'actor'] as const) {
    const file = options[`${name}-token-file`];
    if (file === undefined) continue;
    form.set(`${name}_token`, readFileSync(file, 'utf8').trim());
    form.set(`${name}_token_type`, JWT);
  }
  const groups = listOf(options.groups);
  const said = {
    scope: groups.length === 0 ? undefined : groups.join(' '),
    training_run: options['training-run'],
    job: options.job,
    conversation: options.conversation,
  };
  for (const [name, value] of Object.entries(said)) if (value !== undefined) form.set(name, value);
  return form;
}

/** Whoever reads the file sees the old token or the new one. */
function replace(file: string, token: string): void {
  const draft = `${file}.${randomUUID()}`;
  try {
    writeFileSync(draft, `${token}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}

interface Keeping {
  readonly ask: () => Promise<ExchangedToken>;
  readonly output: string;
  readonly first: ExchangedToken;
  readonly err: Terminal;
}

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;

/** Makes the token anew when half of its life is over, and tries again and again while that fails. Resolves at a signal. */
async function keepFresh({ ask, output, first, err }: Keeping): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  let waitMs = halfOf(first);
  let retryMs = FIRST_RETRY_MS;
  while (await wait(waitMs, stop.signal)) {
    try {
      const next = await ask();
      replace(output, next.token);
      waitMs = halfOf(next);
      retryMs = FIRST_RETRY_MS;
    } catch (error) {
      // Tokens that were refused may be replaced by whoever provides them.
      err.line(
        `${err.style('yellow', 'sqlwarden:')} the token is not fresh: ${oneLine((error as Error).message, 500)}; trying again in ${retryMs / 1000} s`,
      );
      waitMs = retryMs;
      retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
    }
  }
}

function halfOf({ expiresInSeconds }: ExchangedToken): number {
  return Math.max(expiresInSeconds * 500, FIRST_RETRY_MS);
}

/** False when it was told to stop. */
function wait(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve(false);
    });
  });
}
