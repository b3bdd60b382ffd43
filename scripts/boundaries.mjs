// The import rules of the packages, checked over each package.json and over every import specifier in the sources:
//   node scripts/boundaries.mjs [directory of the repository]
// Prints one line per violation and exits 1 when there are any.
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';

const scope = '@sqlwarden/';
const adapters = ['postgres', 'mysql', 'sqlserver'];
const drivers = ['pg', 'mysql2', 'tedious'];
const unshipped = ['testkit', 'e2e', 'bench'];
const shipped = ['core', 'identity', 'ledger', 'runtime', ...adapters, ...drivers];
shipped.push('sidecar', 'control', 'console', 'injector', 'mcp', 'cli');

/** What each package may import of ours. A package that is not listed here is a violation: decide its place first. */
const mayImport = {
  core: [],
  identity: ['core'],
  ledger: ['core'],
  postgres: ['core'],
  mysql: ['core'],
  sqlserver: ['core'],
  runtime: ['core', 'identity', 'ledger'],
  pg: ['core', 'postgres', 'runtime'],
  mysql2: ['core', 'mysql', 'runtime'],
  tedious: ['core', 'sqlserver', 'runtime'],
  sidecar: ['core', 'runtime', ...adapters],
  control: ['core', 'ledger', 'identity'],
  console: ['control'],
  injector: ['core'],
  mcp: ['core', 'runtime', ...adapters, ...drivers],
  cli: shipped.filter((name) => !drivers.includes(name) && name !== 'cli'),
  testkit: shipped,
  e2e: [...shipped, 'testkit'],
  bench: [...shipped, 'testkit'],
};

const sourceFile = /\.(?:ts|mts|cts|js|mjs|cjs)$/;
// What only tests use stands in `src/testing`, which the package's tsconfig leaves out.
const testFile = /\.test\.ts$|\/src\/testing\//;
// A specifier after `from`, `import`, `import(` or `require(`. Template literals and computed specifiers are caught by their own rule.
const specifiers = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"])([^'"\n]+)\1/g;

/**
 * Every violation of the import rules under `root`, as `<file>: <what is wrong>`, in a stable order; empty when there are none.
 * Looks at `packages/*` and `examples/*`.
 */
export function violations(root) {
  const found = [];
  for (const folder of ['packages', 'examples']) {
    const parent = path.join(root, folder);
    if (!existsSync(parent)) continue;
    for (const name of readdirSync(parent).sort()) {
      const directory = path.join(parent, name);
      if (!existsSync(path.join(directory, 'package.json'))) continue;
      const allowed = folder === 'examples' ? Object.keys(mayImport) : mayImport[name];
      const place = { root, directory, name, allowed, example: folder === 'examples' };
      if (allowed === undefined) found.push(`${folder}/${name}: no import rule for this package, add one to scripts/boundaries.mjs`);
      else found.push(...manifestViolations(place), ...sourceViolations(place));
    }
  }
  return found;
}

function manifestViolations({ root, directory, name, allowed, example }) {
  const file = path.join(directory, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  const where = path.relative(root, file);
  const found = [];
  if (!example && manifest.name !== scope + name) found.push(`${where}: the name must be ${scope}${name}`);
  if (unshipped.includes(name) !== (manifest.private === true) && !example) {
    found.push(`${where}: ${unshipped.includes(name) ? 'must be private' : 'must not be private'}`);
  }
  for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies', 'devDependencies']) {
    for (const dependency of Object.keys(manifest[kind] ?? {})) {
      const problem = dependencyProblem({ name, allowed, kind, dependency });
      if (problem !== undefined) found.push(`${where}: ${kind} ${dependency}: ${problem}`);
    }
  }
  return found;
}

function dependencyProblem({ name, allowed, kind, dependency }) {
  if (name === 'core' && kind !== 'devDependencies') return 'core has no dependencies';
  if (!dependency.startsWith(scope)) return undefined;
  const target = dependency.slice(scope.length);
  // Only tests see devDependencies, and tests may use the testkit.
  if (kind === 'devDependencies' && target === 'testkit') return undefined;
  return allowed.includes(target) ? undefined : `${name} may not depend on ${target}`;
}

function sourceViolations(place) {
  const found = [];
  const source = path.join(place.directory, 'src');
  for (const entry of existsSync(source) ? readdirSync(source, { recursive: true }).sort() : []) {
    const file = path.join(source, entry);
    if (!sourceFile.test(file)) continue;
    const text = withoutComments(readFileSync(file, 'utf8'));
    const where = path.relative(place.root, file);
    for (const match of text.matchAll(specifiers)) {
      const problem = specifierProblem({ ...place, file, specifier: match[2] });
      if (problem !== undefined) found.push(`${where}: imports ${match[2]}: ${problem}`);
    }
    if (place.name === 'core' && !testFile.test(file) && /\b(?:import|require)\s*\(\s*(?!['"])/.test(text)) {
      found.push(`${where}: core may not import a computed specifier`);
    }
  }
  return found;
}

function specifierProblem({ directory, name, allowed, file, specifier }) {
  const test = testFile.test(file);
  if (specifier.startsWith('.')) {
    const target = path.resolve(path.dirname(file), specifier);
    const inside = target === directory || target.startsWith(directory + path.sep);
    if (!inside) return 'a relative import may not leave its package';
    return !test && testFile.test(target) ? 'only tests may import what only tests use' : undefined;
  }
  if (path.isAbsolute(specifier) || specifier.startsWith('file:')) return 'absolute paths are not importable';
  if (isBuiltin(specifier)) return name === 'core' && !test ? 'core is pure: take it as a port instead' : undefined;
  if (!specifier.startsWith(scope)) return name === 'core' && !test ? 'core has no dependencies' : undefined;
  const [target, ...inner] = specifier.slice(scope.length).split('/');
  if (inner[0] === 'internal') return 'internal paths are not importable';
  if (target === name) return 'import the file instead of the package itself';
  if (test && target === 'testkit') return undefined;
  return allowed.includes(target) ? undefined : `${name} may not import ${target}`;
}

/**
 * Comments may show imports as examples. Strings are kept whole, so that `//` inside one does not hide what follows it; a block comment
 * counts only where it begins a line, so that a regular expression with `/*` in it hides nothing.
 */
function withoutComments(text) {
  const strings = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`/.source;
  const comments = /\/\/[^\n]*|(?<=^[ \t]*)\/\*[\s\S]*?\*\//.source;
  return text.replaceAll(new RegExp(`(${strings})|${comments}`, 'gm'), '$1');
}

if (process.argv[1] === import.meta.filename) {
  const found = violations(path.resolve(process.argv[2] ?? path.join(import.meta.dirname, '..')));
  for (const line of found) console.error(line);
  console.log(found.length === 0 ? 'boundaries: every import is allowed' : `boundaries: ${found.length} violations`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
