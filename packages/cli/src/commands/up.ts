import { postgresDialect } from '@sqlwarden/postgres';
import { type Announcement, type Health, type ListenAddress, openHealth, Sidecar } from '@sqlwarden/sidecar';
import { CONFIG_OPTION, DEFAULT_CONFIG, defineCommand } from '../command.js';
import { durationSeconds } from '../duration.js';
import { EXIT, UsageError } from '../failure.js';
import { oneLine, type Terminal } from '../terminal.js';

export const up = defineCommand({
  name: 'up',
  summary: 'start the gateway',
  details: [
    'Runs until SIGTERM or SIGINT; then takes no new clients, lets those that are there finish, and closes the ledger. A second',
    'signal ends at once what is still running.',
  ],
  options: {
    ...CONFIG_OPTION,
    'until-stdin-ends': { type: 'flag', help: 'stop too when standard input ends: for a parent process that may die' },
    health: { type: 'text', value: '<host:port>', help: 'answer GET /livez and /readyz there' },
    drain: { type: 'text', value: '<duration>', help: 'how long clients may go on after a signal (default 10s)' },
  },
  async run({ options, out, err }) {
    const drainMs = durationSeconds(options.drain ?? '10s', 'drain') * 1000;
    const probes = options.health === undefined ? undefined : hostAndPort(options.health);
    const stopped = Promise.race([nextSignal(), ...(options['until-stdin-ends'] ? [endOfInput()] : [])]);
    const onTrouble = (error: Error): void =>
      err.line(`${err.style('yellow', 'sqlwarden:')} ${oneLine(`${error.name}: ${error.message}`, 1000)}`);
    const sidecar = await Sidecar.start({ configFile: options.config ?? DEFAULT_CONFIG, dialects: [postgresDialect], onTrouble });
    let ready = true;
    let health: Health | undefined;
    try {
      health =
        probes &&
        (await openHealth({
          ...probes,
          onTrouble,
          state: () => ({ ready, connections: sidecar.gateway.connectionCount, decisions: sidecar.gateway.decisionCounts }),
        }));
      announce(sidecar.announcement, sidecar.gateway.config.environment, out, err);
      out.line(`${await stopped}: draining ${countConnections(sidecar)} for up to ${drainMs / 1000} s`);
    } finally {
      ready = false;
      const again = nextSignal();
      await Promise.race([sidecar.stop(drainMs), again.then(() => sidecar.stop(0))]);
      await health?.close();
      // Listening to it keeps the process alive.
      process.stdin.destroy();
    }
    out.line('stopped');
    return EXIT.ok;
  },
});

function countConnections({ gateway: { connectionCount } }: Sidecar): string {
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

function announce({ listening, policy, adminSocket }: Announcement, environment: string, out: Terminal, err: Terminal): void {
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
  out.line(`ready      environment ${environment}`);
}

function describeAddress(address: ListenAddress): string {
  if ('path' in address) return address.path;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
