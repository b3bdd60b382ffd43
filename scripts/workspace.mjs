// What `npm start`, `npm test` and `npm run check` share: install and build what is not up to date, on a machine that has only Node and npm.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.join(import.meta.dirname, '..');
const stamps = path.join(root, 'node_modules', '.cache', 'sqlwarden');

/** Runs a command at the root of the repository with this process's own streams. Answers its exit status; 1 when it could not be run. */
export function run(command, args, env = {}) {
  const options = {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    shell: process.platform === 'win32' && command === 'npx',
  };
  const { status, error } = spawnSync(command, args, options);
  if (error) console.error(`cannot run ${command}: ${error.message}`);
  return status ?? 1;
}

/** Runs pnpm in the version that package.json names, through npx: nothing has to be installed globally. */
export function pnpm(...args) {
  const { packageManager } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return run('npx', ['--yes', packageManager, ...args], { npm_config_loglevel: 'error', TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' });
}

/** Installs the dependencies and builds every package, each only when something that it depends on has changed. Exits when one fails. */
export function prepare() {
  step('installing dependencies', 'installed', manifests(), [path.join('node_modules', '.modules.yaml')], () => pnpm('install'));
  const sources = [...manifests(), ...buildInputs()];
  step('building', 'built', sources, buildOutputs(), () => pnpm('exec', 'turbo', 'run', 'build', '--output-logs=errors-only'));
}

/**
 * Does `work` unless the stamp says that it was done for exactly these inputs and all its outputs are there. A source that changes while it
 * is built leaves the older digest, so it is built again; an install may itself change the lockfile, so its digest is taken afterwards.
 */
function step(what, stamp, inputs, outputs, work) {
  const file = path.join(stamps, stamp);
  const digest = digestOf(inputs);
  const done = existsSync(file) && readFileSync(file, 'utf8') === digest;
  if (done && outputs.every((output) => existsSync(path.join(root, output)))) return;
  const started = performance.now();
  console.log(`sqlwarden: ${what} …`);
  const status = work();
  if (status !== 0) {
    console.error(`sqlwarden: ${what} failed with exit status ${status}`);
    process.exit(status);
  }
  console.log(`sqlwarden: ${what} took ${((performance.now() - started) / 1000).toFixed(1)} s`);
  mkdirSync(stamps, { recursive: true });
  writeFileSync(file, stamp === 'installed' ? digestOf(manifests()) : digest);
}

function digestOf(files) {
  const hash = createHash('sha256').update(process.version);
  for (const file of files) {
    const contents = readFileSync(path.join(root, file));
    hash.update(`\0${file}\0${contents.length}\0`).update(contents);
  }
  return hash.digest('hex');
}

function members() {
  return ['packages', 'examples'].flatMap((folder) =>
    readdirSync(path.join(root, folder))
      .sort()
      .map((name) => path.join(folder, name))
      .filter((directory) => existsSync(path.join(root, directory, 'package.json'))),
  );
}

function manifests() {
  const shared = ['package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml'].filter((file) => existsSync(path.join(root, file)));
  return [...shared, ...members().map((directory) => path.join(directory, 'package.json'))];
}

function buildInputs() {
  const own = members().flatMap((directory) => {
    const folders = ['src', 'types'].filter((folder) => existsSync(path.join(root, directory, folder)));
    return [path.join(directory, 'tsconfig.json'), ...folders.flatMap((folder) => filesUnder(path.join(directory, folder)))];
  });
  const shared = ['tsconfig.base.json', 'turbo.json', path.join('scripts', 'commonjs.mjs')];
  return [...shared, ...own.filter((file) => !file.endsWith('.test.ts'))];
}

function buildOutputs() {
  return members().flatMap((directory) => {
    const { exports, main } = JSON.parse(readFileSync(path.join(root, directory, 'package.json'), 'utf8'));
    return [...(exports ? ['dist/index.js'] : ['dist/main.js']), ...(main ? [main] : [])].map((file) => path.join(directory, file));
  });
}

function filesUnder(directory) {
  const entries = readdirSync(path.join(root, directory), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => path.relative(root, path.join(entry.parentPath, entry.name))).sort();
}
