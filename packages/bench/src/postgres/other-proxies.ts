import { mkdtempSync, chmodSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finding, findHaproxy, findPgbouncer, freePort } from '@sqlwarden/testkit';
import { type BenchDatabase, DATABASE, OWNER, READER } from './database.js';
import { type RunningProgram, startProgram } from './ended-by-input.js';

export interface ProxyProcess extends RunningProgram {
  readonly port: number;
}

/** Whatever a proxy of bytes stands before. */
export interface AnyDatabase {
  readonly server: { readonly port: number };
}

export async function startPipe({ server }: AnyDatabase): Promise<ProxyProcess> {
  const port = await freePort();
  const program = join(import.meta.dirname, 'pipe-process.js');
  return { port, ...(await startProgram({ command: [process.execPath, program, String(port), String(server.port)], port })) };
}

/** "pgbouncer.ini": one server connection for each client, and passwords in clear, so that the raw reader can log in too. */
export function startPgbouncer(database: BenchDatabase): Promise<ProxyProcess> {
  return startConfigured(findPgbouncer(), (port, directory) => {
    const users = join(directory, 'users.txt');
    writeFileSync(users, [OWNER, READER].map((user) => `"${user}" "${database.password}"\n`).join(''));
    const lines = [
      '[databases]',
      `${DATABASE} = host=127.0.0.1 port=${database.server.port} dbname=${DATABASE}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = plain',
      `auth_file = ${users}`,
      'pool_mode = session',
      'max_client_conn = 2000',
      'default_pool_size = 1000',
      'ignore_startup_parameters = extra_float_digits',
      'log_connections = 0',
      'log_disconnections = 0',
    ];
    const file = join(directory, 'pgbouncer.ini');
    writeFileSync(file, `${lines.join('\n')}\n`);
    // It refuses to run as root.
    return ['-q', ...(process.getuid?.() === 0 ? ['-u', 'nobody'] : []), file];
  });
}

/** "Configuration Manual": one thread, as the other proxies have. */
export function startHaproxy(database: AnyDatabase): Promise<ProxyProcess> {
  return startConfigured(findHaproxy(), (port, directory) => {
    const lines = [
      'global',
      '  nbthread 1',
      '  maxconn 4000',
      'defaults',
      '  mode tcp',
      '  timeout connect 10s',
      '  timeout client 1h',
      '  timeout server 1h',
      'listen bench',
      `  bind 127.0.0.1:${port}`,
      `  server database 127.0.0.1:${database.server.port}`,
    ];
    const file = join(directory, 'haproxy.cfg');
    writeFileSync(file, `${lines.join('\n')}\n`);
    return ['-db', '-q', '-f', file];
  });
}

async function startConfigured(finding: Finding, configure: (port: number, directory: string) => readonly string[]): Promise<ProxyProcess> {
  if (!finding.found) throw new Error(`${finding.name}: ${finding.reason}`);
  const directory = mkdtempSync(join(tmpdir(), `sqlwarden-bench-${finding.name}-`));
  // It may run as another account.
  chmodSync(directory, 0o755);
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    const port = await freePort();
    const program = await startProgram({ command: [finding.path, ...configure(port, directory)], port, guarded: true });
    return { port, pid: program.pid, stop: () => program.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}
