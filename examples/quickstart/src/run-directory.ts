import { randomBytes } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AUDIENCE, ISSUER, issueTokens, type Tokens } from './cast.js';
import { COMMAND } from './command.js';
import type { SystemName } from './system.js';

/** Where everything of one run is: configuration, policy, keys, tokens, ledger. Only its owner may enter. */
export interface RunDirectory {
  readonly path: string;
  readonly tokens: Tokens;
}

export interface Ports {
  readonly listen: number;
  readonly database: number;
}

export function prepareRunDirectory(database: SystemName, ports: Ports, password: string): RunDirectory {
  const directory = mkdtempSync(path.join(tmpdir(), 'sqlwarden-quickstart-'));
  const at = (file: string): string => path.join(directory, file);
  for (const folder of ['policy', 'secrets']) mkdirSync(at(folder), { mode: 0o700 });
  copyFileSync(fileURLToPath(new URL('../policy/crm.yaml', import.meta.url)), at('policy/crm.yaml'));
  writeFileSync(at('secrets/crm'), `${password}\n`, { mode: 0o600 });
  writeFileSync(at('secrets/mask.key'), randomBytes(32), { mode: 0o600 });
  writeFileSync(at('sqlwarden.yaml'), configuration(database, ports));
  // The command under its own name, for whoever wants to look around: ./sqlwarden pending
  writeFileSync(at('sqlwarden'), `#!/bin/sh\nexec '${process.execPath}' '${COMMAND}' "$@"\n`);
  chmodSync(at('sqlwarden'), 0o755);
  return { path: directory, tokens: issueTokens(at('tokens'), at('secrets/dev')) };
}

function configuration(system: SystemName, { listen, database }: Ports): string {
  return `# The gateway of the quickstart. Paths are relative to this file.
version: 1

# Rules may ask for it. A real production uses a real identity provider: here the development issuer is let in on purpose.
environment: production

upstreams:
  - name: crm
    database: ${system}
    listen: 127.0.0.1:${listen}
    server: { host: 127.0.0.1, port: ${database}, database: crm, tls: disable }
    credentials: { user: gateway, passwordFile: ./secrets/crm }

identity:
  issuers:
    - name: dev
      preset: dev
      issuer: ${ISSUER}
      audience: ${AUDIENCE}
      keys: { directory: ./secrets/dev }
      allowInProduction: true

policy: [./policy/*.yaml]
ledger: { directory: ./ledger, origin: example.com/quickstart }
masking: { keyFile: ./secrets/mask.key }
admin: { socket: ./run/sqlwarden.sock }
`;
}
