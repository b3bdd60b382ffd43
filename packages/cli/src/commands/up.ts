import { loadConfig } from '@sqlwarden/runtime';
import { type Announcement, Fleet, type Health, type ListenAddress, openHealth, type RunningGateway, Sidecar } from '@sqlwarden/sidecar';
import { CONFIG_OPTION, DEFAULT_CONFIG, defineCommand } from '../command.js';
import { DIALECTS } from '../dialects.js';
import { durationSeconds } from '../duration.js';
import { EXIT, UsageError } from '../failure.js';
import { oneLine, type Terminal } from '../terminal.js';

/** The module of the worker processes. */
const WORKER = new URL('../worker.js', import.meta.url);

export const up = defineCommand({
  name: 'up',
  summary: 'start the gateway',
  details: [
    'Runs until SIGTERM or SIGINT; then it is not ready any more, takes no new clients, ends those that do nothing, lets open transactions',
    'finish, and closes the ledger. A second signal ends at once what is still running. Exit status 1 when the ledger could not be closed.',
    'SIGHUP has policies and other files read again; when one is wrong, nothing changes.',
    'With workers in the configuration this process accepts clients and that many others serve them.',
  ],
  options: {
    ...CONFIG_OPTION,
    'until-stdin-ends': { type: 'flag', help: 'stop too when standard input ends: for a parent process that may die' },
    health: { type: 'text', value: '<host:port>', help: 'answer GET /livez, /readyz and /metrics there (default: health.listen)' },
    drain: { type: 'text', value: '<duration>', help: 'how long transactions may go on after a signal (default: drain.timeoutMs, or 10s)' },
  },
  async run({ options, out, err }) {
    const asked = options.drain === undefined ? undefined : durationSeconds(options.drain, 'drain') * 1000;
    const probes = options.health === undefined ? undefined : hostAndPort(options.health);
    const stopped = Promise.race([nextSignal(), ...(options['until-stdin-ends'] ? [endOfInput()] : [])]);
    const onTrouble = (error: Error): void =>
      err.line(`${err.style('yellow', 'sqlwarden:')} ${oneLine(`${error.name}: ${error.message}`, 1000)}`);
    const running = await start(options.config ?? DEFAULT_CONFIG, onTrouble);
    const drainMs = asked ?? running.config.drain.timeoutMs;
    let health: Health | undefined;
    try {
      const address = probes ?? running.config.health.listen;
      health = address && (await openHealth({ ...address, onTrouble, state: () => running.health() }));
      announce(running.announcement, running.config.environment, out, err);
      process.on('SIGHUP', () => {
        running.reload().then(
          () => out.line('reloaded'),
          (error: unknown) => onTrouble(new Error(`nothing was reloaded: ${(error as Error).message}`)),
        );
      });
      out.line(`${await stopped}: draining ${countConnections(running)} for up to ${drainMs / 1000} s`);
    } finally {
      const again = nextSignal();
      await Promise.race([running.stop(drainMs), again.then(() => running.stop(0))]);
      await health?.close();
      // Listening to it keeps the process alive.
      process.stdin.destroy();
    }
    out.line('stopped');
    return EXIT.ok;
  },
});

function start(configFile: string, onTrouble: (error: Error) => void): Promise<RunningGateway> {
  return loadConfig(configFile).workers > 1
    ? Fleet.start({ configFile, workerEntry: WORKER, onTrouble })
    : Sidecar.start({ configFile, dialects: DIALECTS, onTrouble });
}

function countConnections({ connectionCount }: RunningGateway): string {
  return `${connectionCount} ${connectionCount === 1 ? 'connection' : 'connections'}`;
}

function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port <= 65_535)) throw new UsageError('--health is not an address; write host:port such as 127.0.0.1:15433');
  return { host, port };
}

function endOfInput(): Promise<'end of input'> {
  return new Promise((resolve) => {
    process.stdin.once('end', () => resolve('end of input')).once('error', () => resolve('end of input'));
    process.stdin.resume();
  });
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}

function announce(
  { listening, policy, adminSocket, exchange, workers }: Announcement,
  environment: string,
  out: Terminal,
  err: Terminal,
): void {
  for (const { upstream, reason } of policy.flatMap((found) =>
    found.unreachable === undefined ? [] : [{ ...found, reason: found.unreachable }],
  )) {
    err.line(
      `${err.style('red', 'unreachable')}  ${upstream}: its schema could not be read (${oneLine(reason, 300)}); statements are refused until it can`,
    );
  }
  for (const { upstream, rule, reason } of policy.flatMap((found) => found.inactive)) {
    err.line(`${err.style('yellow', 'INACTIVE')}  ${upstream}: ${oneLine(rule, 200)} does nothing: ${oneLine(reason, 300)}`);
  }
  for (const { upstream, address, tls } of listening) {
    out.line(`${out.style('green', 'listening')}  ${upstream} on ${describeAddress(address)}${tls ? ' with TLS' : ''}`);
  }
  if (adminSocket !== undefined) out.line(`approvers  ${adminSocket}`);
  if (exchange !== undefined) out.line(`exchange   ${describeAddress(exchange)}`);
  if (workers > 1) out.line(`workers    ${workers}`);
  out.line(`ready      environment ${environment}`);
}

function describeAddress(address: ListenAddress): string {
  if ('path' in address) return address.path;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
