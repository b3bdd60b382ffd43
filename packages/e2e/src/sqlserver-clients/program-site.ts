import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeScramVerifier } from '@sqlwarden/identity';
import { type Finding, findFreetds, type ProgramResult, runProgram } from '@sqlwarden/testkit';
import { type GatewayProcess, startGatewayProcess } from '../harness/gateway-process.js';
import { listenerCertificate, shopGateway } from './shop-gateway.js';
import type { ShopKind, ShopServer } from './shop-server.js';

/** Where a program finds a shop, and as who. */
export interface Place {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** A server with a shop, and `sqlwarden up` in front of it, for clients of every kind. */
export interface ProgramSite {
  readonly server: ShopServer;
  readonly gateway: GatewayProcess;
  /** Around the gateway. */
  readonly direct: Place;
  /** Through the gateway by a password, as somebody who reads masked; the listener also serves TLS. */
  readonly masked: Place;
  /** As somebody who reads everything. */
  readonly unmasked: Place;
  /** PEM of who vouches for the listener, as text and as a file. */
  readonly authority: string;
  readonly authorityFile: string;
  /** A new file with this text; its path. */
  file(name: string, text: string): string;
  stop(): Promise<void>;
}

const PASSWORDS = { masked: 'the password of ada', unmasked: 'the password of eve' };

export async function startProgramSite(kind: ShopKind): Promise<ProgramSite> {
  const server = await kind.start();
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-tds-programs-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  };
  const { authority, clientTls } = listenerCertificate(directory);
  const verifier = (password: string): string => makeScramVerifier(password, 4096);
  const users = file(
    'users.yaml',
    JSON.stringify({
      version: 1,
      users: [
        { user: 'ada', kind: 'person', groups: ['app'], verifier: verifier(PASSWORDS.masked) },
        { user: 'eve', kind: 'person', groups: ['app', 'privacy'], verifier: verifier(PASSWORDS.unmasked) },
      ],
    }),
  );
  const issuers = [{ name: 'dev', preset: 'dev', issuer: 'urn:sqlwarden:dev', audience: 'sqlwarden', keys: { directory: './issuer' } }];
  const gateway = await startGatewayProcess(
    shopGateway(server, { upstream: { clientTls, clients: ['password', 'token'] }, config: { identity: { issuers, users } } }),
  );
  const port = gateway.site.ports['shop'] ?? 0;
  return {
    server,
    gateway,
    direct: { port: server.port, user: server.user, password: server.password },
    masked: { port, user: 'ada', password: PASSWORDS.masked },
    unmasked: { port, user: 'eve', password: PASSWORDS.unmasked },
    authority,
    authorityFile: file('authority.pem', authority),
    file,
    async stop() {
      await gateway.stop();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** "freetds.conf": how a program of FreeTDS, or what is built on it, reaches a place. */
export interface FreetdsWay {
  readonly version?: '7.1' | '7.2' | '7.3' | '7.4';
  readonly encryption?: 'off' | 'request' | 'require';
}

/** The environment in which FreeTDS knows a place as the server `shop`. */
export function freetdsEnvironment(site: ProgramSite, place: Place, { version = '7.4', encryption = 'off' }: FreetdsWay = {}) {
  const name = `${place.port}-${version}-${encryption}.conf`;
  const how = `tds version = ${version}\nencryption = ${encryption}\nclient charset = UTF-8\n`;
  return { FREETDSCONF: site.file(name, `[global]\n${how}[shop]\nhost = 127.0.0.1\nport = ${place.port}\n`), LC_ALL: 'C.UTF-8' };
}

/** A program of FreeTDS with the options that say where and who. */
export interface FreetdsProgram {
  readonly finding: Finding;
  run(site: ProgramSite, place: Place, args: readonly string[], how?: FreetdsWay & { readonly input?: string }): Promise<ProgramResult>;
}

export function freetdsProgram(name: 'tsql' | 'bsqldb' | 'freebcp'): FreetdsProgram {
  const finding = findFreetds(name);
  return {
    finding,
    run: (site, place, args, how = {}) =>
      runProgram(finding.found ? finding.path : '', [...args, '-S', 'shop', '-U', place.user, '-P', place.password, '-D', 'shop'], {
        env: freetdsEnvironment(site, place, how),
        ...(how.input === undefined ? {} : { input: how.input }),
      }),
  };
}

/** What a program writes of what is stored, as it writes it of what the gateway shows. */
export function maskedText(text: string): string {
  return text
    .replaceAll('900-11-2222', '*******2222')
    .replaceAll('900-33-4444', '*******4444')
    .replaceAll('1200.50', '1000.00')
    .replaceAll('900.00', '0.00');
}
