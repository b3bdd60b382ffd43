import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defineCommand } from '../command.js';
import { CommandFailure, EXIT, UsageError } from '../failure.js';
import { isStarterDatabase, STARTER_IGNORE, STARTER_POLICY, starterConfig } from '../starter-files.js';

export const init = defineCommand({
  name: 'init',
  summary: 'write a first configuration and policy',
  details: ['Writes sqlwarden.yaml, policy/main.yaml and a key for masks; touches nothing that is there already.'],
  options: {
    directory: { type: 'text', value: '<directory>', help: 'where (default: here)' },
    database: { type: 'text', value: '<system>', help: 'postgres (default), mysql (which is MariaDB too) or sqlserver' },
  },
  async run({ options, out }) {
    const { directory = '.', database = 'postgres' } = options;
    if (!isStarterDatabase(database)) throw new UsageError('--database is none that is known; write postgres, mysql or sqlserver');
    const at = (file: string): string => path.join(directory, file);
    const files = [
      { file: 'sqlwarden.yaml', contents: starterConfig(database), mode: 0o644 },
      { file: 'policy/main.yaml', contents: STARTER_POLICY, mode: 0o644 },
      { file: 'secrets/mask.key', contents: randomBytes(32), mode: 0o600 },
      { file: 'secrets/.gitignore', contents: STARTER_IGNORE, mode: 0o644 },
    ];
    const taken = files.filter(({ file }) => existsSync(at(file)));
    if (taken.length > 0) throw new CommandFailure(`${taken.map(({ file }) => at(file)).join(', ')} is there already; nothing was written`);
    for (const { file, contents, mode } of files) {
      mkdirSync(path.dirname(at(file)), { recursive: true, mode: file.startsWith('secrets/') ? 0o700 : 0o755 });
      writeFileSync(at(file), contents, { mode, flag: 'wx' });
      out.line(`wrote ${at(file)}`);
    }
    out.line();
    out.line('Next: write your server and its password into it, then run "sqlwarden check --connect" and "sqlwarden up".');
    return EXIT.ok;
  },
});
