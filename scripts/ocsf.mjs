// npm run ocsf [-- --schema <checkout of ocsf/ocsf-schema> | --from <URL or path of a git repository>]
// Validates the OCSF events that are made of every type of entry against the schema that OCSF publishes, which is fetched for the run (version
// 1.9.0-dev, by its commit) and is no part of the project. Exits 1 when an event is not valid, or when the schema cannot be had.
import './node-version.mjs';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const COMMIT = 'a5cfc68e3ca6d5b4468c33f8d7ebb76da967975f';
const { values: options } = parseArgs({
  options: { schema: { type: 'string' }, from: { type: 'string', default: 'https://github.com/ocsf/ocsf-schema.git' } },
});
const scratch = mkdtempSync(path.join(tmpdir(), 'sqlwarden-ocsf-'));
try {
  process.exitCode = validate(options.schema === undefined ? fetched(options.from) : path.resolve(options.schema));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function fetched(from) {
  const directory = path.join(scratch, 'schema');
  const git = (...args) => spawnSync('git', ['-C', directory, ...args], { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  spawnSync('git', ['init', '--quiet', directory]);
  for (const args of [
    ['fetch', '--quiet', '--depth', '1', from, COMMIT],
    ['checkout', '--quiet', 'FETCH_HEAD'],
  ]) {
    const { status, stderr } = git(...args);
    if (status !== 0) console.error(stderr.trim());
    if (status !== 0) return undefined;
  }
  return directory;
}

function validate(directory) {
  if (directory === undefined || !existsSync(path.join(directory, 'dictionary.json'))) {
    console.error('ocsf: the schema cannot be had; give a checkout of github.com/ocsf/ocsf-schema: npm run ocsf -- --schema <directory>');
    return 1;
  }
  const test = path.join(import.meta.dirname, 'test.mjs');
  const env = { ...process.env, SQLWARDEN_OCSF: directory };
  return spawnSync(process.execPath, [test, '--testMatch', '**/ocsf.check.ts'], { stdio: 'inherit', env }).status ?? 1;
}
